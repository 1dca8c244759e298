"""The trace in its chains, and the database that keeps it as it is."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from incidents.domain import audit, incident, redaction, seal
from incidents.models import AuditChain, AuditEntry, AuditSeal, Organisation
from incidents.queries import doctor
from incidents.queries.verify import Tally, verify
from incidents.rules.seal import GENESIS
from tests.append_only import unguarded
from tests.factories import IncidentFactory, PersonFactory

committing = pytest.mark.django_db(transaction=True)


@pytest.fixture
def written(team) -> AuditEntry:
    """Three entries of a team, committed; the second of them."""
    record = IncidentFactory(team=team)
    return [audit.note(None, "incident.edited", record, reason=str(n)) for n in range(3)][1]


def refused(sql: str, *values: object) -> bool:
    """Whether the database refuses the statement, whoever asks."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
    except DatabaseError as error:
        return "append-only" in str(error)
    return False


@committing
def test_entry_has_its_place_when_its_transaction_ends(team, alice):
    with transaction.atomic():
        one = audit.note(alice, "team.edited", team)
        assert not AuditSeal.objects.exists()
    first = AuditSeal.objects.get(entry=one)
    assert (first.chain, first.seq, first.prev_hash) == (0, 1, GENESIS)
    two = audit.note(alice, "incident.edited", IncidentFactory(team=team))
    assert (two.seal.chain, two.seal.seq) == (team.pk, 1)


@committing
def test_what_is_rolled_back_takes_no_place(team, alice):
    record = IncidentFactory(team=team)
    with transaction.atomic():
        audit.note(alice, "incident.edited", record)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            audit.note(alice, "incident.ended", record)
            raise ZeroDivisionError
        audit.note(alice, "incident.reopened", record)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.note(alice, "incident.ended", record)
        raise ZeroDivisionError
    places = AuditSeal.objects.filter(chain=team.pk).order_by("seq").values_list("seq", "entry__verb")
    assert list(places) == [(1, "incident.edited"), (2, "incident.reopened")]


@committing
def test_change_whose_entry_cannot_be_sealed_does_not_stand(alice, team, monkeypatch):
    """A fault at the very end: the record, its entry and its place go together."""
    before = AuditEntry.objects.count()

    def broken(*_: object) -> None:
        raise RuntimeError("no key")

    monkeypatch.setattr(seal, "signing_key", broken)
    from django.utils import timezone

    from incidents.models import Incident

    with pytest.raises(RuntimeError):
        incident.report(by=alice, team=team, title="二重払い", noticed_at=timezone.now(), who_waits="銀行")
    assert (Incident.objects.count(), AuditEntry.objects.count()) == (0, before)
    monkeypatch.undo()
    audit.note(alice, "team.edited", team)
    assert list(verify()) == []


@committing
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE incidents_auditentry SET reason = 'x' WHERE id = %s",
        "UPDATE incidents_auditentry SET changes = '{}' WHERE id = %s",
        "UPDATE incidents_auditentry SET verb = 'x' WHERE id = %s",
        "UPDATE incidents_auditentry SET team_id = NULL WHERE id = %s",
        "UPDATE incidents_auditentry SET reason = 'x', salt = 'x', erasure = 3 WHERE id = %s",
        "DELETE FROM incidents_auditentry WHERE id = %s",
        "UPDATE incidents_auditseal SET hash = 'x' WHERE entry_id = %s",
        "DELETE FROM incidents_auditseal WHERE entry_id = %s",
    ],
)
def test_database_refuses_to_change_the_trace(sql, written):
    assert refused(sql, written.pk)


@committing
def test_database_lets_a_head_only_go_on(written, team):
    assert refused("UPDATE incidents_auditchain SET seq = seq - 1 WHERE chain = %s", team.pk)
    assert refused("UPDATE incidents_auditchain SET hash = 'x' WHERE chain = %s", team.pk)
    assert refused("DELETE FROM incidents_auditchain WHERE chain = %s", team.pk)


@committing
def test_postgresql_refuses_to_empty_the_trace(written):
    if connection.vendor == "postgresql":
        assert refused("TRUNCATE incidents_auditentry, incidents_auditseal")
        assert refused("TRUNCATE incidents_auditchain")
    assert AuditEntry.objects.filter(pk=written.pk).exists()


@committing
def test_database_lets_an_erasure_through_that_is_told_first(written, alice):
    redaction.erase_person(alice, by=None, label="消した人", names=["1"])
    assert AuditEntry.objects.filter(erasure__isnull=False).exists() is False  # one letter is no name
    audit.note(alice, "incident.edited", IncidentFactory(team_id=written.team_id))
    assert redaction.erase_person(alice, by=None, label="消した人", names=[alice.name]) == 1
    erased = AuditEntry.objects.get(erasure__isnull=False)
    assert refused(
        "UPDATE incidents_auditentry SET verb = 'x', salt = 'x', erasure = erasure + 1 WHERE id = %s", erased.pk
    )
    assert refused("UPDATE incidents_auditentry SET reason = 'x', salt = 'x' WHERE id = %s", erased.pk)


@committing
def test_doctor_sees_that_a_trigger_is_gone(written):
    assert doctor.unguarded() is False
    with unguarded():
        assert doctor.unguarded() is True
    assert doctor.unguarded() is False


@committing
def test_entries_of_before_are_sealed_and_unsealed(team, alice):
    """The migration, on entries as an earlier version wrote them; broken off after a batch it goes on."""
    moved = importlib.import_module("incidents.migrations.0048_seal_what_was_written")
    record = IncidentFactory(team=team)
    for n in range(5):
        AuditEntry.objects.create(
            actor_label="x", verb="incident.edited", target_type="incident", target_id=record.pk, team_id=team.pk
        )
        AuditEntry.objects.create(actor_label="x", verb="team.edited", target_type="team", reason=str(n))
    editor = type("Editor", (), {"connection": connection})
    moved.BATCH, kept = 4, moved.BATCH
    try:
        assert moved.seal_batch(apps, connection) == 4
        assert AuditSeal.objects.count() == 4
        moved.seal(apps, editor)
    finally:
        moved.BATCH = kept
    tally = Tally()
    assert list(verify(tally=tally)) == []
    assert (tally.entries, {chain: seq for chain, (seq, _hash) in tally.heads.items()}) == (10, {0: 5, team.pk: 5})
    assert "" not in AuditEntry.objects.values_list("salt", flat=True)
    with unguarded():
        moved.unseal(apps, editor)
    assert (AuditSeal.objects.count(), AuditChain.objects.count(), AuditEntry.objects.count()) == (0, 0, 10)


@committing
def test_two_teams_have_a_chain_each_and_the_house_its_own(team, other_team, alice):
    for record in (IncidentFactory(team=team), IncidentFactory(team=other_team)):
        audit.note(alice, "incident.edited", record)
    audit.note(alice, "organisation.edited", Organisation.objects.get())
    assert sorted(AuditChain.objects.values_list("chain", "seq")) == sorted([(0, 1), (team.pk, 1), (other_team.pk, 1)])


@committing
def test_same_words_are_committed_to_differently_each_time(team):
    """Without the salt nobody can try out what an erased entry may have said."""
    record = IncidentFactory(team=team)
    for _ in range(2):
        audit.note(PersonFactory(name="同じ 人"), "incident.edited", record)
    assert AuditSeal.objects.values("commitment").distinct().count() == 2
