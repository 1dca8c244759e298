from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.enums import MeasureKind, Outcome, Strength
from incidents.forms.attachment import FilesField
from incidents.forms.base import CalmForm, DayField, MomentField, SeveralField, check_link
from incidents.forms.gain import GainFields
from incidents.forms.meanwhile import MeanwhileForm, WholeForm
from incidents.forms.strength import LADDER, STRENGTH_CHOICES, Rung
from incidents.rules import CHECK_WINDOW_DAYS


class HelpersField(SeveralField):
    """Any number of people beside the one who answers for the measure."""

    def __init__(self, **kwargs: Any):
        said = {
            "label": _("手伝う人"),
            "help_text": _("何人でも。期限に責任を持つのは、担当の一人だけです。お知らせは担当に届きます。"),
        }
        super().__init__(**{"queryset": None, "required": False} | said | kwargs)


_TOGETHER = {"no_before_after": ("before", "after"), "no_check": ("check_what", "check_threshold", "check_on")}


class MeasureForm(MeanwhileForm):
    """One page for the whole measure. Saved as an idea it needs a title; promised it needs the rest (the rule says what)."""

    beside: ClassVar[dict[str, str]] = {
        "no_root_cause": "root",
        "no_before_after": "after",
        "no_owner": "owner",
        "no_due_date": "due_on",
        "due_in_past": "due_on",
        "no_check": "check_what",
        "no_checker": "checker",
        "checker_is_owner": "checker",
        "check_before_due": "check_on",
        "backup_is_owner": "backup",
        "helper_is_owner": "helpers",
        "weak_only": "weak_reason",
    }
    title = forms.CharField(label=_("何を変えますか"), max_length=300)
    root = forms.ModelChoiceField(
        label=_("どの真因への対策ですか"), queryset=None, required=False, empty_label=_("まだ決めない")
    )
    before = forms.CharField(
        label=_("変更前"), required=False, max_length=3000, widget=forms.Textarea(attrs={"rows": 2})
    )
    after = forms.CharField(
        label=_("変更後"), required=False, max_length=3000, widget=forms.Textarea(attrs={"rows": 2})
    )
    strength = forms.TypedChoiceField(
        label=_("強さ"),
        coerce=int,
        choices=STRENGTH_CHOICES,
        initial=Strength.CHECK.value,
        widget=forms.RadioSelect,
        help_text=_("この対策がすることに近いものを選びます。上ほど、人の注意に頼りません。"),
    )
    kind = forms.ChoiceField(label=_("種類"), choices=MeasureKind.choices, initial=MeasureKind.CORRECTIVE)
    owner = forms.ModelChoiceField(label=_("担当"), queryset=None, required=False, empty_label=_("まだ決めない"))
    backup = forms.ModelChoiceField(label=_("代わりの人"), queryset=None, required=False, empty_label=_("決めない"))
    helpers = HelpersField()
    due_on = DayField(label=_("期限"), required=False)
    promised_outside = forms.BooleanField(label=_("お客様にお約束した対策です"), required=False)
    check_what = forms.CharField(
        label=_("何を測りますか"), required=False, max_length=300, help_text=_("例: 宛先まちがいの件数")
    )
    check_threshold = forms.CharField(
        label=_("どうなれば効いたと言えますか"), required=False, max_length=300, help_text=_("例: 90日間で0件")
    )
    checker = forms.ModelChoiceField(
        label=_("確かめる人"),
        queryset=None,
        required=False,
        empty_label=_("まだ決めない"),
        help_text=_("担当とは別の方です。"),
    )
    check_on = DayField(label=_("確かめる日"), required=False)
    weak_reason = forms.CharField(
        label=_("弱い対策だけで進める理由"),
        required=False,
        max_length=300,
        help_text=_("リーダーだけが書けます。理由は残ります。"),
    )

    def __init__(self, *args: Any, roots: Any, people: Any, severity: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["root"].queryset = roots
        for name in ("owner", "backup", "checker", "helpers"):
            self.fields[name].queryset = people
        self._again = {"roots": roots, "people": people, "severity": severity}
        self.window = CHECK_WINDOW_DAYS.get(severity, 30)
        self.fields["check_on"].help_text = _("空なら、期限から%(days)s日後にします。") % {"days": self.window}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("due_on") and not cleaned.get("check_on") and "check_on" not in self.errors:
            cleaned["check_on"] = cleaned["due_on"] + timedelta(days=self.window)
        # Where one refusal is of several fields, it stands at the first of them that is empty.
        for code, names in _TOGETHER.items():
            empty = [name for name in names if not cleaned.get(name)]
            if empty:
                self.beside = {**self.beside, code: empty[0]}
        return cleaned

    def rungs(self) -> list[tuple[Any, Rung]]:
        """The radios of the strength, each with what such a measure does."""
        return list(zip(self["strength"], LADDER, strict=True))

    def plan(self, *, mine_only: bool = False) -> dict[str, Any]:
        """What the domain's propose and edit take. mine_only: without the fields that this person did not touch."""
        wanted = set(self.mine()) if mine_only else set(self.own_names())
        if "due_on" in wanted:
            wanted.add("check_on")  # an empty one follows the date
        return {name: value for name, value in self.cleaned_data.items() if name in wanted - {"weak_reason"}}


class DoneForm(GainFields):
    """Evidence or a note; the rule asks for one of them. What fell away with it, where somebody knows."""

    field_order = ("note", "evidence_name", "evidence_version", "evidence", "files", "steps_removed", "minutes_saved")

    note = forms.CharField(
        label=_("やったこと"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("例: 11/12 に自動送付へ切り替え、3件の送信で確かめました。"),
    )
    evidence_name = forms.CharField(
        label=_("変えた文書や道具"),
        required=False,
        max_length=200,
        help_text=_("例: 受注マニュアル 4章、送付チェックシート。なければ空で大丈夫です。"),
    )
    evidence_version = forms.CharField(
        label=_("その版"), required=False, max_length=80, help_text=_("例: 第3版、v3、2026-11-24 改訂")
    )
    evidence = forms.CharField(
        label=_("証拠のリンク"),
        required=False,
        max_length=500,
        validators=[check_link],
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"}),
        help_text=_(
            "変えた手順書や画面のURL。なければ空で大丈夫です。共有フォルダーの場所は「変えた文書や道具」に書きます。"
        ),
    )


class DoneFilesForm(DoneForm):
    """The same for somebody who is signed in: with files that show it (M6)."""

    files = FilesField(label=_("証拠のファイル"), required=False)


class HandOverForm(WholeForm):
    beside: ClassVar[dict[str, str]] = {"same_owner": "owner", "checker_is_owner": "owner"}
    writes = ("owner",)
    owner = forms.ModelChoiceField(label=_("新しい担当"), queryset=None)
    reason = forms.CharField(label=_("理由"), required=False, max_length=1000)

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people


class HelpersForm(WholeForm):
    """Who helps with a promised measure. people: who may, without its owner and backup."""

    writes = ("helpers",)
    helpers = HelpersField()

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["helpers"].queryset = people


class CheckerForm(WholeForm):
    beside: ClassVar[dict[str, str]] = {
        "checker_is_owner": "checker",
        "checker_did_it": "checker",
        "same_checker": "checker",
    }
    writes = ("checker",)
    checker = forms.ModelChoiceField(label=_("確かめる人"), queryset=None, help_text=_("担当とは別の方です。"))

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["checker"].queryset = people


class NotDoingForm(CalmForm):
    """Why, and when it is looked at again; of a measure promised outside also what the other side hears, and when."""

    beside: ClassVar[dict[str, str]] = {
        "no_reason": "reason",
        "review_in_past": "review_on",
        "no_draft": "draft",
        "no_next_report": "next_at",
        "promise_in_past": "next_at",
    }
    reason = forms.CharField(label=_("実施しない理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))
    review_on = DayField(label=_("見直す日"))
    draft = forms.CharField(
        label=_("続報の下書き"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_(
            "お客様にお約束した対策です。実施しないこと、その理由、代わりにすることを、先方に伝える文で書きます。"
        ),
    )
    next_at = MomentField(
        label=_("先方にお伝えする時刻"), required=False, help_text=_("この時刻までに伝えられるよう、お知らせします。")
    )

    def __init__(self, *args: Any, promised_outside: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not promised_outside:
            del self.fields["draft"], self.fields["next_at"]


class TermsForm(MeanwhileForm):
    """Who stands in, and what was promised outside, of a measure that is promised already."""

    beside: ClassVar[dict[str, str]] = {
        "backup_is_owner": "backup",
        "no_to_whom": "promised_to",
        "no_promise": "promised_what",
        "no_reason": "reason",
        "promise_not_ticked": "promised_outside",
    }
    backup = forms.ModelChoiceField(
        label=_("代わりの人"),
        queryset=None,
        required=False,
        empty_label=_("決めない"),
        help_text=_("期限から5営業日たっても終わらないとき、担当とともにお知らせが届きます。"),
    )
    promised_outside = forms.BooleanField(label=_("お客様にお約束した対策です"), required=False)
    promised_to = forms.CharField(label=_("約束した相手"), required=False, max_length=160)
    promised_what = forms.CharField(
        label=_("約束したこと"),
        required=False,
        max_length=300,
        help_text=_("例: 12月15日までに、送信前の確認画面を入れると伝えた"),
    )
    reason = forms.CharField(
        label=_("理由"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("お客様へのお約束を外すときに書きます。経緯に残ります。"),
    )
    weak_reason = forms.CharField(
        label=_("弱い対策だけで進める理由"),
        required=False,
        max_length=300,
        help_text=_("リーダーが書きます。仕組みを変える対策がまだ足せないときに。経緯に残ります。"),
    )

    def __init__(self, *args: Any, people: Any, excusable: bool, running: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["backup"].queryset = people
        if not excusable:
            del self.fields["weak_reason"]
        if excusable and not running:  # done, or proven: only why it is enough can still be said
            for name in ("backup", "promised_outside", "promised_to", "promised_what", "reason"):
                del self.fields[name]
        self._again = {"people": people, "excusable": excusable, "running": running}

    def terms(self) -> dict[str, Any]:
        """What this person changed, as the domain's set_terms takes it, and the reason."""
        wanted = {*self.mine(), "reason"}
        return {name: value for name, value in self.cleaned_data.items() if name in wanted}


class OutcomeForm(GainFields, MeanwhileForm):
    """What was seen. What the measure took away stands there as it was told, and may be told now."""

    beside: ClassVar[dict[str, str]] = {
        **GainFields.beside,
        "no_next_check": "again_on",
        "no_observation": "note",
    }
    field_order = ("outcome", "note", "again_on", "steps_removed", "minutes_saved")
    outcome = forms.ChoiceField(label=_("効き目はありましたか"), choices=Outcome.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("何を見て、そう判断しましたか"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("例: 10/21〜11/20 の送信 214 件で、宛先まちがい 0 件。"),
    )
    again_on = DayField(
        label=_("次に確かめる日"), required=False, help_text=_("「一部だけ」「まだわからない」のときに入れます。")
    )

    def said(self) -> dict[str, Any]:
        """What the verb takes: the outcome, and of what fell away only what this person changed."""
        mine = set(self.mine())
        judged = {name: self.cleaned_data[name] for name in ("outcome", "note", "again_on")}
        return judged | {name: self.cleaned_data[name] for name in GainFields.base_fields if name in mine}
