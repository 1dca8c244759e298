from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm


class RecurrenceForm(CalmForm):
    original = forms.CharField(
        label=_("どの記録の再発ですか"),
        max_length=12,
        help_text=_("例: K-12"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_original(self) -> str:
        return self.cleaned_data["original"].strip().upper()


class UnlinkForm(CalmForm):
    reason = forms.CharField(label=_("外す理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))
