"""Whoever loses their standing is out at the very next request, by whatever they come with (hardening, privilege kept)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from incidents.admin.person import password_url
from incidents.domain import feed, invitation, reminder, team
from incidents.domain import letter as letters
from incidents.domain import person as persons
from incidents.enums import MailAct, Role
from incidents.letters import links
from incidents.models import Invitation, Letter, Membership, Person
from tests.factories import MembershipFactory

PASSWORD = "ことりが-7わ-とんでいった"


def _path(url: str) -> str:
    return urlsplit(url).path


@pytest.fixture
def lead(story, settings) -> Person:
    """A lead who is about to lose their standing, with a promise of their own; alice stays."""
    settings.MAIL_CONFIGURED = True
    settings.INBOUND_ADDRESS = "post@ushiro.example.jp"
    return MembershipFactory(team=story.team, role=Role.LEAD, person__name="中村 誠").person


@pytest.fixture
def kinds(lead, story, clock, client_of, dave) -> dict[str, Callable[[], bool]]:
    """Each kind of credential by name, as a question whether it still lets in; all of them do at first."""
    measure = story.promised(owner=lead, checker=story.bob, due_on=clock.today)
    sessions = [client_of(lead), client_of(lead)]
    token = feed.make(lead, by=lead)
    persons.make_intake(lead, by=lead)
    key = Person.objects.get(pk=lead.pk).intake_key
    made, _url = invitation.invite(story.team, by=lead, email="new@example.jp", role=Role.MEMBER, language="ja")
    lead.refresh_from_db()
    done, due = links.done_url(measure.follow_up, lead), links.act_url(MailAct.DUE, measure.follow_up, lead)
    away, reset = links.away_url(lead), password_url(lead)
    waiting = reminder.write_digest(lead)

    def opens(url: str) -> bool:
        return client_of(dave).get(_path(url)).status_code == 200

    def goes() -> bool:
        one = letters.claim(waiting.pk) if waiting else None
        return one is not None and reminder.still_wanted(one)

    def invites() -> bool:
        return invitation.leads_in(Invitation.objects.get(pk=made.pk), now=clock.now)

    return {
        "session": lambda: sessions[0].get("/").status_code == 200,
        "another session": lambda: sessions[1].get("/incidents/").status_code == 200,
        "calendar": lambda: client_of(dave).get(f"/feed/{token}.ics").status_code == 200,
        "link: done": lambda: opens(done),
        "link: due": lambda: opens(due),
        "link: away": lambda: opens(away),
        "invitation": invites,
        "forwarding": lambda: Person.objects.filter(intake_key=key, is_active=True).exists(),
        "waiting letter": goes,
        "password link": lambda: _resets(client_of(dave), reset, sign_in=lead.email),
    }


def _resets(client: Any, url: str, *, sign_in: str) -> bool:
    """Whether a password link lets somebody in; asked last, for it changes the password."""
    step = client.get(_path(url), follow=True)
    place = step.redirect_chain[-1][0] if step.redirect_chain else _path(url)
    client.post(place, {"password1": PASSWORD, "password2": PASSWORD})
    client.post("/account/login/", {"login": sign_in, "password": PASSWORD})
    return client.get("/").status_code == 200


def test_each_of_them_lets_in_at_first(kinds):
    assert {name: ask() for name, ask in kinds.items()} == dict.fromkeys(kinds, True)


def test_deactivated(kinds, lead, admin):
    persons.edit_person(lead, by=admin, is_active=False)
    assert {name: ask() for name, ask in kinds.items()} == dict.fromkeys(kinds, False)


def test_none_comes_back_with_the_person(kinds, lead, admin):
    """Whoever has found one of them meanwhile has found nothing; the person begins anew."""
    persons.edit_person(lead, by=admin, is_active=False)
    persons.edit_person(Person.objects.get(pk=lead.pk), by=admin, is_active=True)
    kinds.pop("waiting letter"), kinds.pop("password link")
    assert {name: ask() for name, ask in kinds.items()} == dict.fromkeys(kinds, False)


@pytest.mark.parametrize("how", ["demoted to viewer", "demoted to member", "taken out"])
def test_demoted_or_taken_out(how, kinds, lead, story):
    """The forwarding address makes private drafts of their own alone, so it stays; a person may set a new password."""
    if how == "taken out":
        team.remove_membership(Membership.objects.get(person=lead, team=story.team), by=story.alice)
    else:
        role = Role.VIEWER if how.endswith("viewer") else Role.MEMBER
        team.set_membership(by=story.alice, person=lead, team=story.team, role=role)
    kept = {"forwarding", "password link"}
    assert {name: ask() for name, ask in kinds.items()} == {name: name in kept for name in kinds}


def test_no_administrator_any_more(kinds, lead, admin):
    Person.objects.filter(pk=lead.pk).update(is_admin=True)
    persons.edit_person(lead, by=admin, is_admin=False)
    assert [kinds[name]() for name in ("session", "another session", "calendar", "link: done")] == [False] * 4
    assert kinds["invitation"]()  # a lead may send it all the same


def test_more_to_say_ends_nothing(kinds, lead, story, admin):
    Membership.objects.filter(person=lead).update(role=Role.MEMBER)
    team.set_membership(by=admin, person=lead, team=story.team, role=Role.LEAD)
    persons.edit_person(lead, by=admin, is_admin=True)
    assert {name: ask() for name, ask in kinds.items()} == dict.fromkeys(kinds, True)


def test_who_leaves_by_themselves_stays_signed_in(kinds, lead, story):
    team.remove_membership(Membership.objects.get(person=lead, team=story.team), by=lead)
    assert kinds["session"]()
    assert [kinds[name]() for name in ("link: done", "link: due", "link: away", "invitation")] == [False] * 4


def test_another_address_ends_the_sessions_too(kinds, lead, admin):
    persons.edit_person(lead, by=admin, email="elsewhere@example.jp")
    assert not kinds["session"]() and not kinds["link: done"]()


def test_a_session_of_before_the_first_round_goes_on(lead, client_of):
    """The mark of a session is Django's own until a first round ends: nobody is signed out by an upgrade."""
    from django.contrib.auth.base_user import AbstractBaseUser

    assert lead.get_session_auth_hash() == AbstractBaseUser.get_session_auth_hash(lead)


def test_the_letter_of_an_invitation_holds_its_token_alone(lead, story):
    invitation.invite(story.team, by=lead, email="new@example.jp", role=Role.MEMBER, language="ja")
    texts = [one.text for one in Letter.objects.filter(kind="invitation")]
    assert [len(re.findall(r"/m/join/[\w-]{43}/", text)) for text in texts] == [1]
