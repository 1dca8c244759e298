from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm


class JottingForm(CalmForm):
    text = forms.CharField(
        label=_("まず一言"),
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("あなただけに見えます。あとで記録にするか、手放すかを決められます。"),
    )
