from __future__ import annotations

import pytest

from incidents.enums import IncidentKind, Severity
from incidents.errors import Refused
from incidents.rules import EFFECTS, is_severity_of_kind, severity_after, suggest_severity


@pytest.mark.parametrize(("code", "severity"), [(code, severity) for code, severity, _label in EFFECTS])
def test_each_effect_alone_is_its_severity(code, severity):
    assert suggest_severity([code]) == severity


def test_the_heaviest_effect_counts():
    assert suggest_severity(["inside_only", "some_money", "personal_data"]) == Severity.S2
    assert suggest_severity([]) == ""
    assert suggest_severity(["of nothing"]) == ""


@pytest.mark.parametrize(
    ("old", "wanted", "effects", "reason", "new"),
    [
        ("", "", ["danger"], "", "S1"),
        ("", "", [], "", ""),
        ("", "S3", [], "", "S3"),
        ("", "S2", ["personal_data"], "", "S2"),
        ("", "S3", ["personal_data"], "相手が受け取る前に回収", "S3"),
        ("S3", "S3", ["danger"], "", "severity_differs"),
        ("S3", "S3", ["danger"], "けがはなかった", "S3"),
        ("S1", "S1", ["one_outside"], "", "S1"),
        ("S3", "S3", ["one_outside"], "", "S3"),
        ("S3", "S1", ["danger"], "けがの報告があった", "S1"),
        ("S3", "", [], "決めるには早かった", "no_effects"),
        ("S3", "", ["danger"], "けがの報告があった", "S1"),
        ("S3", "", ["danger"], "", "severity_change_needs_reason"),
        ("S3", "", ["one_outside"], "", "S3"),
        ("", "S3", ["personal_data"], " ", "severity_differs"),
        ("S3", "S1", ["danger"], "", "severity_change_needs_reason"),
    ],
)
def test_severity_after(old, wanted, effects, reason, new):
    try:
        assert severity_after(old=old, wanted=wanted, effects=effects, reason=reason) == new
    except Refused as refusal:
        assert refusal.code == new


def test_a_reason_on_the_record_goes_on_speaking_for_a_lighter_severity():
    stays = {"old": "S3", "wanted": "S3", "effects": ["danger"], "reason": ""}
    assert severity_after(**stays, kept="相手が受け取る前に回収") == "S3"
    with pytest.raises(Refused) as refusal:  # but not for another one
        severity_after(**stays | {"wanted": "S4"}, kept="相手が受け取る前に回収")
    assert refusal.value.code == "severity_change_needs_reason"


@pytest.mark.parametrize("kind", [IncidentKind.NEAR_MISS, IncidentKind.CONCERN])
def test_what_reached_nobody_is_small_unless_an_effect_says_more(kind):
    """B-4: near miss is a line of S4, and the highest matching line counts."""
    assert suggest_severity([], kind) == Severity.S4
    assert suggest_severity(["of nothing"], kind) == Severity.S4
    for code, severity, _label in EFFECTS:
        assert suggest_severity([code], kind) == severity


@pytest.mark.parametrize(
    ("severity", "kind", "effects", "reason", "answer"),
    [
        ("S4", "near_miss", [], "", True),
        ("S4", "concern", [], " ", True),
        ("S4", "near_miss", [], "中で止まった", False),  # somebody said why
        ("S4", "near_miss", ["inside_only"], "", False),  # an answer says so
        ("S3", "near_miss", [], "", False),
        ("", "near_miss", [], "", False),
        ("S4", "incident", [], "", False),
    ],
)
def test_severity_of_the_kind_alone(severity, kind, effects, reason, answer):
    assert is_severity_of_kind(severity, kind=kind, effects=effects, reason=reason) is answer


@pytest.mark.parametrize(
    ("old", "of_kind", "kind", "wanted", "effects", "reason", "new"),
    [
        # Becomes a near miss: the suggestion where none was set, and nothing that was decided grows lighter by it.
        ("", False, "near_miss", "", [], "", "S4"),
        ("", False, "near_miss", "", ["personal_data"], "", "S2"),
        ("S2", False, "near_miss", "S2", [], "", "S2"),
        ("S2", False, "near_miss", "S4", [], "", "severity_change_needs_reason"),
        ("S2", False, "near_miss", "", [], "", "severity_change_needs_reason"),
        ("S2", False, "near_miss", "", [], "届く前に止めた", "S4"),
        # Becomes an incident: S4 of the kind goes, what was decided stays.
        ("S4", True, "incident", "S4", [], "", ""),
        ("S4", True, "incident", "", [], "", ""),
        ("S4", True, "incident", "S4", ["one_outside"], "", "S3"),
        ("S4", True, "incident", "S4", ["inside_only"], "", "S4"),
        ("S4", True, "incident", "S1", [], "", "S1"),
        ("S4", True, "incident", "S1", ["one_outside"], "", "severity_differs"),
        ("S4", False, "incident", "S4", [], "", "S4"),
        # Stays a near miss: an answer decides anew without a reason, a choice of one's own needs one.
        ("S4", True, "near_miss", "S4", ["danger"], "", "S1"),
        ("S4", True, "near_miss", "S4", [], "", "S4"),
        ("S4", True, "near_miss", "S2", [], "", "severity_differs"),
        ("S4", True, "near_miss", "S2", [], "取引先も見ていた", "S2"),
    ],
)
def test_severity_after_a_change_of_kind(old, of_kind, kind, wanted, effects, reason, new):
    try:
        said = severity_after(old=old, wanted=wanted, effects=effects, reason=reason, kind=kind, of_kind=of_kind)
    except Refused as refusal:
        said = refusal.code
    assert said == new
