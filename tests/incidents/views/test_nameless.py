"""The pages without a name: nobody is known there, signed in or not; a lead deals with what was published."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.urls import reverse

from incidents.domain import nameless
from incidents.models import AuditEntry, Incident, NamelessNote, Person
from incidents.queries import nameless as notes
from tests.factories import NamelessNoteFactory
from ushiro.middleware import NamelessMiddleware

pytestmark = pytest.mark.django_db

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}


@pytest.fixture(autouse=True)
def _fresh_brake(monkeypatch):
    """Each test has its own day: the brake counts per process."""
    monkeypatch.setattr(NamelessMiddleware, "brake", type(NamelessMiddleware.brake)(most=30))


@pytest.fixture
def door(team) -> str:
    return notes.door_path(team)


def plain(answer) -> str:
    """An answer without what is drawn anew in each."""
    return re.sub(r'nonce="[^"]*"', "", answer.content.decode())


def test_page_is_the_same_for_everybody_and_sets_nothing(door, client_of, alice, bob, carol, dave):
    answers = [client_of(one).get(door) for one in (alice, bob, carol, dave)]
    assert [one.status_code for one in answers] == [200] * 4
    assert len({plain(one) for one in answers}) == 1
    assert "受注課" in plain(answers[0])
    for one in answers:
        assert one.cookies.output() == ""
        assert {name: one.headers[name] for name in HEADERS} == HEADERS
        assert "<script" not in plain(one)
        assert "data-draft" not in plain(one)


def test_language_and_theme_of_the_person_are_not_asked(door, client_of, alice):
    Person.objects.filter(pk=alice.pk).update(language="en")
    assert 'lang="ja"' in plain(client_of(alice).get(door))


@pytest.mark.parametrize("who", ["alice", "dave"])
def test_sending_works_with_the_forgery_check_on_and_writes_the_note_alone(who, door, client_of, alice, dave):
    person = {"alice": alice, "dave": dave}[who]
    client = client_of(person, csrf=True)
    sessions = list(Session.objects.values())
    seen = Person.objects.values().get(pk=alice.pk)
    answer = client.post(door, {"text": "貼るところだった", "category": "billing", "process": "支払"})
    assert answer.status_code == 200
    assert answer.cookies.output() == ""
    receipt = re.search(r'class="receipt num">([^<]+)<', plain(answer))[1]
    assert notes.note_behind(notes.team_behind(door.split("/")[2]), receipt).text == "貼るところだった"
    assert list(Session.objects.values()) == sessions
    assert Person.objects.values().get(pk=alice.pk) == seen
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://testserver"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "https://testserver"}, 403),
    ],
)
def test_form_on_another_site_sends_nothing(headers, status, door, client_of, dave):
    answer = client_of(dave, csrf=True, **headers).post(door, {"text": "よそから"})
    assert answer.status_code == status
    assert NamelessNote.objects.exists() == (status == 200)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


def test_nothing_typed_is_lost_when_it_is_refused(door, client_of, dave):
    answer = client_of(dave).post(door, {"text": "", "process": "支払業務"})
    assert "支払業務" in plain(answer) and "is-invalid" in plain(answer)
    answer = client_of(dave).post(door, {"text": "長" * 2001})
    assert "長長長" in plain(answer)
    assert not NamelessNote.objects.exists()


def test_too_many_from_one_address_in_a_day(clock, door, client_of, dave, team, monkeypatch):
    monkeypatch.setattr(NamelessMiddleware, "brake", type(NamelessMiddleware.brake)(most=2))
    client, before = client_of(dave), dict(cache._cache)
    send = lambda n, **more: plain(client.post(door, {"text": f"知らせ {n}"}, **more))  # noqa: E731
    for n in range(4):
        send(n, REMOTE_ADDR="192.0.2.7")
    assert NamelessNote.objects.count() == 2
    assert "今日は、ここからはもう送れません。" in send(5, REMOTE_ADDR="192.0.2.7")
    send(6, REMOTE_ADDR="192.0.2.8")
    for n in range(7, 11):
        send(n, REMOTE_ADDR="127.0.0.1")  # the proxy's own: says nothing of who stands behind it
    assert NamelessNote.objects.count() == 7
    clock.forward(days=1)
    send(12, REMOTE_ADDR="192.0.2.7")
    assert NamelessNote.objects.count() == 8
    assert dict(cache._cache) == before


@pytest.mark.parametrize("token", ["x", "1-1", "1-1.", "0-0.AAAA", "あ-1.x", "1-1.AAAA.BBBB"])
def test_made_up_address_is_not_found_and_not_logged(token, team, client_of, alice, caplog):
    answer = client_of(alice).get(f"/n/{token}/")
    assert (answer.status_code, answer.cookies.output()) == (404, "")
    assert caplog.records == []


def test_no_verb_but_get_and_post(door, client_of, alice):
    assert client_of(alice).put(door).status_code == 405
    assert client_of(alice).delete(door).status_code == 405


def test_fault_names_neither_the_address_nor_who_asked(door, client_of, alice, monkeypatch, caplog):
    def fault(*_given, **_known):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(nameless, "write", fault)
    client = client_of(alice)
    client.raise_request_exception = False
    answer = client.post(door, {"text": "貼るところ"}, REMOTE_ADDR="192.0.2.7", HTTP_USER_AGENT="Program/1")
    assert answer.status_code == 500
    said = caplog.text + "".join(repr(vars(r.request)) for r in caplog.records if hasattr(r, "request"))
    assert "the disk is full" in said and "Internal Server Error: /n/" in said
    for trace in (door.split("/")[2], "192.0.2.7", "Program/1", client.cookies["ushiro_sid"].value, alice.email):
        assert trace not in caplog.text
        assert trace not in said or trace == door.split("/")[2]


def test_held_note_is_seen_by_nobody(clock, team, client_of, alice, bob, admin):
    nameless.write(team, text="まだ届かない知らせ")
    held = NamelessNote.objects.get()
    for person in (alice, bob):
        assert "まだ届かない知らせ" not in client_of(person).get("/nameless/").content.decode()
        assert client_of(person).get(reverse("nameless-record", args=[held.pk])).status_code == 404
    assert client_of(admin).get("/nameless/").content.decode().count("まだ届かない知らせ") == 0


def test_lead_takes_up_answers_and_puts_aside(clock, team, client_of, alice, bob, dave, door):
    receipt = nameless.write(team, text="宛先を一つ選びまちがえた\nすぐ気づいた")
    NamelessNote.objects.update(published_on=clock.today)
    note = NamelessNote.objects.get()
    client = client_of(alice)
    shown = client.get(f"/nameless/{note.pk}/record/").content.decode()
    assert 'value="宛先を一つ選びまちがえた"' in shown
    answer = client.post(
        f"/nameless/{note.pk}/record/", {"title": "宛先", "kind": "near_miss", "noticed_at": "2026-11-24T09:00"}
    )
    made = Incident.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, made.get_absolute_url())
    again = client.post(
        f"/nameless/{note.pk}/record/", {"title": "宛先", "kind": "concern", "noticed_at": "2026-11-24T09:00"}
    )
    assert "もう記録にしたか" in again.content.decode()
    client.post(f"/nameless/{note.pk}/reply/", {"text": "画面を直します"})
    assert "画面を直します" in client_of(bob).get("/nameless/").content.decode()
    assert "画面を直します" in plain(client_of(dave).post(f"{door}answer/", {"receipt": receipt}))
    other = NamelessNoteFactory(team=team, text="Bさんがまた忘れた", published_on=date(2026, 11, 20))
    client.post(f"/nameless/{other.pk}/aside/", {"reason": "人の名前"})
    shown = client_of(bob).get("/nameless/").content.decode()
    assert "Bさんがまた忘れた" not in shown and "人の名前" in shown


def test_record_that_one_may_not_read_is_not_named_in_the_list(clock, team, client_of, alice, bob):
    note = NamelessNoteFactory(team=team)
    made = nameless.take_up(note, by=alice, kind="concern", title="内々の件", noticed_at=clock.now)
    assert made.reference in client_of(bob).get("/nameless/").content.decode()
    Incident.objects.update(restricted=True)
    shown = client_of(bob).get("/nameless/").content.decode()
    assert made.reference not in shown and "記録にしました" in shown


def test_wrong_receipt_says_so_and_nothing_else(door, client_of, dave):
    answer = plain(client_of(dave).post(f"{door}answer/", {"receipt": "abcd-efgh-jkmn-pqrs"}))
    assert "この合言葉の知らせは見つかりません" in answer


def test_lead_renews_shuts_and_opens_the_address(team, client_of, alice, bob, dave, door):
    client = client_of(alice)
    assert door in client_of(bob).get("/nameless/").content.decode()
    client.post("/teams/orders/nameless/move/")
    assert client_of(dave).get(door).status_code == 404
    team.refresh_from_db()
    new = notes.door_path(team)
    assert client_of(dave).get(new).status_code == 200
    client.post("/teams/orders/nameless/", {"open": "0"})
    assert client_of(dave).get(new).status_code == 404
    assert "いま閉じています" in client.get("/nameless/").content.decode()
    client.post("/teams/orders/nameless/", {"open": "1"})
    assert client_of(dave).get(new).status_code == 200
    assert client_of(bob).post("/teams/orders/nameless/move/").status_code == 403


def test_today_says_that_notes_wait_and_never_how_many(clock, team, client_of, bob, carol, alice):
    said = "名前のない知らせが届いています。"
    note = NamelessNoteFactory(team=team, published_on=clock.today)
    assert said in client_of(bob).get("/").content.decode()
    assert said not in client_of(carol).get("/").content.decode()
    nameless.reply(note, by=alice, text="画面を直します")
    assert said not in client_of(bob).get("/").content.decode()
    nameless.write(team, text="まだ届かない知らせ")
    assert said not in client_of(bob).get("/").content.decode()


def test_console_shows_the_address_and_its_three_actions(team, client_of, admin, dave, door):
    client = client_of(admin)
    change, rows = reverse("admin:incidents_team_change", args=[team.pk]), reverse("admin:incidents_team_changelist")
    assert door in client.get(change).content.decode()
    for action, status in (("shut_door", 404), ("open_door", 200), ("move_door", 404)):
        client.post(rows, {"action": action, "_selected_action": team.pk})
        assert client_of(dave).get(door).status_code == status
    team.refresh_from_db()
    assert client_of(dave).get(notes.door_path(team)).status_code == 200
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", "actor_id")) == [
        ("nameless.door_shut", admin.pk),
        ("nameless.door_opened", admin.pk),
        ("nameless.door_moved", admin.pk),
    ]
