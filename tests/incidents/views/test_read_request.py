"""閲覧をお願いする: what a colleague finds at the address of a record that is for few, and what becomes of asking (C9)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from incidents.domain import incident, read_request, reader
from incidents.domain import letter as letters
from incidents.domain import reminder as reminders
from incidents.enums import Role
from incidents.models import AuditEntry, Incident, Letter, Membership, ReadRequest
from tests.factories import MembershipFactory

CANARY = "給与明細を別の人へ渡した"
SECRETS = (CANARY, "鈴木 健太", "中身の話", "S2")


@pytest.fixture
def second_lead(team):
    return MembershipFactory(team=team, role=Role.LEAD, person__name="山田 聡").person


@pytest.fixture
def closed(team, alice, bob, second_lead, clock) -> Incident:
    made = incident.report(by=bob, team=team, title=CANARY, noticed_at=clock.now)
    Incident.objects.filter(pk=made.pk).update(owner=bob, body="中身の話", severity="S2")
    made.refresh_from_db()
    return reader.restrict(made, by=bob, readers=[alice])


def main(answer: Any) -> str:
    return re.search(r"<main[^>]*>(.*)</main>", answer.content.decode(), re.DOTALL)[1]


def test_a_colleague_finds_its_number_and_nothing_else(closed, client_of, vera, second_lead):
    for person in (vera, second_lead):
        answer = client_of(person).get(closed.get_absolute_url())
        assert answer.status_code == 403
        shown = main(answer)
        assert closed.reference in shown and "読む人が限られています" in shown
        assert [secret for secret in SECRETS if secret in answer.content.decode()] == []
        assert re.findall(r"\d+", re.sub(r"<[^>]*>", "", shown).replace(closed.reference, "")) == []


def test_another_team_is_told_what_a_number_that_is_none_tells(closed, client_of, carol, admin):
    for person in (carol, admin):
        client = client_of(person)
        for suffix in ("", "ask/"):
            for method in ("get", "post"):
                there = getattr(client, method)(closed.get_absolute_url() + suffix)
                nothing = getattr(client, method)(f"/incidents/K-99999/{suffix}")
                assert there.status_code == nothing.status_code == 404
    assert not ReadRequest.objects.exists()


def test_every_closed_record_looks_the_same(closed, client_of, vera, bob, clock, team, alice):
    other = reader.restrict(
        incident.report(by=alice, team=team, title="ほか", noticed_at=clock.now), by=alice, readers=[alice]
    )
    client = client_of(vera)
    shown = [main(client.get(one.get_absolute_url())).replace(one.reference, "K") for one in (closed, other)]
    clean = [re.sub(r'(value|nonce)="[^"]*"', "", one) for one in shown]
    assert clean[0] == clean[1]


def test_asked_granted_and_read(closed, client_of, vera, alice, bob, second_lead):
    client = client_of(vera)
    client.post(closed.get_absolute_url() + "ask/", {"reason": "同じ取引先を受け持つため"})
    request = ReadRequest.objects.get()
    asked = Letter.objects.filter(kind="reader_asked")
    assert {one.recipient for one in asked} == {alice, bob}
    assert not any(secret in one.text + one.subject for one in asked for secret in (CANARY, "中身の話"))
    assert "お願いしてあります" in main(client.get(closed.get_absolute_url()))

    assert "同じ取引先" in main(client_of(bob).get(closed.get_absolute_url() + "readers/"))
    client_of(bob).post(f"/read-requests/{request.pk}/grant/")
    assert CANARY in client.get(closed.get_absolute_url()).content.decode()
    assert set(closed.reader_rows.values_list("person", flat=True)) == {alice.pk, vera.pk}
    assert Letter.objects.get(kind="reader_answered").recipient == vera
    assert {"read_request.asked", "read_request.granted", "incident.restricted"} <= set(
        AuditEntry.objects.filter(incident_id=closed.pk).values_list("verb", flat=True)
    )
    assert client_of(second_lead).get(closed.get_absolute_url()).status_code == 403


def test_declined_with_a_word(closed, client_of, vera, alice):
    client_of(vera).post(closed.get_absolute_url() + "ask/", {"reason": "知りたい"})
    request = ReadRequest.objects.get()
    client_of(alice).post(f"/read-requests/{request.pk}/decline/", {"answer": ""})
    request.refresh_from_db()
    assert request.state == ReadRequest.State.OPEN
    client_of(alice).post(f"/read-requests/{request.pk}/decline/", {"answer": "本人の希望のため"})
    shown = main(client_of(vera).get(closed.get_absolute_url()))
    assert "本人の希望のため" in shown and CANARY not in shown
    client_of(vera).post(closed.get_absolute_url() + "ask/", {"reason": "もう一度"})
    assert ReadRequest.objects.count() == 1
    letter = Letter.objects.get(kind="reader_answered")
    assert "本人の希望のため" in letter.text and CANARY not in letter.text


def test_nobody_else_answers(closed, client_of, vera, second_lead, carol, alice, team, clock):
    """A member who reads it does not decide; who does not read it does not find the request."""
    mate = MembershipFactory(team=team).person
    reader.restrict(closed, by=alice, readers=[alice, mate])
    client_of(vera).post(closed.get_absolute_url() + "ask/", {"reason": "知りたい"})
    request = ReadRequest.objects.get()
    for person, status in ((mate, 403), (second_lead, 404), (carol, 404), (vera, 404)):
        for act in ("grant", "decline"):
            answer = client_of(person).post(f"/read-requests/{request.pk}/{act}/", {"answer": "x"})
            assert answer.status_code == status
    assert "知りたい" not in main(client_of(mate).get(closed.get_absolute_url() + "readers/"))
    request.refresh_from_db()
    assert request.state == ReadRequest.State.OPEN


@pytest.mark.parametrize("twice", ["grant", "decline"])
def test_answered_once(twice, closed, client_of, vera, alice, bob):
    client_of(vera).post(closed.get_absolute_url() + "ask/", {"reason": "知りたい"})
    request = ReadRequest.objects.get()
    client_of(alice).post(f"/read-requests/{request.pk}/grant/")
    client_of(bob).post(f"/read-requests/{request.pk}/{twice}/", {"answer": "だめ"})
    request.refresh_from_db()
    assert (request.state, request.answered_by) == (ReadRequest.State.GRANTED, alice)
    assert Letter.objects.filter(kind="reader_answered").count() == 1


def test_no_reason_is_told_beside_the_field(closed, client_of, vera):
    answer = client_of(vera).post(closed.get_absolute_url() + "ask/", {"reason": " "})
    assert answer.status_code == 403
    assert not ReadRequest.objects.exists()


def test_letters_are_asked_again_when_they_go(closed, vera, alice, bob, settings, clock):
    settings.MAIL_CONFIGURED = True
    request = read_request.ask(closed, by=vera, reason="知りたい")
    read_request.decline(request, by=bob, answer="本人の希望のため")
    asked = [letters.claim() for _ in range(3)]
    answers = {(one.kind, reminders.still_wanted(one)) for one in asked}
    assert answers == {("reader_asked", False), ("reader_answered", True)}


def test_who_has_left_is_told_nothing(closed, vera, bob, settings, clock):
    settings.MAIL_CONFIGURED = True
    request = read_request.ask(closed, by=vera, reason="知りたい")
    read_request.decline(request, by=bob, answer="本人の希望のため")
    Membership.objects.filter(person=vera).delete()
    found = {one.kind: reminders.still_wanted(one) for one in (letters.claim() for _ in range(3))}
    assert found["reader_answered"] is False
