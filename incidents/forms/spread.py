from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.enums import SpreadReply
from incidents.forms.base import CalmForm, DayField, SeveralField


class SpreadForm(CalmForm):
    """What the other teams will read is written here anew; nothing is taken over from the record."""

    beside: ClassVar[dict[str, str]] = {"due_in_past": "due_on"}
    teams = SeveralField(label=_("どのチームに尋ねますか"), queryset=None)
    title = forms.CharField(
        label=_("何を尋ねますか"),
        max_length=200,
        help_text=_("例: 宛先を候補から手で選んで送る作業が、ほかにもありますか"),
    )
    body = forms.CharField(
        label=_("くわしく"),
        required=False,
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "相手のチームに見えるのは、ここに書いたことと、チームの名前と、期限だけです。お客様のお名前は書かないでください。"
        ),
    )
    due_on = DayField(label=_("いつまでに"))

    def __init__(self, *args: Any, teams: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["teams"].queryset = teams


class AnswerForm(CalmForm):
    """people: who of the asked team can act."""

    beside: ClassVar[dict[str, str]] = {
        "no_note": "note",
        "no_owner": "owner",
        "not_in_team": "owner",
        "no_due": "due_on",
        "due_in_past": "due_on",
    }
    reply = forms.ChoiceField(
        label=_("自分のチームではどうですか"),
        choices=[
            (SpreadReply.NOT_APPLICABLE, _("該当なし（同じ作業がない）")),
            (SpreadReply.COVERED, _("対策済み（すでに防いでいる）")),
            (SpreadReply.ACTION, _("要対応（これから取り組む）")),
        ],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("ひとこと"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("「対策済み」「要対応」のときは、どう防いでいるか、何に取り組むかを一行書きます。"),
    )
    owner = forms.ModelChoiceField(
        label=_("だれが取り組みますか"),
        queryset=None,
        required=False,
        empty_label=_("まだ決めない"),
        help_text=_("「要対応」のときに選びます。お知らせはこの方に届きます。"),
    )
    due_on = DayField(label=_("いつまでに取り組みますか"), required=False, help_text=_("「要対応」のときに入れます。"))

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people


class SpreadDoneForm(CalmForm):
    beside: ClassVar[dict[str, str]] = {"no_note": "note"}
    note = forms.CharField(
        label=_("何をしましたか"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("尋ねたチームの記録に残ります。例: 候補の一覧をやめ、番号で選ぶ画面に変えました。"),
    )
