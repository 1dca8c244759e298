"""The other side: whose first report the clock runs for, what they say on the telephone, and what is settled."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from incidents.enums import IncidentKind
from incidents.errors import Refused
from incidents.rules.times import is_ahead


def first_report_expected(kind: str, *, someone_waits: bool) -> bool:
    """The clock runs only for an incident that somebody outside the team waits on (F1, A-11)."""
    return kind == IncidentKind.INCIDENT and someone_waits


def refuse_call(*, at: datetime, said: str, asks: str, now: datetime) -> None:
    """電話メモ: what was said, or what was asked for, at a time that has come (A-22). Raises Refused."""
    if not (said.strip() or asks.strip()):
        raise Refused(
            "nothing_said",
            _("伺ったことも、ご要望も書かれていません。"),
            _("どちらか一行を書いてください。"),
            "outside",
        )
    if is_ahead(at, now):
        raise Refused(
            "call_in_future",
            _("電話の時刻が未来になっています。"),
            _("お電話のあった時刻を入れてください。"),
            "outside",
        )


def refuse_close_outside(
    *,
    at: datetime,
    agreed: str,
    noticed_at: datetime,
    first_reported_at: datetime | None,
    has_other_side: bool,
    report_missing: bool,
    now: datetime,
) -> None:
    """対外完了: whether it may be settled with the other side at `at`. The stage is not asked: the two are apart.

    report_missing: somebody waits for a first report that is neither recorded nor waived. Raises Refused.
    """
    if not has_other_side:
        raise Refused(
            "nobody_outside",
            _("この記録には、相手が書かれていません。"),
            _("「書きかえる」で、待っている人か相手を書いてください。"),
            "outside",
        )
    if report_missing:
        raise Refused(
            "first_report_missing",
            _("待っている方への一次報告がまだです。"),
            _("一次報告を記録するか、不要な理由を書いてください。"),
            "first-report",
        )
    if not agreed.strip():
        raise Refused(
            "nothing_agreed",
            _("相手と決まったことが書かれていません。"),
            _("何をもって終わりとしたかを、一行書いてください。"),
            "outside",
        )
    if is_ahead(at, now):
        raise Refused(
            "settled_in_future",
            _("対外完了の時刻が未来になっています。"),
            _("相手と確かめた時刻を入れてください。"),
            "outside",
        )
    before = max(noticed_at, first_reported_at or noticed_at)
    if at < before.replace(second=0, microsecond=0):  # a browser's field has no seconds
        raise Refused(
            "settled_before_report",
            _("対外完了の時刻が、一次報告か気づいた時刻より前です。"),
            _("どちらかの時刻を確かめてください。"),
            "outside",
        )
