from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm, ReferenceField


class RecurrenceForm(CalmForm):
    original = ReferenceField(label=_("どの記録の再発ですか"), help_text=_("例: K-12"))


class UnlinkForm(CalmForm):
    reason = forms.CharField(label=_("外す理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))
