"""When a final report is owed, and how long it may take (B-3)."""

from __future__ import annotations

from itertools import product

import pytest

from incidents.enums import IncidentKind, Severity, Stage
from incidents.errors import Refused
from incidents.rules import (
    FINAL_REPORT_ENDS,
    FinalReportFacts,
    final_report_days,
    no_final_report,
    refuse_final_report,
)


@pytest.mark.parametrize(
    ("severity", "days"), [(Severity.S1, 5), (Severity.S2, 5), (Severity.S3, 3), (Severity.S4, None), ("", None)]
)
def test_days_by_severity(severity, days):
    assert final_report_days(severity) == days


OWED = {
    "kind": "incident",
    "severity": "S2",
    "someone_waits": True,
    "first_reported": True,
    "contained": True,
    "agreed": False,
    "waived": False,
    "settled": False,
    "end": "",
}


@pytest.mark.parametrize(
    ("change", "why_not"),
    [
        ({}, ""),
        ({"severity": "S1"}, ""),
        ({"severity": "S3"}, ""),
        ({"severity": "S4"}, "small"),
        ({"severity": ""}, "no_severity"),
        ({"contained": False}, "not_contained"),
        ({"kind": "near_miss"}, "lighter_kind"),
        ({"kind": "concern"}, "lighter_kind"),
        ({"first_reported": False}, ""),
        ({"someone_waits": False}, ""),  # told, though nobody is named any more
        ({"someone_waits": False, "first_reported": False}, "nobody_waits"),
        ({"end": "repaired_only"}, ""),  # invariant 7
        ({"end": "withdrawn"}, "ended"),
        ({"end": "duplicate"}, "ended"),
        ({"settled": True}, "settled"),
        ({"waived": True}, "waived"),
        # A day agreed with the other side stands by itself.
        ({"agreed": True, "severity": "S4", "contained": False, "kind": "near_miss", "someone_waits": False}, ""),
        ({"agreed": True, "settled": True}, "settled"),
        ({"agreed": True, "waived": True}, "waived"),
        ({"agreed": True, "end": "withdrawn"}, "ended"),
    ],
)
def test_why_none_is_owed(change, why_not):
    assert no_final_report(FinalReportFacts(**OWED | change)) == why_not


def test_every_combination_is_a_plain_and_of_what_the_rule_asks():
    """The law told a second time, over every combination of facts."""
    bits = [False, True]
    for kind, severity, waits, told, contained, agreed, waived, settled, end in product(
        IncidentKind.values,
        ["", *Severity.values],
        bits,
        bits,
        bits,
        bits,
        bits,
        bits,
        ["", "repaired_only", "withdrawn"],
    ):
        facts = FinalReportFacts(kind, severity, waits, told, contained, agreed, waived, settled, end)
        closed = waived or settled or end == "withdrawn"
        custom = kind == "incident" and (waits or told) and contained and severity in {"S1", "S2", "S3"}
        why_not = no_final_report(facts)
        assert (why_not == "") is (not closed and (agreed or custom)), facts
        assert why_not in {"", *FINAL_REPORT_ENDS}


ASKED = {"end": "", "given": False, "has_other_side": True, "first_report_missing": False}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"end": Stage.REPAIRED_ONLY}, None),
        ({"end": Stage.WITHDRAWN}, "ended"),
        ({"end": Stage.DUPLICATE}, "ended"),
        ({"given": True}, "final_report_given"),
        ({"has_other_side": False}, "nobody_outside"),
        ({"first_report_missing": True}, "first_report_missing"),
    ],
)
def test_where_a_final_report_has_its_place(change, code):
    try:
        refuse_final_report(**ASKED | change)
    except Refused as refusal:
        assert refusal.code == code
    else:
        assert code is None
