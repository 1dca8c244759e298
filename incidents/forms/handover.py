from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm


class HandOverAllForm(CalmForm):
    """Who takes over what was chosen in a list, and why. people: who may work in the team."""

    owner = forms.ModelChoiceField(label=_("新しい担当"), queryset=None)
    reason = forms.CharField(
        label=_("理由"), max_length=300, help_text=_("それぞれの経緯と、新しい担当の方への手紙に残ります。")
    )

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people
