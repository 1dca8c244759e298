from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.enums import Factor, Track
from incidents.forms.base import CalmForm, DayField
from incidents.forms.meanwhile import WholeForm
from incidents.models import Why


class WhyForm(CalmForm):
    """One line, so that Enter adds it and the next one can be typed at once."""

    still_fields = ("track", "evidence")

    text = forms.CharField(
        label=_("なぜ、そうなりましたか"),
        max_length=2000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "enterkeyhint": "done"}),
        help_text=_("人ではなく、道具・手順・情報の側から書くと、変えられる所が見つかります。Enterで足せます。"),
    )
    parent = forms.ModelChoiceField(
        label=_("どのなぜの続きですか"), queryset=None, required=False, empty_label=_("はじめの、なぜ")
    )
    track = forms.ChoiceField(
        label=_("流れ"),
        choices=[(Track.OCCURRENCE, _("発生（なぜ起きたか）")), (Track.ESCAPE, _("流出（なぜ止められなかったか）"))],
        initial=Track.OCCURRENCE,
        help_text=_("続きのときは、元のなぜの流れに入ります。"),
    )
    evidence = forms.CharField(
        label=_("何で確かめましたか"),
        max_length=300,
        required=False,
        help_text=_("例: 送信控え、11月の台帳、本人以外への聞き取り"),
    )

    def __init__(
        self,
        *args: Any,
        whys: Any,
        shown: Sequence[Why] | None = None,
        hint_url: str = "",
        next_one: bool = False,
        **kwargs: Any,
    ):
        """whys: what may be chosen as parent. shown: the same rows, when they are read already.

        hint_url: where the words are looked at while they are typed. next_one: the field takes the focus.
        """
        super().__init__(*args, **{"auto_id": "why-%s"} | kwargs)
        parent = self.fields["parent"]
        parent.queryset = whys
        if shown is not None:
            label = parent.label_from_instance
            parent.widget.choices = [("", parent.empty_label), *((why.pk, label(why)) for why in shown)]
        attrs = self.fields["text"].widget.attrs
        if hint_url:
            attrs |= {
                "hx-post": hint_url,
                "hx-trigger": "input changed delay:500ms",
                "hx-target": "#why-hint",
                "hx-swap": "innerHTML",
                "hx-sync": "this:replace",
                "aria-describedby": "why-hint",
            }
        if next_one:
            attrs["autofocus"] = True


class RootForm(CalmForm):
    factor = forms.ChoiceField(label=_("要因"), choices=Factor.choices)


class EvidenceForm(WholeForm):
    writes = ("evidence",)
    evidence = forms.CharField(
        label=_("何で確かめましたか"),
        max_length=300,
        help_text=_("例: 送信控え、11月の台帳、本人以外への聞き取り"),
    )


class WithdrawForm(CalmForm):
    reason = forms.CharField(label=_("取り下げる理由"), max_length=300)


class RiskForm(WholeForm):
    beside: ClassVar[dict[str, str]] = {"no_reason": "reason", "review_in_past": "review_on"}
    writes = ("risk_reason", "review_on")
    reason = forms.CharField(
        label=_("対策をとらずに受け入れる理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    review_on = DayField(label=_("見直す日"))
