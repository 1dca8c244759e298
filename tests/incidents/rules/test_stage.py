"""The whole table of how far a repair is: every first-report flag × every state of the causes × of the measures."""

from __future__ import annotations

from itertools import product

import pytest

from incidents import rules
from incidents.enums import OTHER_ENDS, MeasureStatus, Stage
from incidents.rules import MeasureFacts, RecordFacts, RootFacts

ONE, TWO = 1, 2
ROOTS = {
    "no root": [],
    "a root": [RootFacts(ONE, False, False)],
    "reopened": [RootFacts(ONE, True, False)],
    "two roots": [RootFacts(ONE, False, False), RootFacts(TWO, False, False)],
    "second accepted": [RootFacts(ONE, False, False), RootFacts(TWO, False, True)],
    "only accepted": [RootFacts(ONE, False, True)],
}


def on_first(*statuses: str) -> list[MeasureFacts]:
    return [MeasureFacts(status, 4, ONE) for status in statuses]


S = MeasureStatus
MEASURES = {
    "none": [],
    "an idea": on_first(S.PROPOSED),
    "given up": on_first(S.NOT_DOING),
    "did not work": on_first(S.INEFFECTIVE),
    "promised": on_first(S.COMMITTED),
    "begun": on_first(S.IN_PROGRESS),
    "done": on_first(S.DONE),
    "proven": on_first(S.EFFECTIVE),
    "proven and one idea": on_first(S.EFFECTIVE, S.PROPOSED),
    "proven and one promised": on_first(S.EFFECTIVE, S.COMMITTED),
    "proven and one done": on_first(S.EFFECTIVE, S.DONE),
    "proven after one failed": on_first(S.INEFFECTIVE, S.EFFECTIVE),
    "both proven": [MeasureFacts(S.EFFECTIVE, 4, ONE), MeasureFacts(S.EFFECTIVE, 4, TWO)],
    "second only done": [MeasureFacts(S.EFFECTIVE, 4, ONE), MeasureFacts(S.DONE, 4, TWO)],
}
R, C, M, G = Stage.FIRST_REPORTED, Stage.CAUSE_KNOWN, Stage.MEASURES_COMMITTED, Stage.MENDED
# Rows as in MEASURES, columns as in ROOTS, for a record whose first report is out (or not needed).
TABLE = """
none                     R C R C C C
an idea                  R C R C C C
given up                 R C R C C C
did not work             R C R C C C
promised                 R M R C M M
begun                    R M R C M M
done                     R M R C M M
proven                   R G R C G G
proven and one idea      R G R C G G
proven and one promised  R M R C M M
proven and one done      R M R C M M
proven after one failed  R G R C G G
both proven              R G R G G G
second only done         R M R M M M
"""
LETTERS = {"R": R, "C": C, "M": M, "G": G}
EXPECTED = {
    (row[:24].strip(), root): LETTERS[letter]
    for row in TABLE.strip().splitlines()
    for root, letter in zip(ROOTS, row[24:].split(), strict=True)
}


def record(roots: str, measures: str, *, waits: bool, reported: bool, waived: bool, end: str = "") -> RecordFacts:
    return RecordFacts(end, waits, reported, waived, "S2", ROOTS[roots], MEASURES[measures])


def test_table_is_whole() -> None:
    assert EXPECTED.keys() == set(product(MEASURES, ROOTS))


@pytest.mark.parametrize(("waits", "reported", "waived"), list(product([False, True], repeat=3)))
@pytest.mark.parametrize("roots", ROOTS)
@pytest.mark.parametrize("measures", MEASURES)
def test_stage(roots: str, measures: str, waits: bool, reported: bool, waived: bool) -> None:
    shut = waits and not reported and not waived
    expected = Stage.RECORDED if shut else EXPECTED[measures, roots]
    if expected == R and not reported and not waived:
        expected = Stage.RECORDED  # lacquer is for what was said
    if expected == Stage.FIRST_REPORTED and not (reported or waived):
        expected = Stage.RECORDED  # nothing was said to anybody: the gate lets through, lacquer it is not

    assert rules.stage_of(record(roots, measures, waits=waits, reported=reported, waived=waived)) == expected


@pytest.mark.parametrize("end", sorted(OTHER_ENDS))
@pytest.mark.parametrize(("roots", "measures"), [("no root", "none"), ("a root", "proven")])
def test_other_end_stands_above_everything(end: str, roots: str, measures: str) -> None:
    assert rules.stage_of(record(roots, measures, waits=True, reported=False, waived=False, end=end)) == end


@pytest.mark.parametrize(
    ("roots", "measures", "codes"),
    [
        (
            "no root",
            "none",
            ["", "first_report_missing", "no_root_cause", "no_committed_measure", "effect_not_checked"],
        ),
        (
            "reopened",
            "did not work",
            ["", "first_report_missing", "cause_reopened", "no_committed_measure", "effect_not_checked"],
        ),
        ("two roots", "promised", ["", "first_report_missing", "", "root_uncovered", "measure_not_done"]),
        ("two roots", "proven", ["", "first_report_missing", "", "root_uncovered", "root_unproven"]),
        ("a root", "done", ["", "first_report_missing", "", "", "effect_not_checked"]),
        ("a root", "proven", ["", "first_report_missing", "", "", ""]),
    ],
)
def test_shut_gate_says_why_and_how_to_open_it(roots: str, measures: str, codes: list[str]) -> None:
    gates = rules.gates(record(roots, measures, waits=True, reported=False, waived=False))

    assert [gate.code for gate in gates] == codes
    assert all(gate.is_open or (gate.reason and gate.fix and gate.anchor) for gate in gates)
