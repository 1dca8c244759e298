from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.enums import Channel
from incidents.forms.base import CalmForm, MomentField
from incidents.forms.meanwhile import WholeForm


class NextReportForm(CalmForm):
    """The part that every report shares: when the other side hears again (F3)."""

    beside: ClassVar[dict[str, str]] = {"no_next_report": "next_at", "promise_in_past": "next_at"}
    next_at = MomentField(
        label=_("次の報告はいつですか"),
        required=False,
        help_text=_("わかっていることが増えていなくても、この時刻に連絡します。時刻が近づくとお知らせします。"),
    )
    no_next = forms.CharField(
        label=_("次の報告がいらない理由"), required=False, max_length=300, help_text=_("いらないときだけ書きます。")
    )

    def clean(self) -> dict[str, Any]:
        """A reason beside a time says two things: the time is filled in already, and one of the two would be lost."""
        cleaned = super().clean()
        if cleaned.get("next_at") and cleaned.get("no_next", "").strip():
            self.add_error(
                "no_next",
                _("次の報告の時刻も入っています。いらないときは時刻を消し、報告するときはこの理由を消してください。"),
            )
        return cleaned


class ReportAgainForm(NextReportForm):
    beside = {**NextReportForm.beside, "report_in_future": "reported_at", "report_before_notice": "reported_at"}
    channel = forms.ChoiceField(label=_("どうやって伝えましたか"), choices=Channel.choices, widget=forms.RadioSelect)
    reported_at = MomentField(label=_("いつ伝えましたか"))
    note = forms.CharField(
        label=_("伝えたこと"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("前回から変わったこと、影響の範囲、残っていること。"),
    )
    field_order = ("channel", "reported_at", "note", "next_at", "no_next")

    def __init__(self, *args: Any, follows: bool = True, **kwargs: Any):
        """follows: another report is to come by itself; else its time is asked for only where one was promised."""
        super().__init__(*args, **kwargs)
        if not follows:
            del self.fields["no_next"]
            self.fields["next_at"].help_text = _(
                "もう一度の報告を約束したときだけ書きます。時刻が近づくとお知らせします。"
            )
        if not self.is_bound:
            self.initial.setdefault("reported_at", timezone.localtime().strftime("%Y-%m-%dT%H:%M"))
            self.initial.setdefault("channel", Channel.PHONE)


class PromiseForm(CalmForm):
    beside: ClassVar[dict[str, str]] = {"promise_in_past": "due_at"}
    text = forms.CharField(
        label=_("何を約束しましたか"), max_length=300, help_text=_("例: 折り返しのお電話、返金の手続き、差し替えの送付")
    )
    due_at = MomentField(label=_("いつまでですか"))
    to_whom = forms.CharField(label=_("だれとの約束ですか"), required=False, max_length=160)
    owner = forms.ModelChoiceField(label=_("担当"), queryset=None, required=False, empty_label=_("記録の担当"))

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people


class KeepForm(CalmForm):
    note = forms.CharField(
        label=_("ひとこと"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class MovePromiseForm(WholeForm):
    beside: ClassVar[dict[str, str]] = {"promise_in_past": "due_at", "same_time": "due_at", "not_told": "told"}
    writes = ("due_at",)
    due_at = MomentField(label=_("新しい時刻"))
    reason = forms.CharField(label=_("動かす理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))
    told = forms.BooleanField(label=_("新しい時刻を、相手に伝えました"), required=False)


class PromiseOwnerForm(WholeForm):
    beside: ClassVar[dict[str, str]] = {"same_owner": "owner"}
    writes = ("owner",)
    owner = forms.ModelChoiceField(label=_("新しい担当"), queryset=None)

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people
