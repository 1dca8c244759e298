"""The heads of the chains, kept outside once a day."""

from __future__ import annotations

import json
import stat

import pytest

from incidents.domain import audit, organisation
from incidents.gateways import headfile
from incidents.management import findings_house
from incidents.models import AuditEntry, Letter
from incidents.tasks.housekeeping import audit_heads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path / "audit-heads"


def test_heads_are_kept_once_a_day(folder, team, alice, clock):
    audit.note(alice, "team.edited", team)
    audit_heads()
    file = folder / "2026-11-24.json"
    first = file.read_text()
    assert [(one["chain"], one["seq"]) for one in json.loads(first)["chains"]] == [(0, 1)]
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(folder.stat().st_mode)) == (0o600, 0o700)

    audit.note(alice, "team.edited", team)
    audit_heads()
    assert file.read_text() == first
    clock.forward(days=1)
    audit_heads()
    assert sorted(one.name for one in folder.iterdir()) == ["2026-11-24.json", "2026-11-25.json"]


def test_auditor_gets_one_letter_a_day(folder, team, alice, admin, clock):
    organisation.edit(by=admin, audit_address="auditor@example.com")
    assert AuditEntry.objects.filter(verb="organisation.edited").get().changes == {
        "audit_address": ["", "auditor@example.com"]
    }
    audit_heads()
    audit_heads()
    sent = Letter.objects.get(kind="audit_heads")
    assert (sent.to_email, sent.recipient_id, sent.subject) == (
        "auditor@example.com",
        None,
        "変更履歴の控え（2026年11月24日（火））",
    )
    [head] = json.loads((folder / "2026-11-24.json").read_text())["chains"]
    assert head["hash"] in sent.text and head["hash"] in sent.html


def test_nothing_is_kept_of_an_empty_house(folder, organisation):
    audit_heads()
    assert not folder.exists()


def test_doctor_says_when_no_head_was_kept_for_days(folder, team, alice, clock):
    audit.note(alice, "team.edited", team)
    audit_heads()
    clock.forward(days=2)
    assert "audit_heads_old" not in {one.code for one in findings_house.examine()}
    clock.forward(days=1)
    assert "audit_heads_old" in {one.code for one in findings_house.examine()}


def test_file_that_is_none_is_refused(folder):
    folder.mkdir()
    (folder / "2026-11-24.json").write_text("[]")
    with pytest.raises(ValueError, match="holds no heads"):
        list(headfile.read())
