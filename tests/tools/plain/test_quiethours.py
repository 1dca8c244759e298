from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.plain.holidays import BusinessCalendar
from tools.plain.quiethours import QuietHours

TOKYO = ZoneInfo("Asia/Tokyo")
JAPAN = BusinessCalendar()
ZONES = ["Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Pacific/Apia"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("hours", "moment", "quiet", "waits_for"),
    [
        (QuietHours(), "2026-11-24 18:59", False, "2026-11-24 18:59"),
        (QuietHours(), "2026-11-24 19:00", True, "2026-11-25 08:00"),
        (QuietHours(), "2026-11-25 00:00", True, "2026-11-25 08:00"),
        (QuietHours(), "2026-11-25 07:59", True, "2026-11-25 08:00"),
        (QuietHours(), "2026-11-25 08:00", False, "2026-11-25 08:00"),
        # Friday evening, Saturday noon, Sunday night: Monday. A Monday that is a holiday (勤労感謝の日): Tuesday.
        (QuietHours(), "2026-11-27 19:30", True, "2026-11-30 08:00"),
        (QuietHours(), "2026-11-28 12:00", False, "2026-11-30 08:00"),
        (QuietHours(), "2026-11-29 23:00", True, "2026-11-30 08:00"),
        (QuietHours(), "2026-11-20 20:00", True, "2026-11-24 08:00"),
        # A substitute holiday: 振替休日 of 建国記念の日 2024 (a Sunday).
        (QuietHours(), "2024-02-09 20:00", True, "2024-02-13 08:00"),
        (QuietHours(13, 15), "2026-11-24 13:00", True, "2026-11-24 15:00"),
        (QuietHours(13, 15), "2026-11-24 15:00", False, "2026-11-24 15:00"),
        (QuietHours(22, 10), "2026-12-28 23:00", True, "2027-01-04 10:00"),
        (QuietHours(None, 8), "2026-11-24 03:00", False, "2026-11-24 03:00"),
        (QuietHours(9, 9), "2026-11-24 09:00", False, "2026-11-24 09:00"),
        (QuietHours(None, 8), "2026-11-28 03:00", False, "2026-11-30 08:00"),
    ],
)
def test_an_hour_is_quiet_and_ends(hours, moment, quiet, waits_for):
    assert hours.hold(at(moment)) == quiet
    assert hours.after(at(moment), JAPAN) == at(waits_for)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),
    st.sampled_from(ZONES),
    st.one_of(st.none(), st.integers(0, 23)),
    st.integers(0, 23),
)
def test_what_has_waited_comes_in_peace_and_never_earlier(moment, zone, start, end):
    """In zones whose clocks are put forward and back, too."""
    hours, local = QuietHours(start, end), moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone))
    later = hours.after(local)
    assert not hours.hold(later)
    assert later.timestamp() >= local.timestamp() - 3600
    assert later.replace(tzinfo=None) - local.replace(tzinfo=None) < timedelta(days=1)
    assert JAPAN.is_business_day(hours.after(local, JAPAN).date())


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)), st.integers(0, 23), st.integers(0, 23))
def test_a_quiet_time_began_before(moment, start, end):
    hours, local = QuietHours(start, end), moment.replace(tzinfo=TOKYO)
    if not hours.hold(local):
        with pytest.raises(ValueError, match="is not quiet"):
            hours.began(local)
        return
    began = hours.began(local)
    assert timedelta(0) <= local - began < timedelta(days=1)
    assert hours.hold(began)
    assert not hours.hold(began - timedelta(minutes=1))
