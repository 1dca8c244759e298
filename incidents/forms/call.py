from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.forms.base import CalmForm, MomentField


class CallForm(CalmForm):
    """電話メモ: who, when, what was said, what they ask for, the time that was promised (A-22).

    Nothing asks how angry somebody was: what can be answered is what they said and what they want.
    """

    beside: ClassVar[dict[str, str]] = {
        "nothing_said": "said",
        "call_in_future": "called_at",
        "report_in_future": "called_at",
        "report_before_notice": "called_at",
        "already_reported": "is_first_report",
        "no_next_report": "promised_at",
        "promise_in_past": "promised_at",
        "promise_without_time": "promised_at",
    }
    with_whom = forms.CharField(
        label=_("お相手"), max_length=160, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    called_at = MomentField(label=_("いつのお電話ですか"))
    said = forms.CharField(
        label=_("事実（伺ったこと）"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "autofocus": True}),
        help_text=_("何が、いつ、いくつ。例: 今朝、別の会社あての見積書が1通届いた"),
    )
    asks = forms.CharField(
        label=_("ご要望"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("例: 今日中に正しい見積書がほしい。なければ空のままにします。"),
    )
    promised_at = MomentField(
        label=pgettext_lazy("call", "約束した時刻"),
        required=False,
        help_text=_("この時刻の15分前から、守るまでお知らせします。"),
    )
    promised_what = forms.CharField(
        label=_("約束したこと"),
        required=False,
        max_length=300,
        help_text=_("空なら「折り返しのお電話」、一次報告のときは「続報」とします。"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    is_first_report = forms.BooleanField(
        label=_("この電話で一次報告をしました"),
        required=False,
        help_text=_("一次報告の時計が止まります。約束した時刻が、次の報告の時刻になります。"),
    )

    def __init__(self, *args: Any, running: bool, **kwargs: Any):
        """running: the clock of the first report runs, so that the call may have been the report."""
        super().__init__(*args, **kwargs)
        if not running:
            del self.fields["is_first_report"]
        if not self.is_bound:
            self.initial.setdefault("called_at", timezone.localtime().strftime("%Y-%m-%dT%H:%M"))
