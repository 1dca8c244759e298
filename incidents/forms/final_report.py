from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.enums import Channel
from incidents.forms.base import CalmForm, DayField, MomentField
from incidents.forms.meanwhile import WholeForm


class FinalReportForm(CalmForm):
    """最終報告: when, how, and in a line or two what was told."""

    beside: ClassVar[dict[str, str]] = {
        "report_in_future": "reported_at",
        "final_before_first": "reported_at",
        "empty": "note",
    }
    channel = forms.ChoiceField(label=_("どうやって伝えましたか"), choices=Channel.choices, widget=forms.RadioSelect)
    reported_at = MomentField(label=_("いつ伝えましたか"))
    note = forms.CharField(
        label=_("伝えたこと"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("なぜ起きたか、どう変えるか、効果をいつ知らせるか。一行で十分です。"),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial.setdefault("reported_at", timezone.localtime().strftime("%Y-%m-%dT%H:%M"))
            self.initial.setdefault("channel", Channel.MAIL)


class FinalReportDayForm(WholeForm):
    """The day that was agreed with the other side."""

    beside: ClassVar[dict[str, str]] = {
        "due_in_past": "due_on",
        "same_day": "due_on",
        "no_reason": "reason",
        "not_told": "told",
    }
    writes = ("due_on",)
    due_on = DayField(label=_("相手と決めた日"))
    reason = forms.CharField(label=_("この日にした理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))
    told = forms.BooleanField(label=_("この日を、相手に伝えました"), required=False)
