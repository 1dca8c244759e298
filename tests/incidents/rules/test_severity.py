from __future__ import annotations

import pytest

from incidents.enums import Severity
from incidents.errors import Refused
from incidents.rules import EFFECTS, severity_after, suggest_severity


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
