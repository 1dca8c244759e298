"""What a countermeasure took away, as somebody knows it (A-4). Empty where nobody does."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm, MinutesField, NumberField
from incidents.forms.meanwhile import WholeForm
from incidents.models.countermeasure import MOST_SAVED, MOST_STEPS

TOLD = {
    "min_value": _("1以上で入れてください。わからないときと、減っていないときは、空のままにします。"),
    "max_value": _("大きすぎるようです。数を確かめてください。"),
}


class GainFields(CalmForm):
    """The two fields, for each form that asks for them."""

    beside: ClassVar[dict[str, str]] = {"gain_out_of_range": "steps_removed"}
    steps_removed = NumberField(
        label=_("なくなった手順の数"),
        required=False,
        min_value=1,
        max_value=MOST_STEPS,
        error_messages=TOLD,
        help_text=_("数えたときだけ書きます。例: 転記と二重の確認をやめたら 2"),
    )
    minutes_saved = MinutesField(
        label=_("減った時間（月に）"),
        required=False,
        min_value=1,
        max_value=MOST_SAVED,
        error_messages=TOLD,
        help_text=_("測ったときだけ書きます。例: 90、1時間30分、1.5時間"),
    )


class GainForm(GainFields, WholeForm):
    writes = ("steps_removed", "minutes_saved")
