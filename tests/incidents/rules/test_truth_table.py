"""The stage for every combination of facts, compared with a second telling of the same law (issue: full truth table)."""

from __future__ import annotations

from itertools import combinations_with_replacement, product

from incidents.enums import OTHER_ENDS, MeasureStatus, Severity, Stage
from incidents.rules import MeasureFacts, RecordFacts, RootFacts, gates, stage_of

STANDING = {"committed", "in_progress", "done", "effective"}
# Strength and a lead's reason matter together: strong, weak without and weak with a reason.
MEASURES = [
    MeasureFacts(status, strength, root, excused)
    for status, (strength, excused), root in product(MeasureStatus.values, [(4, False), (1, False), (0, True)], (1, 2))
]
ROOTS = [
    [],
    *([RootFacts(1, *one)] for one in product([False, True], repeat=2)),
    *(
        [RootFacts(1, *one), RootFacts(2, *two)]
        for one, two in product(product([False, True], repeat=2), product([False, True], repeat=2))
    ),
]
SETS = [
    (),
    *((one,) for one in MEASURES),
    *combinations_with_replacement(MEASURES, 2),
]


def oracle(waits: bool, told: bool, severity: str, roots: list[RootFacts], measures: tuple[MeasureFacts, ...]) -> str:
    """The law in the words of product.md, from the top down: the highest stage whose conditions all hold."""
    standing = [m for m in measures if m.status in STANDING]
    quiet = told or not waits
    cause = bool(roots) and not any(root.reopened for root in roots)
    leaning = {m.root_id for m in standing}
    only_wishes = bool(standing) and all(m.strength <= 1 for m in standing)
    excused = severity == "S4" or any(m.excused for m in standing)
    promised = bool(standing) and all(r.risk_accepted or r.id in leaning for r in roots)
    promised = promised and (excused or not only_wishes)
    proven = bool(standing) and {m.status for m in standing} == {"effective"}
    if quiet and cause and promised and proven:
        return "mended"
    if quiet and cause and promised:
        return "measures_committed"
    if quiet and cause:
        return "cause_known"
    return "first_reported" if told else "recorded"


def test_every_combination_of_facts_has_the_stage_that_the_law_says():
    seen = dict.fromkeys(Stage.values, 0)
    for severity, roots, measures in product(["", Severity.S3, Severity.S4], ROOTS, SETS):
        for waits, reported, waived in product([False, True], repeat=3):
            facts = RecordFacts("", waits, reported, waived, severity, roots, measures)
            stage = stage_of(facts)
            expected = oracle(waits, reported or waived, severity, roots, measures)
            assert stage == expected, facts
            seen[stage] += 1
    assert all(seen[stage] for stage in Stage.values if stage not in OTHER_ENDS)
    assert sum(seen.values()) == 3 * 21 * 946 * 8


def test_another_end_wins_over_everything():
    for end, roots, measures in product(OTHER_ENDS, ROOTS, SETS):
        assert stage_of(RecordFacts(end, False, True, False, Severity.S2, roots, measures)) == end


def test_serious_severities_are_one_class():
    """S1, S2, S3 and a severity that nobody has set yet are asked for the same; so the table needs one of them."""
    for roots, measures in product(ROOTS, SETS):
        asked = [RecordFacts("", False, True, False, severity, roots, measures) for severity in ("", "S1", "S2", "S3")]
        assert len({stage_of(facts) for facts in asked}) == 1


def test_shut_gate_says_code_reason_and_fix():
    for waits, roots, measures in product([False, True], ROOTS, SETS):
        for gate in gates(RecordFacts("", waits, False, False, "", roots, measures)):
            assert gate.is_open or (gate.code and str(gate.reason) and str(gate.fix) and gate.anchor)
