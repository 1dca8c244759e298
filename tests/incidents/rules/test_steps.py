"""Each step's refusals, one by one: what is missing first is said first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from incidents import rules
from incidents.enums import IncidentKind, MeasureStatus, Role, Severity, Stage
from incidents.errors import NotAllowed, Refused
from incidents.rules import CommitFacts, MeasureFacts

TODAY = date(2026, 11, 24)
WHOLE = CommitFacts(
    status=MeasureStatus.PROPOSED,
    has_root=True,
    before="手で選ぶ",
    after="画面が止める",
    strength=4,
    owner_id=1,
    due_on=date(2026, 12, 11),
    check_measure="誤送信の件数",
    check_threshold="90日間 0件",
    checker_id=2,
    check_on=date(2027, 3, 11),
)


def commit(facts: CommitFacts, **more: object) -> None:
    usual = {"severity": Severity.S2, "others": [], "role": Role.LEAD, "weak_reason": "", "today": TODAY}
    rules.refuse_commit(facts, **usual | more)


def code_of(call, *arguments: object, **named: object) -> str:
    try:
        call(*arguments, **named)
    except Refused as refused:
        assert refused.reason
        return refused.code
    return ""


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, ""),
        ({"status": MeasureStatus.COMMITTED}, "not_proposed"),
        ({"status": MeasureStatus.NOT_DOING}, "not_proposed"),
        ({"has_root": False}, "no_root_cause"),
        ({"before": " 　"}, "no_before_after"),
        ({"after": ""}, "no_before_after"),
        ({"owner_id": None}, "no_owner"),
        ({"due_on": None}, "no_due_date"),
        ({"due_on": date(2026, 11, 23)}, "due_in_past"),
        ({"due_on": TODAY}, ""),
        ({"check_measure": " "}, "no_check"),
        ({"check_threshold": ""}, "no_check"),
        ({"check_on": None}, "no_check"),
        ({"checker_id": None}, "no_checker"),
        ({"checker_id": 1}, "checker_is_owner"),
        ({"check_on": date(2026, 12, 11)}, "check_before_due"),
        ({"check_on": date(2026, 12, 12)}, ""),
        ({"has_root": False, "owner_id": None, "before": ""}, "no_root_cause"),
    ],
)
def test_promise_names_the_first_thing_missing(change: dict[str, object], code: str) -> None:
    assert code_of(commit, replace(WHOLE, **change)) == code


@pytest.mark.parametrize(
    ("severity", "strength", "reason", "role"),
    list(product(["", *Severity.values], [0, 1, 2, 6], ["", "来月の改修まで"], [Role.LEAD, Role.MEMBER])),
)
def test_weak_measures_alone_need_a_leads_reason(severity: str, strength: int, reason: str, role: str) -> None:
    weak = strength <= 1 and severity != "S4"  # an open severity counts as serious
    expected = "" if not weak else "weak_only" if not reason else "" if role == Role.LEAD else "weak_needs_lead"

    facts = replace(WHOLE, strength=strength)
    assert code_of(commit, facts, severity=severity, weak_reason=reason, role=role) == expected


@pytest.mark.parametrize(
    ("other", "code"),
    [
        (MeasureFacts(MeasureStatus.COMMITTED, 4, 1), ""),
        (MeasureFacts(MeasureStatus.EFFECTIVE, 2, 1), ""),
        (MeasureFacts(MeasureStatus.PROPOSED, 6, 1), "weak_only"),
        (MeasureFacts(MeasureStatus.NOT_DOING, 6, 1), "weak_only"),
        (MeasureFacts(MeasureStatus.INEFFECTIVE, 6, 1), "weak_only"),
        (MeasureFacts(MeasureStatus.COMMITTED, 1, 1), "weak_only"),
    ],
)
def test_weak_measure_may_stand_beside_a_strong_promise(other: MeasureFacts, code: str) -> None:
    assert code_of(commit, replace(WHOLE, strength=1), others=[other]) == code


@pytest.mark.parametrize(
    ("measures", "untreated"),
    [
        ([], False),
        ([MeasureFacts(MeasureStatus.PROPOSED, 0, 1)], False),
        ([MeasureFacts(MeasureStatus.COMMITTED, 1, 1)], True),
        ([MeasureFacts(MeasureStatus.DONE, 0, 1), MeasureFacts(MeasureStatus.COMMITTED, 1, 1)], True),
        ([MeasureFacts(MeasureStatus.DONE, 0, 1), MeasureFacts(MeasureStatus.COMMITTED, 2, 1)], False),
    ],
)
def test_untreated_is_being_careful_and_nothing_else(measures: list[MeasureFacts], untreated: bool) -> None:
    assert rules.is_untreated(measures) is untreated


@pytest.mark.parametrize("status", MeasureStatus.values)
@pytest.mark.parametrize(("note", "evidence"), list(product(["", " ", "手順書を変えた"], ["", "https://example.jp/1"])))
def test_done_needs_a_running_measure_and_a_word(status: str, note: str, evidence: str) -> None:
    running = status in {"committed", "in_progress"}
    expected = "not_running" if not running else "" if note.strip() or evidence else "no_evidence"

    assert code_of(rules.refuse_complete, status=status, note=note, evidence=evidence) == expected


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, ""),
        ({"check_open": False}, "check_closed"),
        ({"by_id": 1}, "checker_is_owner"),
        ({"done_by_id": 2}, "checker_did_it"),
        ({"done_by_id": 1}, ""),
        ({"done_by_id": 3}, ""),
        ({"measure_status": MeasureStatus.COMMITTED}, "not_done"),
        ({"measure_status": MeasureStatus.EFFECTIVE}, "not_done"),
        ({"note": " "}, "no_observation"),
    ],
)
def test_outcome_is_judged_by_another_with_what_was_seen(change: dict[str, object], code: str) -> None:
    facts = {"measure_status": MeasureStatus.DONE, "check_open": True, "owner_id": 1, "by_id": 2, "note": "0件"}

    assert code_of(rules.refuse_outcome, **facts | change) == code


@pytest.mark.parametrize(
    ("role", "edits", "leads"),
    [
        (None, False, False),
        ("", False, False),
        (Role.VIEWER, False, False),
        (Role.MEMBER, True, False),
        (Role.LEAD, True, True),
    ],
)
def test_roles(role: str | None, edits: bool, leads: bool) -> None:
    assert rules.may_edit(role) is edits
    assert code_of(rules.refuse_unless_editor, role) == ("" if edits else "viewer")
    assert code_of(rules.refuse_unless_lead, role) == ("" if leads else "not_lead")
    if not edits:
        with pytest.raises(NotAllowed):
            rules.refuse_unless_editor(role)


@pytest.mark.parametrize("stage", Stage.values)
def test_ended_record_is_left_alone(stage: str) -> None:
    ended = stage in {"repaired_only", "duplicate", "withdrawn"}
    assert code_of(rules.refuse_change, stage) == ("ended" if ended else "")


@pytest.mark.parametrize(("kind", "waits"), list(product(IncidentKind.values, [True, False])))
def test_clock_runs_only_while_somebody_outside_waits_for_an_incident(kind: str, waits: bool) -> None:
    assert rules.first_report_expected(kind, someone_waits=waits) is (kind == "incident" and waits)
