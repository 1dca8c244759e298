"""What stands as fact now, and when a root cause or a question may be taken back."""

import pytest

from incidents import rules
from incidents.enums import COVERING_STATUSES, Certainty, MeasureStatus, Verdict
from incidents.errors import Refused

CONFIRMED, REFUTED, ADDS = Verdict.CONFIRMED, Verdict.REFUTED, ""


@pytest.mark.parametrize("certainty", list(Certainty))
@pytest.mark.parametrize(
    ("verdicts", "standing"),
    [
        ([], None),
        ([ADDS], None),
        ([ADDS, ADDS], None),
        ([CONFIRMED], Certainty.FACT),
        ([REFUTED], REFUTED),
        ([CONFIRMED, ADDS], Certainty.FACT),
        ([REFUTED, ADDS], REFUTED),
        ([CONFIRMED, REFUTED], REFUTED),
        ([REFUTED, CONFIRMED], Certainty.FACT),
        ([REFUTED, ADDS, CONFIRMED, ADDS], Certainty.FACT),
    ],
)
def test_latest_verdict_says_how_certain_a_line_is(certainty, verdicts, standing):
    assert rules.standing_certainty(certainty, verdicts) == (standing or certainty)


@pytest.mark.parametrize("status", list(MeasureStatus))
def test_root_keeps_its_mark_while_a_measure_leans_on_it(status):
    leans = status in COVERING_STATUSES | {MeasureStatus.PROPOSED}
    if not leans:
        rules.refuse_unmark([status], withdrawn=False)
        return
    with pytest.raises(Refused) as refused:
        rules.refuse_unmark([MeasureStatus.NOT_DOING, status], withdrawn=False)
    assert refused.value.code == "measure_leans"


def test_mark_is_taken_off_once():
    rules.refuse_unmark([], withdrawn=False)
    with pytest.raises(Refused) as refused:
        rules.refuse_unmark([], withdrawn=True)
    assert refused.value.code == "root_withdrawn"


def test_closed_question_takes_no_further_step():
    rules.refuse_question_step(is_open=True)
    with pytest.raises(Refused) as refused:
        rules.refuse_question_step(is_open=False)
    assert refused.value.code == "question_closed"
