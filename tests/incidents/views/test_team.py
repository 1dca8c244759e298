"""The team's own page: who belongs to it, who decides about it, how one leaves."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from incidents.domain import incident, leaving
from incidents.enums import Role
from incidents.errors import Refused
from incidents.models import AuditEntry, FollowUp, Incident, Invitation, Letter, Membership, Person, Team
from tests.factories import InvitationFactory, MembershipFactory
from tests.rows import everything


@pytest.fixture
def second_lead(team):
    return MembershipFactory(team=team, role=Role.LEAD, person__name="中村 誠").person


def place(person: Any, team: Any) -> Membership:
    return Membership.objects.get(person=person, team=team)


@pytest.mark.parametrize("who", ["alice", "bob", "vera", "admin"])
def test_the_people_of_a_team_are_shown_to_it(who, request, team, alice, bob, vera, admin, client_of):
    shown = client_of(request.getfixturevalue(who)).get("/teams/orders/").content.decode()
    assert [name in shown for name in ("佐藤 美咲", "鈴木 健太", "高橋 直子")] == [True] * 3
    assert ("招待する" in shown) == (who in {"alice", "admin"})
    assert "@example.jp" not in shown


def test_no_number_stands_beside_a_name(story, client_of):
    """Invariant 8: two open promises more change nothing on the page."""
    client = client_of(story.alice)
    clean = lambda: re.sub(r'(nonce|value|content|"X-CSRFToken": ?)="[^"]*"', "", _main(client.get("/teams/orders/")))  # noqa: E731
    before = clean()
    story.promised()
    assert clean() == before


def _main(answer: Any) -> str:
    return answer.content.decode().partition("<main")[2].partition("</main>")[0]


def test_another_team_is_not_there(team, alice, carol, client_of):
    invitation = InvitationFactory(team=team, invited_by=alice)
    client = client_of(carol)
    for url in (
        "/teams/orders/",
        "/teams/orders/invite/",
        f"/memberships/{place(alice, team).pk}/role/",
        f"/memberships/{place(alice, team).pk}/leave/",
        f"/invitations/{invitation.pk}/again/",
        f"/invitations/{invitation.pk}/revoke/",
    ):
        for method in ("get", "post"):
            assert getattr(client, method)(url).status_code == 404, url


def test_a_member_and_a_viewer_decide_nothing(team, alice, bob, vera, client_of):
    invitation = InvitationFactory(team=team, invited_by=alice)
    for person in (bob, vera):
        client = client_of(person)
        for url in (
            "/teams/orders/invite/",
            f"/memberships/{place(alice, team).pk}/role/",
            f"/memberships/{place(alice, team).pk}/leave/",
            f"/memberships/{place(person, team).pk}/role/",
            f"/invitations/{invitation.pk}/again/",
            f"/invitations/{invitation.pk}/revoke/",
        ):
            assert client.post(url, {"role": "lead"}).status_code == 403, url
    assert Invitation.objects.get().revoked_at is None
    assert place(bob, team).role == Role.MEMBER


def test_a_lead_invites_and_takes_it_back(team, alice, client_of, settings):
    settings.MAIL_CONFIGURED = True
    client = client_of(alice)
    answer = client.post("/teams/orders/invite/", {"email": "New@Example.jp", "role": "viewer", "language": "en"})
    assert (answer.status_code, answer["Location"]) == (302, "/teams/orders/")
    made = Invitation.objects.get()
    assert (made.email, made.role, made.invited_by) == ("new@example.jp", Role.VIEWER, alice)
    letter = Letter.objects.get()
    assert (letter.to_email, letter.recipient, letter.language) == ("new@example.jp", None, "en")
    assert "new@example.jp" in client.get("/teams/orders/").content.decode()

    client.post(f"/invitations/{made.pk}/again/")
    made.refresh_from_db()
    assert made.revoked_at and Invitation.objects.unsettled().count() == 1
    client.post(f"/invitations/{Invitation.objects.unsettled().get().pk}/revoke/")
    assert not Invitation.objects.unsettled().exists()


def test_without_a_mail_server_the_link_stands_on_the_one_answer(team, alice, client_of, settings):
    settings.MAIL_CONFIGURED = False
    client = client_of(alice)
    shown = client.post("/teams/orders/invite/", {"email": "n@example.jp", "role": "member", "language": "ja"})
    assert "/m/join/" in shown.content.decode()
    assert "/m/join/" not in client.get("/teams/orders/").content.decode()


def test_a_lead_changes_roles_and_the_last_lead_stays(team, alice, bob, client_of):
    client = client_of(alice)
    client.post(f"/memberships/{place(alice, team).pk}/role/", {"role": "member"})
    client.post(f"/memberships/{place(alice, team).pk}/leave/", {})
    assert place(alice, team).role == Role.LEAD
    client.post(f"/memberships/{place(bob, team).pk}/role/", {"role": "lead"})
    assert place(bob, team).role == Role.LEAD
    client.post(f"/memberships/{place(alice, team).pk}/leave/", {})
    assert not Membership.objects.filter(person=alice).exists()


def test_leaving_asks_who_takes_what_one_holds(story, client_of):
    """Nothing is orphaned silently: without an answer nobody leaves."""
    measure = story.promised()
    bob, alice, team = story.bob, story.alice, story.team
    own = incident.report(by=bob, team=team, title="送り先ちがい", noticed_at=measure.created_at)
    Incident.objects.filter(pk=own.pk).update(owner=bob)
    gin = MembershipFactory(team=team, person__name="銀 次郎").person
    where = f"/memberships/{place(bob, team).pk}/leave/"
    client = client_of(bob)
    shown = client.get(where).content.decode()
    assert measure.title in shown and "送り先ちがい" in shown

    assert client.post(where, {}).status_code == 200
    assert Membership.objects.filter(person=bob).exists()

    # Alice is to check the countermeasure, so somebody else has to do it.
    answer = client.post(where, {"all_to": alice.pk, "reason": "異動"})
    assert answer.status_code == 200 and "引き受けられません" in answer.content.decode()
    assert Membership.objects.filter(person=bob).exists()

    answer = client.post(where, {"all_to": alice.pk, f"promise-{measure.follow_up.pk}": gin.pk, "reason": "異動"})
    assert (answer.status_code, answer["Location"]) == (302, "/teams/"), _main(answer)
    assert not Membership.objects.filter(person=bob).exists()
    assert not FollowUp.objects.open().filter(owner=bob).exists()
    assert Incident.objects.get(pk=own.pk).owner == alice
    assert not Letter.objects.filter(kind="orphaned").exists()
    assert {one.recipient for one in Letter.objects.filter(kind="handed_over")} == {alice, gin}


def test_taken_out_by_a_lead_with_what_they_hold(story, client_of):
    measure = story.promised()
    bob, alice, team = story.bob, story.alice, story.team
    where = f"/memberships/{place(bob, team).pk}/leave/"
    session = client_of(bob)
    assert session.get("/").status_code == 200
    gin = MembershipFactory(team=team, person__name="銀 次郎").person
    client_of(alice).post(where, {"all_to": gin.pk})
    assert not Membership.objects.filter(person=bob).exists()
    assert session.get("/").status_code == 302
    measure.refresh_from_db()
    assert measure.owner == gin


def test_what_cannot_move_moves_nothing(story):
    """One refusal, and the whole stays: no half-left team."""
    measure = story.promised()
    bob, alice, team = story.bob, story.alice, story.team
    own = incident.report(by=bob, team=team, title="送り先ちがい", noticed_at=measure.created_at)
    Incident.objects.filter(pk=own.pk).update(owner=bob)
    gin = MembershipFactory(team=team, person__name="銀 次郎").person
    before = everything()
    with pytest.raises(Refused):
        leaving.leave(
            place(bob, team), by=bob, to={f"incident-{own.pk}": gin, f"promise-{measure.follow_up.pk}": alice}
        )
    assert everything() == before


def test_what_the_lead_may_not_read_is_neither_shown_nor_lost(story, second_lead_of, client_of):
    """C9: the lead who takes somebody out sees nothing of a record for few; the lead who reads it gets a letter."""
    measure = story.promised()
    bob, alice, team = story.bob, story.alice, story.team
    other = second_lead_of(team)
    Incident.objects.filter(pk=measure.incident_id).update(restricted=True, owner=alice, backup=None, recorded_by=bob)
    where = f"/memberships/{place(bob, team).pk}/leave/"
    shown = client_of(other).get(where).content.decode()
    assert measure.title not in shown and measure.incident.reference not in shown
    client_of(other).post(where, {})
    assert not Membership.objects.filter(person=bob).exists()
    assert [one.recipient for one in Letter.objects.filter(kind="orphaned")] == [alice]


@pytest.fixture
def second_lead_of():
    return lambda team: MembershipFactory(team=team, role=Role.LEAD, person__name="中村 誠").person


def test_an_administrator_makes_a_team_and_nobody_else(admin, alice, client_of):
    assert client_of(alice).post("/team/new/", {"name": "経理", "slug": "keiri"}).status_code == 403
    answer = client_of(admin).post("/team/new/", {"name": "経理", "slug": "keiri"})
    assert answer["Location"] == "/teams/keiri/"
    assert client_of(admin).post("/team/new/", {"name": "経理", "slug": "keiri"}).status_code == 200
    assert Team.objects.filter(slug="keiri").count() == 1
    assert "team.created" in AuditEntry.objects.values_list("verb", flat=True)


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_the_page_costs_the_same_for_any_number(rows, team, alice, client_of, django_assert_num_queries):
    for _ in range(rows):
        MembershipFactory(team=team)
        InvitationFactory(team=team, invited_by=alice)
    client = client_of(alice)
    client.get("/teams/orders/")
    with django_assert_num_queries(7):
        client.get("/teams/orders/")


# Several teams ----------------------------------------------------------------------------------


@pytest.fixture
def two_teams(team, other_team, bob):
    MembershipFactory(team=other_team, person=bob)
    return team, other_team


def test_who_has_one_team_has_nothing_to_choose(bob, client_of):
    assert "team-switch" not in client_of(bob).get("/").content.decode()


def test_the_chosen_team_is_remembered_and_the_lists_open_with_it(two_teams, bob, client_of):
    client = client_of(bob)
    assert "すべてのチーム" in client.get("/").content.decode()
    answer = client.post("/team/choose/", {"team": "accounts", "next": "/seams/"})
    assert answer["Location"] == "/seams/?view=all&team=accounts"
    for name in ("incident-list", "seam-list"):
        assert client.get(reverse(name))["Location"] == f"{reverse(name)}?team=accounts"
    assert '<option value="accounts" selected' in client.get("/incidents/new/").content.decode()
    assert client.get("/incidents/?team=orders").status_code == 200

    client.post("/team/choose/", {"team": ""})
    assert client.get("/incidents/").status_code == 200


def test_a_team_that_is_not_ones_own_cannot_be_chosen(team, other_team, bob, client_of):
    assert client_of(bob).post("/team/choose/", {"team": "accounts"}).status_code == 404


def test_a_chosen_team_that_was_left_is_forgotten(two_teams, bob, client_of):
    client = client_of(bob)
    client.post("/team/choose/", {"team": "accounts"})
    Membership.objects.filter(person=bob, team__slug="accounts").delete()
    assert client.get("/incidents/").status_code == 200


@pytest.mark.parametrize("name", ["田\u202eぬき 太郎", "ゼロ\u200b幅", "\u2066囲み\u2069"])
def test_a_team_or_person_whose_name_turns_the_reading_order_is_neutralised(name, admin, client_of):
    client_of(admin).post("/team/new/", {"name": name, "slug": "odd"})
    made = Person(email="x@example.jp", name=name)
    made.clean()
    for shown in (Team.objects.get(slug="odd").name, made.name):
        assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b")
