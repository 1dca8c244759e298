from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.enums import Category, IncidentKind
from incidents.forms.base import CalmForm, MomentField
from incidents.forms.meanwhile import WholeForm

# A shared computer must not offer tomorrow what somebody wrote today.
UNKEPT = {"autocomplete": "off"}


class NamelessForm(CalmForm):
    """Three fields, and only the first has to be filled in. No file: it would bring its author along."""

    text = forms.CharField(
        label=_("何がありましたか"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5, **UNKEPT}),
        help_text=_("例: 振込先を一行ずらして貼るところだった。人の名前は書かないでください。"),
    )
    category = forms.ChoiceField(
        label=_("分類"),
        choices=[("", _("決めない")), *Category.choices],
        required=False,
        widget=forms.Select(attrs=UNKEPT),
    )
    process = forms.CharField(
        label=_("どの業務で"), max_length=120, required=False, widget=forms.TextInput(attrs=UNKEPT)
    )


class ReceiptForm(CalmForm):
    receipt = forms.CharField(
        label=_("控えの合言葉"),
        max_length=40,
        widget=forms.TextInput(attrs={**UNKEPT, "autocapitalize": "none", "spellcheck": "false"}),
        help_text=_("送ったあとに表示された、4文字ずつ4組の英数字です。"),
    )


class TakeUpForm(CalmForm):
    beside = {"noticed_in_future": "noticed_at"}
    title = forms.CharField(label=_("何が起きたか"), max_length=200)
    kind = forms.ChoiceField(
        label=_("種類"),
        choices=[(kind, kind.label) for kind in (IncidentKind.NEAR_MISS, IncidentKind.CONCERN)],
        initial=IncidentKind.NEAR_MISS,
        widget=forms.RadioSelect,
    )
    noticed_at = MomentField(label=_("チームとして知った時刻"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial.setdefault("noticed_at", timezone.localtime().strftime("%Y-%m-%dT%H:%M"))


class ReplyForm(WholeForm):
    writes = ("nameless_reply",)
    text = forms.CharField(
        label=_("返事"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("書いた人は控えの合言葉で読みます。チームの人も読めます。だれが書いたかを尋ねないでください。"),
    )

    def __init__(self, *args: Any, standing: str, **kwargs: Any):
        super().__init__(*args, standing=standing, **kwargs)
        self.now = standing  # the trace of replies is the team's, and leads to no note but by its words


class AsideForm(CalmForm):
    reason = forms.CharField(
        label=_("しまう理由"), max_length=300, help_text=_("例: 特定の人の名前が書かれていた。理由はチームに見えます。")
    )
