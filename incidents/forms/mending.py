from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm, DayField, MinutesField


class MendingForm(CalmForm):
    """Work on the mending: whose, what, on which day, and how long it took where that is known (A-3)."""

    beside: ClassVar[dict[str, str]] = {
        "minutes_of_a_day": "minutes",
        "mended_in_future": "done_on",
        "mended_before_notice": "done_on",
        "not_in_team": "person",
        "not_reader": "person",
    }
    person = forms.ModelChoiceField(label=_("継いだ人"), queryset=None, empty_label=None)
    what = forms.CharField(
        label=_("したこと"),
        max_length=300,
        help_text=_("例: 正しい見積書を作り直し、お客様あてに送った"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    done_on = DayField(label=_("いつ"))
    minutes = MinutesField(
        label=_("かかった時間"),
        required=False,
        help_text=_("例: 90、1時間30分、1.5時間。わからなければ空で大丈夫です。記録には、全員の合計だけが出ます。"),
    )

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = people
        if not self.is_bound:
            self.initial.setdefault("done_on", timezone.localdate())


class WithdrawMendingForm(CalmForm):
    beside: ClassVar[dict[str, str]] = {"no_reason": "reason"}
    reason = forms.CharField(label=_("取り下げる理由"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
