"""Work on the mending, what a measure took away, a call: what may be written down."""

from datetime import UTC, date, datetime, timedelta

import pytest

from incidents import rules
from incidents.enums import MeasureStatus, Stage
from incidents.errors import Refused

TODAY = date(2026, 11, 24)
MENDING = {
    "stage": Stage.RECORDED,
    "what": "作り直した",
    "minutes": 90,
    "most": 1440,
    "done_on": TODAY,
    "noticed_on": TODAY,
    "today": TODAY,
}


def code(call, **values) -> str:
    try:
        call(**values)
    except Refused as refused:
        return refused.code
    return ""


@pytest.mark.parametrize("stage", list(Stage))
def test_work_is_written_down_at_every_stage_but_the_silent_ends(stage):
    ended = stage in {Stage.WITHDRAWN, Stage.DUPLICATE}
    assert code(rules.refuse_mending, **MENDING | {"stage": stage}) == ("ended" if ended else "")


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"what": " \n"}, "empty"),
        ({"minutes": None}, ""),
        ({"minutes": 0}, "minutes_of_a_day"),
        ({"minutes": 1}, ""),
        ({"minutes": 1440}, ""),
        ({"minutes": 1441}, "minutes_of_a_day"),
        ({"done_on": TODAY + timedelta(days=1)}, "mended_in_future"),
        ({"noticed_on": TODAY + timedelta(days=1)}, "mended_before_notice"),
        ({"noticed_on": TODAY - timedelta(days=900)}, ""),
    ],
)
def test_work_has_words_a_day_that_can_be_and_minutes_of_a_day(change, wanted):
    assert code(rules.refuse_mending, **MENDING | change) == wanted


@pytest.mark.parametrize("status", list(MeasureStatus))
def test_what_fell_away_is_told_of_a_measure_in_force(status):
    in_force = status in {MeasureStatus.DONE, MeasureStatus.EFFECTIVE}
    assert code(rules.refuse_gain, status=status) == ("" if in_force else "not_in_force")


@pytest.mark.parametrize(
    ("said", "asks", "ahead", "wanted"),
    [
        ("1通届いた", "", 0, ""),
        ("", "差し替えがほしい", 0, ""),
        (" ", "\n", 0, "nothing_said"),
        ("1通届いた", "", 4, ""),
        ("1通届いた", "", 6, "call_in_future"),
    ],
)
def test_call_has_words_and_has_been(said, asks, ahead, wanted):
    now = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    at = now + timedelta(minutes=ahead)
    assert code(rules.refuse_call, at=at, said=said, asks=asks, now=now) == wanted
