from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.enums import LIGHTER_KINDS, Category, Channel, IncidentKind, NoticedBy, Severity, Stage
from incidents.forms.base import CalmForm, MomentField, ReferenceField, SeveralField, TextField
from incidents.forms.meanwhile import MeanwhileForm
from incidents.forms.paste import MOST
from incidents.forms.promise import NextReportForm
from incidents.rules import EFFECTS, suggest_severity

# Earlier records that read alike are asked for while somebody types; what they chose stays with the form.
OFFER = {
    "hx-post": reverse_lazy("similar"),
    "hx-trigger": "input changed delay:600ms",
    "hx-target": "#similar",
    "hx-swap": "innerHTML",
    "hx-sync": "this:replace",
    "hx-select": "unset",  # the form around it takes a part out of its own answer
    "hx-encoding": "multipart/form-data",
}
_AGAIN = re.compile(r"(recurrence|same):(K-[1-9][0-9]{0,8})\Z")


def read_again(text: str) -> tuple[str, str]:
    """("recurrence" or "same", reference) out of the choice beside a similar record; ("", "") for none."""
    found = _AGAIN.match(text)
    return (found[1], found[2]) if found else ("", "")


TWO_FIELDS = {
    IncidentKind.NEAR_MISS: (
        _("何が起きかけましたか"),
        _("例: 振込先を一行ずらして貼るところだった。気づいたところまでで大丈夫です。"),
    ),
    IncidentKind.CONCERN: (
        _("何が気になりますか"),
        _("例: 今の締め日の流れには、無理がある気がする。まだ何も起きていなくて大丈夫です。"),
    ),
}


class ReportForm(CalmForm):
    """The three fields, and the team where somebody has more than one.

    A near miss and a concern ask for two (C2): nobody outside waits. What somebody has typed there is never taken away.
    """

    beside = {"noticed_in_future": "noticed_at", "no_lead_reader": "readers", "not_in_team": "readers"}
    title = forms.CharField(
        label=_("何が起きましたか"),
        max_length=200,
        help_text=_("例: 請求書を別のお客様へ送ってしまった。わかっていることだけで大丈夫です。"),
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    noticed_at = MomentField(label=_("いつ気づきましたか"))
    who_waits = forms.CharField(
        label=_("だれが待っていますか"),
        required=False,
        max_length=160,
        help_text=_("お客様や取引先の名前。いなければ空のままにします。"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        label=_("種類"),
        choices=IncidentKind.choices,
        initial=IncidentKind.INCIDENT,
        widget=forms.RadioSelect,
        required=False,
    )
    pasted = TextField(
        label=_("チャットやメールの貼り付け"),
        original=True,
        required=False,
        max_length=MOST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("そのまま貼れます。原文は書きかえず、残ります。経緯に入れる行は、あとで選べます。"),
    )
    restricted = forms.BooleanField(
        label=_("この記録は、名前を挙げた人だけが読めるようにする"),
        required=False,
        help_text=_("記録した瞬間から、ほかの方には、この記録があることも見えません。"),
    )
    readers = SeveralField(
        label=_("読む人"),
        queryset=None,
        required=False,
        help_text=_("記録する方は、選ばなくても読めます。リーダーが一人は要ります。選ぶと、上の印がなくても限ります。"),
    )
    again = forms.CharField(required=False, max_length=30, widget=forms.HiddenInput)
    team = forms.ModelChoiceField(label=_("チーム"), queryset=None, to_field_name="slug", empty_label=None)
    jotting = forms.CharField(widget=forms.HiddenInput, required=False, max_length=20)

    def __init__(self, *args: Any, teams: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["readers"].queryset = people
        kind = self["kind"].value()
        self.lighter = kind in TWO_FIELDS and not self["who_waits"].value()
        if self.lighter:
            self.fields["title"].label, self.fields["title"].help_text = TWO_FIELDS[kind]
            del self.fields["who_waits"]
        self.fields["team"].queryset = teams
        if len(teams) == 1:
            self.fields["team"].widget = forms.HiddenInput()
            self.fields["team"].initial = teams[0].slug
        if not self.is_bound:
            self.initial.setdefault("noticed_at", timezone.localtime().strftime("%Y-%m-%dT%H:%M"))

        for name in ("title", "pasted"):
            self.fields[name].widget.attrs |= OFFER

    def clean_again(self) -> tuple[str, str]:
        return read_again(self.cleaned_data["again"])

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or IncidentKind.INCIDENT

    def clean(self) -> dict[str, Any]:
        """Who names readers means them, also with the tick forgotten: a slip must not show the record to everybody."""
        cleaned = super().clean()
        cleaned["restricted"] = bool(cleaned.get("restricted") or cleaned.get("readers"))
        return cleaned


class EditForm(MeanwhileForm):
    """What may be known only later."""

    beside = {
        "noticed_in_future": "noticed_at",
        "report_before_notice": "noticed_at",
        "occurred_in_future": "occurred_at",
        "recognised_in_future": "recognised_at",
        "recognised_before_event": "recognised_at",
        "nobody_waits": "another_waits",
        "no_effects": "severity",
        "severity_differs": "severity_reason",
        "severity_change_needs_reason": "severity_reason",
    }
    title = forms.CharField(label=_("何が起きたか"), max_length=200)
    kind = forms.ChoiceField(
        label=_("種類"),
        choices=IncidentKind.choices,
        required=False,
        help_text=_("ヒヤリハットと違和感では、一次報告の時計は動きません。影響の印がなければ、重大度は S4 です。"),
    )
    effects = forms.MultipleChoiceField(
        label=_("どこまで影響しましたか"),
        required=False,
        choices=[(code, label) for code, _severity, label in EFFECTS],
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "当てはまるものに印をつけると、いちばん重いものから重大度が決まります。だれのせいかは関係ありません。"
        ),
    )
    severity = forms.ChoiceField(
        label=_("重大度"),
        choices=[("", _("影響から決める")), *Severity.choices],
        required=False,
    )
    severity_reason = forms.CharField(
        label=_("重大度の理由"),
        max_length=300,
        required=False,
        help_text=_("重大度を変えるときと、影響の答えと違う重大度にするときに書きます。"),
    )
    category = forms.ChoiceField(label=_("分類"), choices=[("", _("まだ決めない")), *Category.choices], required=False)
    counterparty = forms.CharField(label=_("相手"), max_length=160, required=False)
    who_waits = forms.CharField(label=_("待っている人"), max_length=160, required=False)
    another_waits = forms.BooleanField(
        label=_("前とは別の方が待っている"),
        required=False,
        help_text=_("印をつけると、一次報告の時計がいまからまた動きます。名前の書き直しだけなら、印は要りません。"),
    )
    process = forms.CharField(label=_("業務"), max_length=120, required=False)
    occurred_at = MomentField(label=_("起きた時刻"), required=False)
    noticed_at = MomentField(label=_("気づいた時刻"))
    recognised_at = MomentField(label=_("組織として知った時刻"), required=False)
    noticed_by = forms.ChoiceField(
        label=_("だれが気づきましたか"), choices=[("", _("まだ決めない")), *NoticedBy.choices], required=False
    )
    owner = forms.ModelChoiceField(label=_("担当"), queryset=None, required=False, empty_label=_("まだ決めない"))
    backup = forms.ModelChoiceField(label=_("代わりの人"), queryset=None, required=False, empty_label=_("決めない"))
    body = TextField(
        label=_("くわしく"),
        original=True,
        max_length=50_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def __init__(self, *args: Any, people: Any, waived: bool = False, **kwargs: Any):
        """waived: the first report was said not to be needed; the form then asks whether somebody else waits now."""
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = self.fields["backup"].queryset = people
        self._again = {"people": people, "waived": waived}
        if not waived:
            del self.fields["another_waits"]

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or self.initial.get("kind") or IncidentKind.INCIDENT

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        occurred, noticed = cleaned.get("occurred_at"), cleaned.get("noticed_at")
        if occurred and noticed and occurred > noticed:
            self.add_error("occurred_at", _("起きた時刻が、気づいた時刻より後になっています。"))
        if cleaned.get("backup") and cleaned.get("backup") == cleaned.get("owner"):
            self.add_error("backup", _("担当とは別の方を選んでください。"))
        lighter = cleaned.get("kind") in LIGHTER_KINDS
        self.beside = {**self.beside, "clock_runs": "kind" if lighter else "who_waits"}
        self._ask_about_heavier(cleaned)
        return cleaned

    def _ask_about_heavier(self, cleaned: dict[str, Any]) -> None:
        """A heavier effect beside a severity that nobody touched: the field goes to 影響から決める, and is asked about.

        Without this the severity would stay as it was, and the reason meant for its change would speak for that (B-4).
        Who wants it to stay chooses it again.
        """
        old, suggested = self.initial.get("severity"), suggest_severity(cleaned.get("effects", []))
        if not old or not suggested or suggested >= old or self.initial.get("kind") in LIGHTER_KINDS:
            return  # of a near miss or a concern the rule decides anew by itself
        mine = self.mine()
        if "effects" not in mine or "severity" in mine:
            return
        self.add_error(
            "severity",
            _(
                "影響の答えからは「%(severity)s」になります。「影響から決める」に変えました。変えないときは選び直してください。"
            )
            % {"severity": Severity(suggested).label},
        )
        self.ask("severity", "")


class FirstReportForm(NextReportForm):
    beside = {**NextReportForm.beside, "report_in_future": "reported_at", "report_before_notice": "reported_at"}
    channel = forms.ChoiceField(label=_("どうやって伝えましたか"), choices=Channel.choices, widget=forms.RadioSelect)
    reported_at = MomentField(label=_("いつ伝えましたか"))
    note = forms.CharField(
        label=_("伝えたこと"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("事実と、次の連絡の時刻だけで十分です。"),
    )
    field_order = ("channel", "reported_at", "note", "next_at", "no_next")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial.setdefault("reported_at", timezone.localtime().strftime("%Y-%m-%dT%H:%M"))
            self.initial.setdefault("channel", Channel.PHONE)


class WaiveForm(CalmForm):
    reason = forms.CharField(label=_("不要な理由"), max_length=300)


class EndForm(CalmForm):
    beside = {
        "no_original": "duplicate_of",
        "other_team": "duplicate_of",
        "original_ended": "duplicate_of",
        "has_duplicates": "end",
    }
    end = forms.ChoiceField(
        label=_("終わり方"),
        choices=[
            (Stage.REPAIRED_ONLY, _("修理のみ（原因と対策までは進めない）")),
            (Stage.DUPLICATE, _("重複（ほかの記録と同じ）")),
            (Stage.WITHDRAWN, _("取下げ（記録すべきことではなかった）")),
        ],
        widget=forms.RadioSelect,
    )
    duplicate_of = ReferenceField(label=_("元の記録"), required=False, help_text=_("重複のときだけ。例: K-12"))
    reason = forms.CharField(label=_("理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(CalmForm):
    reason = forms.CharField(label=_("理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    def clean_reason(self) -> str:
        reason = self.cleaned_data["reason"].strip()
        if not reason:
            raise ValidationError(_("理由を一行書いてください。"))
        return reason
