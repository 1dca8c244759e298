from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm


class SavedViewForm(CalmForm):
    """A name for a list's conditions; leads may share it with a team of theirs."""

    name = forms.CharField(label=_("名前"), max_length=60, help_text=_("例: 今週が期限の請求"))
    is_default = forms.BooleanField(label=_("この一覧を、いつもこの見方で開く"), required=False)
    team = forms.ModelChoiceField(
        label=_("いっしょに使うチーム"),
        queryset=None,
        required=False,
        empty_label=_("自分だけ"),
        help_text=_("チームの全員の一覧に、この見方が並びます。見える記録は、それぞれの人が読めるものだけです。"),
    )

    def __init__(self, *args: Any, teams: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams
        if not teams:
            del self.fields["team"]
