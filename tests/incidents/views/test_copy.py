"""わたしの写し: everything that is kept of a person, for them alone; what an administrator's copy leaves out."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.domain import export, jotting, timeline
from incidents.enums import Certainty
from incidents.errors import NotAllowed
from incidents.gateways import personalfile
from incidents.letters import secrets
from incidents.models import AuditEntry, Membership, TimelineEntry
from incidents.queries import personal
from incidents.rules import privacy
from tests.factories import AbsenceFactory, CareCheckInFactory, IncidentFactory, LetterFactory, TimelineEntryFactory
from tests.factories.incident import IncidentReaderFactory

pytestmark = pytest.mark.django_db


def opened(answer) -> dict[str, bytes]:
    whole = b"".join(answer) if getattr(answer, "streaming", False) else answer.read()
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def table(files: dict[str, bytes], label: str) -> list[dict]:
    return json.loads(files[f"incidents.{label}.json"]) if f"incidents.{label}.json" in files else []


def test_a_person_takes_along_what_is_kept_of_them(client_of, bob, crack, clock):
    timeline.record(crack, by=bob, text="宛先を読み上げた", certainty=Certainty.FACT, event_at=clock.now)
    jotting.jot(by=bob, text="控えが一枚足りない")
    AbsenceFactory(person=bob, starts_on=date(2026, 12, 1), ends_on=date(2026, 12, 2))
    CareCheckInFactory(person=bob, day=date(2026, 11, 25))
    LetterFactory(
        recipient=bob,
        to_email=bob.email,
        subject="お知らせ",
        text="はい。http://testserver/m/abc:1w4Xyz:abcdefghijklmnopqrstuvwxyz0/ です",
    )
    answer = client_of(bob).post("/preferences/copy/")
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="ushiro_2026-11-24.zip"'
    assert answer.headers["Cache-Control"] == "no-store"
    files = opened(answer)
    assert table(files, "Person")[0]["email"] == bob.email and "password" not in table(files, "Person")[0]
    assert "宛先を読み上げた" in [one["text"] for one in table(files, "TimelineEntry")]
    assert [one["text"] for one in table(files, "Jotting")] == ["控えが一枚足りない"]
    assert [one["starts_on"] for one in table(files, "Absence")] == ["2026-12-01"]
    assert "2026-11-25" in [one["day"] for one in table(files, "CareCheckIn")]
    (letter,) = table(files, "Letter")
    assert letter["subject"] == "お知らせ" and "/m/" not in letter["text"]
    assert [one["incident"] for one in table(files, "Mending")] == []
    assert table(files, "Incident")[0]["title"] == crack.title
    page = files["index.html"].decode()
    assert "控えが一枚足りない" in page and "<script" not in page and "style=" not in page
    assert AuditEntry.objects.filter(verb="person.copied", actor_id=bob.pk, target_id=bob.pk).count() == 1


def test_what_others_wrote_of_a_record_that_one_has_left_stays_there(bob, crack, alice, clock):
    Membership.objects.filter(person=bob).delete()
    bob.standing = None
    timeline.record(crack, by=alice, text="アリスの行", certainty=Certainty.FACT, event_at=clock.now)
    entry = TimelineEntryFactory(incident=crack, author=bob, text="ボブの行")
    files = opened(personalfile.write(export.copy_of(bob, by=bob), name=bob.name))
    assert table(files, "Incident") == []
    own = [one for one in table(files, "TimelineEntry") if one["text"] == entry.text]
    assert [one["incident"] for one in own] == [crack.reference]
    whole = b"".join(files.values()).decode()
    assert "アリスの行" not in whole


def test_an_administrators_copy_leaves_out_what_is_the_persons_alone(admin, bob, crack, alice, clock):
    jotting.jot(by=bob, text="控えが一枚足りない")
    CareCheckInFactory(person=bob, day=date(2026, 11, 25))
    LetterFactory(recipient=bob, to_email=bob.email, subject="手紙の件名", text="手紙の本文")
    secret = IncidentFactory(team=crack.team, recorded_by=bob, owner=bob, title="限られた件", restricted=True)
    TimelineEntryFactory(incident=secret, author=bob, text="限られた行")
    open_line = TimelineEntryFactory(incident=crack, author=bob, text="ふつうの行")
    files = opened(personalfile.write(export.copy_of(bob, by=admin, reason="ご本人の求め"), name=bob.name))
    whole = b"".join(files.values()).decode()
    for hidden in ("控えが一枚足りない", "2026-11-25", "手紙の件名", "手紙の本文", "限られた件", "限られた行"):
        assert hidden not in whole, hidden
    assert open_line.text in whole
    assert AuditEntry.objects.get(verb="person.copied").reason == "ご本人の求め"
    IncidentReaderFactory(incident=secret, person=admin)
    assert (
        "限られた行"
        in b"".join(opened(personalfile.write(export.copy_of(bob, by=admin), name=bob.name)).values()).decode()
    )


def test_what_is_sensitive_or_secret_is_in_no_administrators_copy():
    shown = [
        (label, name)
        for label, one in privacy.inventory().items()
        for name, kept in one.fields.items()
        if kept.sort in {"sensitive", "secret"} and kept.export == "yes"
    ]
    assert shown == []
    assert {
        label
        for label, one in privacy.inventory().items()
        if "text" in one.fields and one.fields["text"].sort == "sensitive"
    } >= {
        "incidents.Jotting",
        "incidents.NamelessNote",
    }


@pytest.mark.parametrize("who", ["alice", "vera", "carol"])
def test_nobody_else_makes_a_copy(who, bob, request):
    with pytest.raises(NotAllowed) as refused:
        export.copy_of(bob, by=request.getfixturevalue(who))
    assert refused.value.code == "not_own_copy"
    assert not AuditEntry.objects.filter(verb="person.copied").exists()


def test_the_address_leads_to_its_page_and_needs_somebody_signed_in(client_of, bob, dave):
    assert client_of(bob).get("/preferences/copy/").headers["Location"] == "/preferences/#copy"
    assert client_of(dave).post("/preferences/copy/").headers["Location"].startswith("/account/login/")
    assert 'action="/preferences/copy/"' in client_of(bob).get("/preferences/").content.decode()


def test_a_copy_costs_the_same_for_one_row_and_for_three_hundred(bob, crack):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            for one in personal.sections(bob, by=bob, scrub=secrets.scrub):
                list(one.lines())
        return len(queries)

    TimelineEntryFactory(incident=crack, author=bob)
    one = cost()
    TimelineEntryFactory.create_batch(300, incident=crack, author=bob)
    assert cost() == one
    assert TimelineEntry.objects.filter(author=bob).count() > 300


def test_a_reader_who_was_taken_out_takes_nothing_of_the_record_along(bob, alice, crack):
    made = IncidentFactory(team=crack.team, recorded_by=alice, owner=alice, title="秘密の件", restricted=True)
    IncidentReaderFactory(incident=made, person=alice)
    whole = b"".join(opened(personalfile.write(export.copy_of(bob, by=bob), name=bob.name)).values()).decode()
    assert "秘密の件" not in whole
