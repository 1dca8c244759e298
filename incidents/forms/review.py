from __future__ import annotations

from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.enums import Anniversary
from incidents.forms.base import CalmForm, DayField


class ReviewForm(CalmForm):
    """Leave it with a new date and a reason, or take it up."""

    beside: ClassVar[dict[str, str]] = {"review_in_past": "again_on", "no_reason": "reason"}
    STAYS, TAKE_UP = "stays", "take_up"
    answer = forms.ChoiceField(
        label=_("どうしますか"),
        choices=[(STAYS, _("まだこのまま")), (TAKE_UP, _("取り組む"))],
        widget=forms.RadioSelect,
    )
    again_on = DayField(label=_("次に見直す日"), required=False, help_text=_("「まだこのまま」のときに入れます。"))
    reason = forms.CharField(
        label=_("理由"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("「まだこのまま」のときは一行書きます。"),
    )


class AnniversaryForm(CalmForm):
    beside: ClassVar[dict[str, str]] = {"no_note": "note"}
    answer = forms.ChoiceField(label=_("いまも続いていますか"), choices=Anniversary.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("いまのようす"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("例: 先月の送信 180 件で、すべて画面の確認を通っています。"),
    )
