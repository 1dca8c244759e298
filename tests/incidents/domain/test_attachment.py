"""A file of a record: kept once, traced, taken back with a reason, and never more of it than there is room for."""

from __future__ import annotations

import io
import os
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from incidents.domain import attachment, countermeasure
from incidents.domain import incident as incidents
from incidents.enums import EntryKind, Stage
from incidents.errors import NotAllowed, Refused
from incidents.gateways import filestore, intake
from incidents.models import Attachment, AuditEntry, Incident, TimelineEntry
from incidents.queries import attachment as reads
from incidents.tasks import housekeeping
from tests.factories import AttachmentFactory, IncidentFactory
from tests.incidents.gateways.test_filetype import upload
from tests.made_files import PDF, PNG

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media")]


def received(name: str = "見積書.pdf", data: bytes = PDF) -> intake.Received:
    return intake.receive(upload(name, data))


def code_of(call) -> str:
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


def test_kept_file_has_its_hash_its_trace_and_its_line(crack, bob, media):
    made, is_new = attachment.keep(crack, by=bob, received=received())

    assert is_new
    assert (made.name, made.media_type, made.size, made.uploaded_by) == ("見積書.pdf", "application/pdf", len(PDF), bob)
    assert made.sha256 == filestore.hash_of(io.BytesIO(PDF))
    assert (media / made.file.name).read_bytes() == PDF
    assert made.file.name == f"attachments/{made.sha256[:2]}/{made.sha256}"
    trace = AuditEntry.objects.get(verb="attachment.kept")
    assert (trace.actor_id, trace.target_label, trace.changes["sha256"]) == (bob.pk, "見積書.pdf", [None, made.sha256])
    line = TimelineEntry.objects.get(kind=EntryKind.ATTACHMENT)
    assert (line.text, line.author) == ("添付: 見積書.pdf", bob)


def test_same_bytes_are_kept_once_by_whomever_and_however_named(crack, alice, bob, media):
    first, _ = attachment.keep(crack, by=bob, received=received())
    second, is_new = attachment.keep(crack, by=alice, received=received("別の名前.pdf"))

    assert (second, is_new, second.name) == (first, False, "見積書.pdf")
    assert Attachment.objects.count() == 1
    assert AuditEntry.objects.filter(verb="attachment.kept").count() == 1


def test_same_bytes_in_two_records_are_two_rows_and_one_file(crack, bob, story, media):
    attachment.keep(crack, by=bob, received=received())
    attachment.keep(story.reported(), by=bob, received=received())

    assert Attachment.objects.count() == 2
    assert len([file for file in media.rglob("*") if file.is_file()]) == 1


def test_database_holds_that_the_same_file_stands_once():
    row = AttachmentFactory(sha256="a" * 64)
    with pytest.raises(IntegrityError), transaction.atomic():
        AttachmentFactory(incident=row.incident, sha256="a" * 64)


def test_withdrawn_file_stays_with_its_reason_and_may_come_again(crack, bob, media):
    made, _ = attachment.keep(crack, by=bob, received=received())
    attachment.withdraw(made, by=bob, reason=" 別の会社のものだった ")

    made.refresh_from_db()
    assert (made.withdrawn_reason, made.withdrawn_at is not None) == ("別の会社のものだった", True)
    assert (media / made.file.name).exists()
    assert AuditEntry.objects.get(verb="attachment.withdrawn").reason == "別の会社のものだった"
    assert code_of(lambda: attachment.withdraw(made, by=bob, reason="x")) == "already_withdrawn"
    again, is_new = attachment.keep(crack, by=bob, received=received())
    assert is_new and again.pk != made.pk


def test_withdrawing_asks_for_a_reason(crack, bob):
    made, _ = attachment.keep(crack, by=bob, received=received())
    assert code_of(lambda: attachment.withdraw(made, by=bob, reason="  ")) == "no_reason"


def test_viewer_and_stranger_attach_and_withdraw_nothing(crack, bob, vera, carol):
    made, _ = attachment.keep(crack, by=bob, received=received())
    other = received("b.pdf", PDF + b"\n")
    for person in (vera, carol):
        for call in (
            lambda who=person: attachment.ask_room(crack, by=who, size=1),
            lambda who=person: attachment.keep(crack, by=who, received=other),
            lambda who=person: attachment.withdraw(made, by=who, reason="x"),
        ):
            with pytest.raises(NotAllowed):
                call()
    assert Attachment.objects.get().withdrawn_at is None


def test_ended_record_takes_no_file(crack, bob):
    incidents.end_otherwise(crack, by=bob, end=Stage.WITHDRAWN, reason="思いちがい")
    crack.refresh_from_db()
    assert code_of(lambda: attachment.keep(crack, by=bob, received=received())) == "ended"


# Room -----------------------------------------------------------------------------------------


def test_record_has_room_for_so_many_bytes(crack, bob, settings):
    settings.ATTACHMENT_INCIDENT_BYTES = len(PDF) + 10
    attachment.keep(crack, by=bob, received=received())

    assert code_of(lambda: attachment.ask_room(crack, by=bob, size=11)) == "incident_full"
    attachment.ask_room(crack, by=bob, size=10)
    assert code_of(lambda: attachment.keep(crack, by=bob, received=received("a.png", PNG))) == "incident_full"


def test_what_was_withdrawn_still_takes_room(crack, bob, settings):
    settings.ATTACHMENT_INCIDENT_BYTES = len(PDF)
    made, _ = attachment.keep(crack, by=bob, received=received())
    attachment.withdraw(made, by=bob, reason="x")
    assert code_of(lambda: attachment.ask_room(crack, by=bob, size=1)) == "incident_full"


def test_team_has_room_of_its_own(crack, bob, story, carol, other_team, settings):
    settings.ATTACHMENT_TEAM_BYTES = len(PDF)
    attachment.keep(crack, by=bob, received=received())

    assert code_of(lambda: attachment.ask_room(story.reported(), by=bob, size=1)) == "team_full"
    attachment.ask_room(IncidentFactory(team=other_team), by=carol, size=1)


def test_record_takes_so_many_files(crack, bob, monkeypatch):
    monkeypatch.setattr(attachment, "MOST_FILES", 1)
    attachment.keep(crack, by=bob, received=received())
    assert code_of(lambda: attachment.ask_room(crack, by=bob, size=1)) == "too_many_files"


# Evidence -------------------------------------------------------------------------------------


def test_evidence_alone_is_enough_for_done(story, bob):
    measure = story.promised()
    done = attachment.complete(
        measure, by=bob, note="", evidence="", files=[received("手順書.pdf"), received("a.png", PNG)]
    )

    assert done.done_note == "証拠のファイル: 手順書.pdf、a.png"
    assert [one.name for one in reads.evidence_of(done)] == ["手順書.pdf", "a.png"]
    assert reads.files_in_order(reads.file_rows(done.incident)).evidence == {done.pk: reads.evidence_of(done)}


def test_refused_done_keeps_no_evidence(story, bob, settings):
    measure = story.promised()
    countermeasure.complete(measure, by=bob, note="済み")
    assert code_of(lambda: attachment.complete(measure, by=bob, note="もう一度", files=[received()])) == "not_running"
    assert not Attachment.objects.exists()

    settings.ATTACHMENT_INCIDENT_BYTES = 1
    other = story.promised()
    assert code_of(lambda: attachment.complete(other, by=bob, note="済み", files=[received()])) == "incident_full"
    other.refresh_from_db()
    assert (other.status, Attachment.objects.count()) == ("committed", 0)


def test_done_without_anything_is_still_refused(story, bob):
    assert code_of(lambda: attachment.complete(story.promised(), by=bob, note=" ")) == "no_evidence"


# The disk ---------------------------------------------------------------------------------------


def test_unwritable_place_is_told_and_leaves_nothing(crack, bob, media):
    media.parent.mkdir(exist_ok=True)
    media.write_text("in the way")  # a file where the folder should be: works for root as well
    assert code_of(received) == "storage_unwritable"
    assert not Attachment.objects.exists()


def test_full_disk_is_told_and_leaves_nothing(media, monkeypatch):
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert code_of(received) == "storage_full"
    assert [file for file in media.rglob("*") if file.is_file()] == []


def age(media, seconds: float = 4000) -> None:
    for file in media.rglob("*"):
        if file.is_file():
            os.utime(file, (file.stat().st_mtime - seconds,) * 2)


def test_sweep_takes_what_no_row_knows_and_nothing_else(crack, bob, media):
    kept, _ = attachment.keep(crack, by=bob, received=received())
    withdrawn, _ = attachment.keep(crack, by=bob, received=received("a.png", PNG))
    attachment.withdraw(withdrawn, by=bob, reason="x")
    lost = received("c.txt", b"lost")
    (media / "incoming" / "half").write_bytes(b"half")
    age(media)
    young = received("d.txt", b"young")

    housekeeping.sweep_files()

    there = {file.relative_to(media).as_posix() for file in media.rglob("*") if file.is_file()}
    assert there == {kept.file.name, withdrawn.file.name, young.path}
    assert lost.path not in there


def test_sweep_puts_back_what_is_handed_in_again_at_that_moment(media):
    lost = received("c.txt", b"lost")
    age(media)
    asked = []

    def is_known(sha256: str) -> bool:
        if not asked:
            asked.append(received("c.txt", b"lost"))  # between the look and the removal
        return False

    assert filestore.sweep(is_known, older_than=3600) == 0
    assert (media / lost.path).read_bytes() == b"lost"


def test_files_are_compared_with_their_hashes(crack, bob, media, capsys):
    made, _ = attachment.keep(crack, by=bob, received=received())
    call_command("check_files", "--sweep")
    assert "1 files are right, 0 are not." in capsys.readouterr().out

    (media / made.file.name).write_bytes(PDF.replace(b"1.7", b"1.6"))
    with pytest.raises(CommandError):
        call_command("check_files")
    assert "K-1 見積書.pdf: missing or changed" in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_leave_one_row(crack, alice, bob, media):
    if connection.vendor != "postgresql":
        pytest.skip("threads share one SQLite connection in memory; the constraint is tested above")
    same = received()
    start, seen = threading.Barrier(2), []

    def hand_in(person) -> None:
        try:
            start.wait()
            seen.append(attachment.keep(Incident.objects.get(pk=crack.pk), by=person, received=same)[1])
        finally:
            connection.close()

    threads = [threading.Thread(target=hand_in, args=(person,)) for person in (alice, bob)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (sorted(seen), Attachment.objects.count()) == ([False, True], 1)
