"""The record's own times: nothing ahead, and one after the other."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from incidents.errors import Refused

DRIFT = timedelta(minutes=5)  # how far the clocks of two machines may stand apart


def is_ahead(moment: datetime | None, now: datetime) -> bool:
    """Whether what is told as done lies in the future, by more than clocks may differ."""
    return moment is not None and moment > now + DRIFT


def refuse_times(
    *,
    now: datetime,
    noticed_at: datetime,
    occurred_at: datetime | None = None,
    recognised_at: datetime | None = None,
    first_reported_at: datetime | None = None,
) -> None:
    """Whether the record's own times can be so: nothing ahead, and one after the other. Raises Refused."""
    if is_ahead(noticed_at, now):
        raise Refused(
            "noticed_in_future",
            _("気づいた時刻が未来になっています。"),
            _("今日の日付と時刻を確かめてください。"),
        )
    if first_reported_at is not None and noticed_at > first_reported_at:
        raise Refused(
            "report_before_notice",
            _("一次報告の時刻が、気づいた時刻より前です。"),
            _("どちらかの時刻を直してください。"),
        )
    # Something may be noticed before it happens (a date that will be missed), but not be told before it happened.
    if is_ahead(occurred_at, now):
        raise Refused(
            "occurred_in_future",
            _("起きた時刻が未来になっています。"),
            _("起きた時刻を入れてください。まだなら、空のままにします。"),
        )
    if is_ahead(recognised_at, now):
        raise Refused(
            "recognised_in_future",
            _("組織として知った時刻が未来になっています。"),
            _("知った時刻を入れてください。まだなら、空のままにします。"),
        )
    if recognised_at is not None and occurred_at is not None and recognised_at < occurred_at:
        raise Refused(
            "recognised_before_event",
            _("組織として知った時刻が、起きた時刻より前です。"),
            _("どちらかの時刻を直してください。"),
        )
