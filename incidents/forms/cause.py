from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.enums import Factor, Track
from incidents.forms.base import CalmForm, DayField


class WhyForm(CalmForm):
    text = forms.CharField(
        label=_("なぜ、そうなりましたか"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("人ではなく、道具・手順・情報の側から書くと、変えられる所が見つかります。"),
    )
    parent = forms.ModelChoiceField(
        label=_("どのなぜの続きですか"), queryset=None, required=False, empty_label=_("はじめの、なぜ")
    )
    track = forms.ChoiceField(
        label=_("流れ"),
        choices=[(Track.OCCURRENCE, _("発生（なぜ起きたか）")), (Track.ESCAPE, _("流出（なぜ止められなかったか）"))],
        initial=Track.OCCURRENCE,
    )
    evidence = forms.CharField(label=_("何で確かめましたか"), max_length=300, required=False)

    def __init__(self, *args: Any, whys: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = whys


class RootForm(CalmForm):
    factor = forms.ChoiceField(label=_("要因"), choices=Factor.choices)


class RiskForm(CalmForm):
    reason = forms.CharField(
        label=_("対策をとらずに受け入れる理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    review_on = DayField(label=_("見直す日"))
