"""Seven ways of tampering, as somebody with all rights over the database would, and what is told of each."""

from __future__ import annotations

import hashlib
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from incidents.domain import audit, heads, redaction
from incidents.gateways import headfile
from incidents.models import AuditChain, AuditEntry, AuditSeal
from incidents.queries import verify as looking
from incidents.queries.seal import known_keys
from tests.append_only import unguarded
from tests.factories import IncidentFactory, PersonFactory

pytestmark = pytest.mark.django_db(transaction=True)
LENGTH = 24
PLACES = range(2, 22)  # twenty of them, none at an end


@pytest.fixture
def chains(settings, tmp_path, team, other_team):
    """Two teams with a chain of LENGTH each, whose heads were exported at the end."""
    settings.DATA_DIR = tmp_path
    by = PersonFactory(name="監査 太郎")
    one, two = IncidentFactory(team=team), IncidentFactory(team=other_team)
    for n in range(LENGTH):
        for record in (one, two):
            with transaction.atomic():
                audit.note(by, "incident.edited", record, reason=f"理由 {n}", title=(f"前 {n}", f"後 {n}"))
    headfile.write(*heads.of_today())
    return team, other_team, by


def found(**asked) -> list[tuple[str, int, int]]:
    return [(one.kind, one.chain, one.seq) for one in looking.verify(**asked)]


def told() -> tuple[int, list[dict]]:
    """What the command says: its exit code, and the places."""
    out, code = StringIO(), 0
    try:
        call_command("verify_audit", "--json", stdout=out)
    except CommandError as error:
        code = error.returncode
    return code, [json.loads(line) for line in out.getvalue().splitlines()][:-1]


def run(cursor, *statements: tuple[str, list]) -> None:
    for sql, values in statements:
        cursor.execute(sql, values)


def entry_at(chain: int, seq: int) -> int:
    return AuditSeal.objects.get(chain=chain, seq=seq).entry_id


def renumber(cursor, chain: int, first: int, by: int) -> None:
    """Move every place from `first` on; two steps, so that no two places meet."""
    sql = "UPDATE incidents_auditseal SET seq = %s seq %s WHERE chain = %%s AND seq %s %%s"
    cursor.execute(sql % ("-", f"- ({by})", ">="), [chain, first])
    cursor.execute(sql % ("-", "", "<"), [chain, 0])


EDITS = {
    "actor_label": "'別人'",
    "actor_id": "4711",
    "target_label": "'別の記録'",
    "changes": "'{}'",
    "reason": "'別の理由'",
    "verb": "'incident.ended'",
    "target_type": "'measure'",
    "target_id": "4711",
    "incident_id": "4711",
    "at": "'2026-01-01 00:00:00+00:00'",
    "salt": "'00'",
    "erasure": "3",
}
EDITS_OF_SEAL = {name: f"'{'ab' * 32}'" for name in ("hash", "prev_hash", "commitment")}


def edit(cursor, chain: int, seq: int) -> tuple[str, int, int]:
    columns = [("auditentry", "id", *one) for one in EDITS.items()]
    columns += [("auditseal", "entry_id", *one) for one in EDITS_OF_SEAL.items()]
    table, key, name, value = columns[seq % len(columns)]
    cursor.execute(f"UPDATE incidents_{table} SET {name} = {value} WHERE {key} = %s", [entry_at(chain, seq)])
    return "edited", chain, seq


def delete(cursor, chain: int, seq: int) -> tuple[str, int, int]:
    """Without a trace, the later ones moved up and the head set back in every second case."""
    pk = entry_at(chain, seq)
    run(
        cursor,
        ("DELETE FROM incidents_auditseal WHERE entry_id = %s", [pk]),
        ("DELETE FROM incidents_auditentry WHERE id = %s", [pk]),
    )
    if seq % 2:
        renumber(cursor, chain, seq + 1, -1)
        cursor.execute("UPDATE incidents_auditchain SET seq = seq - 1 WHERE chain = %s", [chain])
    return "deleted", chain, seq


def cut(cursor, chain: int, seq: int) -> tuple[str, int, int]:
    """Everything from here on, with the head set back to what is left."""
    pks = list(AuditSeal.objects.filter(chain=chain, seq__gte=seq).values_list("entry_id", flat=True))
    last = AuditSeal.objects.get(chain=chain, seq=seq - 1)
    marks = ", ".join(["%s"] * len(pks))
    run(
        cursor,
        (f"DELETE FROM incidents_auditseal WHERE entry_id IN ({marks})", pks),
        (f"DELETE FROM incidents_auditentry WHERE id IN ({marks})", pks),
        ("UPDATE incidents_auditchain SET seq = %s, hash = %s WHERE chain = %s", [last.seq, last.hash, chain]),
    )
    return "cut", chain, seq


def insert(cursor, chain: int, seq: int) -> tuple[str, int, int]:
    """An entry of one's own between two others, sealed as well as one can without the key."""
    renumber(cursor, chain, seq, 1)
    like = AuditEntry.objects.get(pk=entry_at(chain, seq - 1))
    before = AuditSeal.objects.get(chain=chain, seq=seq - 1)
    made = AuditEntry.objects.create(
        actor_label="だれか", verb=like.verb, target_type="incident", target_id=1, target_label="x", team_id=chain
    )
    AuditSeal.objects.create(
        entry=made,
        chain=chain,
        seq=seq,
        prev_hash=before.hash,
        commitment="cd" * 32,
        key_id=before.key_id,
        hash=hashlib.sha256(str(seq).encode()).hexdigest(),
    )
    cursor.execute("UPDATE incidents_auditchain SET seq = seq + 1 WHERE chain = %s", [chain])
    return "inserted", chain, seq


def reorder(cursor, chain: int, seq: int) -> tuple[str, int, int]:
    first, second = entry_at(chain, seq), entry_at(chain, seq + 1)
    sql = "UPDATE incidents_auditseal SET seq = %s WHERE entry_id = %s"
    run(cursor, (sql, [-1, first]), (sql, [seq, second]), (sql, [seq + 1, first]))
    return "reordered", chain, seq


def swap_teams(cursor, chain: int, seq: int) -> tuple[str, int, int]:
    """Two teams' entries of the same place change their teams, with their seals."""
    other = AuditSeal.objects.exclude(chain__in=[chain, 0]).values_list("chain", flat=True).first()
    mine, theirs = entry_at(chain, seq), entry_at(other, seq)
    place = "UPDATE incidents_auditseal SET chain = %s, seq = %s WHERE entry_id = %s"
    whose = "UPDATE incidents_auditentry SET team_id = %s WHERE id = %s"
    run(
        cursor,
        (place, [chain, -1, mine]),
        (place, [chain, seq, theirs]),
        (place, [other, seq, mine]),
        (whose, [chain, theirs]),
        (whose, [other, mine]),
    )
    return "moved", chain, seq


def rewrite(cursor, chain: int, seq: int) -> tuple[str, int, int]:
    """From here to the end with another story, its links made anew without the key, the head as well."""
    before = AuditSeal.objects.get(chain=chain, seq=seq - 1).hash
    for one in AuditSeal.objects.filter(chain=chain, seq__gte=seq).order_by("seq"):
        made = hashlib.sha256(f"{before}{one.seq}".encode()).hexdigest()
        run(
            cursor,
            ("UPDATE incidents_auditentry SET verb = 'incident.ended' WHERE id = %s", [one.entry_id]),
            (
                "UPDATE incidents_auditseal SET prev_hash = %s, hash = %s WHERE entry_id = %s",
                [before, made, one.entry_id],
            ),
        )
        before = made
    cursor.execute("UPDATE incidents_auditchain SET hash = %s WHERE chain = %s", [before, chain])
    return "rewritten", chain, seq


KINDS = [edit, delete, cut, insert, reorder, swap_teams, rewrite]


def test_whole_trace_is_found_in_order(chains):
    assert told() == (0, [])


@pytest.mark.parametrize("tamper", KINDS, ids=lambda tamper: tamper.__name__)
def test_place_of_tampering_is_named(tamper, chains, subtests):
    """Seven kinds at twenty places each; every one is undone before the next."""
    team, _other, _by = chains
    code, names = None, []
    for seq in PLACES:
        with subtests.test(seq=seq), unguarded() as cursor, transaction.atomic():
            expected = tamper(cursor, team.pk, seq)
            code, names = told()
            places = [(one["kind"], one["chain"], one["seq"]) for one in names]
            assert code == 1
            assert (expected[0], team.slug, seq) in places, places
            transaction.set_rollback(True)
    assert found() == []


def test_edit_of_each_column_is_found(chains, subtests):
    team, _other, _by = chains
    for table, key, columns in (("auditentry", "id", EDITS), ("auditseal", "entry_id", EDITS_OF_SEAL)):
        for name, value in {**columns, **({"key_id": "'0000'"} if table == "auditseal" else {})}.items():
            with subtests.test(column=name), unguarded() as cursor, transaction.atomic():
                pk = entry_at(team.pk, 7)
                cursor.execute(f"UPDATE incidents_{table} SET {name} = {value} WHERE {key} = %s", [pk])
                kind = "unknown_key" if name == "key_id" else "edited"
                assert (kind, team.pk, 7) in found()
                transaction.set_rollback(True)


def test_cut_is_known_from_the_head_alone(chains):
    team, _other, _by = chains
    with unguarded() as cursor:
        pk = entry_at(team.pk, LENGTH)
        cursor.execute("DELETE FROM incidents_auditseal WHERE entry_id = %s", [pk])
        cursor.execute("DELETE FROM incidents_auditentry WHERE id = %s", [pk])
    assert found() == [("cut", team.pk, LENGTH)]


def test_chain_that_is_gone_is_known_from_the_heads_outside(chains):
    team, _other, _by = chains
    with unguarded() as cursor:
        pks = list(AuditSeal.objects.filter(chain=team.pk).values_list("entry_id", flat=True))
        for pk in pks:
            cursor.execute("DELETE FROM incidents_auditseal WHERE entry_id = %s", [pk])
            cursor.execute("DELETE FROM incidents_auditentry WHERE id = %s", [pk])
        cursor.execute("DELETE FROM incidents_auditchain WHERE chain = %s", [team.pk])
    assert found() == []
    assert [(one["kind"], one["seq"], one["to"]) for one in told()[1]] == [("cut", 1, LENGTH)]


def test_entry_that_nobody_sealed_is_found(chains):
    team, _other, _by = chains
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    made = AuditEntry.objects.create(actor_label="x", verb="incident.edited", target_type="incident", team_id=team.pk)
    assert [(one.kind, one.entry) for one in looking.verify()] == [("inserted", made.pk)]


def test_one_team_alone_is_looked_at(chains):
    team, other, _by = chains
    tally = looking.Tally()
    assert list(looking.verify(only=other.pk, tally=tally)) == []
    assert (tally.chains, tally.entries) == (1, LENGTH)


def test_erased_is_no_tampering(chains):
    """The name is gone from labels and words, the chain holds, and an entry tells which places were erased."""
    team, other, by = chains
    with transaction.atomic():
        changed = redaction.erase_person(by, by=None, label="消した人", names=[by.name], reason="本人の求め")
    tally = looking.Tally()
    assert list(looking.verify(tally=tally)) == []
    assert (changed, tally.erased) == (2 * LENGTH, 2 * LENGTH)
    assert by.name not in str(list(AuditEntry.objects.values()))
    told_of = AuditEntry.objects.filter(verb="audit.erased", team_id=team.pk).get()
    assert [place for place, _left in told_of.changes["places"][1]] == list(range(1, LENGTH + 1))
    assert AuditEntry.objects.filter(team_id=team.pk).order_by("pk").first().changes == {"title": ["前 0", "後 0"]}


def test_erasure_hides_nothing_that_is_changed_later(chains):
    team, _other, by = chains
    redaction.erase_person(by, by=None, label="消した人", names=[by.name])
    with unguarded() as cursor:
        cursor.execute("UPDATE incidents_auditentry SET reason = 'x' WHERE id = %s", [entry_at(team.pk, 3)])
    assert found() == [("edited", team.pk, 3)]


def test_person_is_erased_twice_over(chains):
    """Who erased one person can be erased as well; the list of places goes on to hold."""
    _team, _other, by = chains
    officer = PersonFactory(name="個人情報 花子")
    redaction.erase_person(by, by=officer, label="消した人", names=[by.name])
    redaction.erase_person(officer, by=None, label="消した人", names=[officer.name])
    assert found() == []
    assert officer.name not in str(list(AuditEntry.objects.values()))


def test_old_key_still_opens_what_it_sealed(chains, settings):
    team, _other, by = chains
    settings.AUDIT_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" + "0123456789" * 5
    with transaction.atomic():
        audit.note(by, "incident.edited", IncidentFactory(team=team))
    assert found() == []
    assert AuditSeal.objects.filter(chain=team.pk).values("key_id").distinct().count() == 2

    settings.AUDIT_KEY_FALLBACKS = []
    assert ("unknown_key", team.pk, 1) in found()
    assert known_keys().keys() == {AuditSeal.objects.get(chain=team.pk, seq=LENGTH + 1).key_id}


def test_head_follows_its_chain(chains):
    team, _other, _by = chains
    last = AuditSeal.objects.get(chain=team.pk, seq=LENGTH)
    assert AuditChain.objects.filter(pk=team.pk).values_list("seq", "hash").get() == (LENGTH, last.hash)
