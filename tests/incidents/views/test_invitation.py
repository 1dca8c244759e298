"""The pages behind an invitation: a link that is opened does nothing, and only the right person gets in."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from incidents.domain import invitation
from incidents.enums import Role
from incidents.models import Invitation, Letter, Membership, Person
from tests.rows import everything

PASSWORD = "ことりが-7わ-とんでいった"


@pytest.fixture
def link(team, alice) -> Any:
    """`link(email)` is the path in the letter to that address."""

    def build(email: str = "new@example.jp", role: str = Role.MEMBER) -> str:
        made, url = invitation.invite(team, by=alice, email=email, role=role, language="ja")
        text = url or Letter.objects.get(key=f"invitation:{made.pk}").text
        return re.search(r"/m/join/[\w-]+/", text)[0]

    return build


def page_token(answer: Any) -> str:
    return re.search(r'name="page_token" value="([^"]+)"', answer.content.decode())[1]


def go_on(client: Any, path: str) -> Any:
    return client.post(path, {"page_token": page_token(client.get(path))})


def test_a_program_that_follows_links_changes_nothing_and_the_person_gets_in(link, client_of, dave):
    path = link()
    before = everything()
    for _ in range(3):
        robot = client_of(dave)
        assert robot.get(path).status_code == 200
        assert robot.head(path).status_code == 200
        assert robot.get(reverse("join")).status_code == 410
    assert everything() == before

    client = client_of(dave, csrf=True)
    answer = go_on(client, path)
    assert (answer.status_code, answer["Location"]) == (302, "/join/")
    shown = client.get("/join/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown.content.decode())[1]
    answer = client.post("/join/", {"name": "新田 望", "password": PASSWORD, "csrfmiddlewaretoken": token})
    assert (answer.status_code, answer["Location"]) == (302, "/teams/orders/")
    assert client.get("/teams/orders/").status_code == 200
    assert Membership.objects.get(person__email="new@example.jp").role == Role.MEMBER


def test_the_link_is_told_to_nobody(link, client_of, dave):
    answer = client_of(dave).get(link())
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"


def test_the_page_needs_its_own_button(link, client_of, dave):
    path = link()
    client = client_of(dave)
    assert client.post(path, {"page_token": "x"}).status_code == 200
    assert client.get("/join/").status_code == 410


def test_somebody_known_signs_in_first_and_then_joins(link, client_of, dave, carol):
    carol.set_password(PASSWORD)
    carol.save()
    path = link(carol.email)
    client = client_of(dave)
    go_on(client, path)
    shown = client.get("/join/")
    assert 'name="password"' not in shown.content.decode()
    assert "/account/login/?next=/join/" in shown.content.decode()
    assert client.post("/join/", {"name": "x", "password": PASSWORD}).status_code == 200
    assert Membership.objects.filter(person=carol).count() == 1

    answer = client.post("/account/login/?next=/join/", {"login": carol.email, "password": PASSWORD, "next": "/join/"})
    assert (answer.status_code, answer["Location"]) == (302, "/join/")
    assert client.post("/join/")["Location"] == "/teams/orders/"
    assert Membership.objects.filter(person=carol).count() == 2


def test_somebody_else_who_is_signed_in_is_refused(link, client_of, bob, carol):
    path = link(carol.email)
    client = client_of(bob)
    go_on(client, path)
    shown = client.get("/join/")
    assert "別のアドレス" in shown.content.decode()
    assert carol.email not in shown.content.decode()
    client.post("/join/")
    assert Invitation.objects.get().accepted_at is None


@pytest.mark.parametrize("settle", ["revoke", "demote"])
def test_between_two_pages_it_can_end(settle, link, client_of, dave, team, alice):
    path = link()
    client = client_of(dave)
    go_on(client, path)
    if settle == "revoke":
        invitation.revoke(Invitation.objects.get(), by=alice)
    else:
        Membership.objects.filter(person=alice).update(role=Role.MEMBER)
    assert client.post("/join/", {"name": "新田 望", "password": PASSWORD}).status_code == 410
    assert client.get(path).status_code == 410
    assert not Person.objects.filter(email="new@example.jp").exists()


def test_a_weak_password_is_said_at_its_field(link, client_of, dave):
    client = client_of(dave)
    go_on(client, link())
    shown = client.post("/join/", {"name": "新田 望", "password": "password"}).content.decode()
    assert "12 文字以上" in shown
    assert "新田 望" in shown


def test_a_name_that_turns_the_reading_order_is_neutralised(link, client_of, dave):
    client = client_of(dave)
    go_on(client, link())
    client.post("/join/", {"name": "新\u202e田\u200b 望", "password": PASSWORD})
    name = Person.objects.get(email="new@example.jp").name
    assert not set(name) & {"\u202e", "\u200b"}
