"""What the mending took."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _

from incidents.enums import SILENT_ENDS
from incidents.errors import Refused


def refuse_mending(
    *, stage: str, what: str, minutes: int | None, most: int, done_on: date, noticed_on: date, today: date
) -> None:
    """Whether work on the mending can be written down like this (A-3). Raises Refused.

    Also once the record is mended or ended as 修理のみ: the work was done all the same. minutes: None when nobody knows.
    """
    if stage in SILENT_ENDS:
        raise Refused(
            "ended",
            _("この記録は「重複」か「取下げ」で終わっています。"),
            _("続けるときは、先に開き直してください。"),
        )
    if not what.strip():
        raise Refused("empty", _("したことが書かれていません。"), _("一行書いてください。"), "mending")
    if minutes is not None and not 1 <= minutes <= most:
        raise Refused(
            "minutes_of_a_day",
            _("一日にかかった時間は、1分から24時間までです。"),
            _("日をまたいだ仕事は、日ごとに書いてください。わからなければ空のままにします。"),
            "mending",
        )
    if done_on > today:
        raise Refused(
            "mended_in_future",
            _("継いだ日が未来になっています。"),
            _("もう済んだ仕事を書いてください。これからのことは対策に書きます。"),
            "mending",
        )
    if done_on < noticed_on:
        raise Refused(
            "mended_before_notice",
            _("継いだ日が、気づいた日より前です。"),
            _("どちらかの日付を確かめてください。"),
            "mending",
        )
