"""An invitation lets in one person, once, while whoever sent it could still send it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from incidents.domain import invitation, reminder, team
from incidents.domain import letter as letters
from incidents.domain import person as persons
from incidents.enums import LetterKind, LetterState, Role
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, Invitation, Letter, Membership, Person
from tests.factories import MembershipFactory

PASSWORD = "ことりが-7わ-とんでいった"


def token_of(url_or_text: str) -> str:
    return re.search(r"/m/join/([\w-]+)/", url_or_text)[1]


def invited(team_: Any, by: Any, email: str = "new@example.jp", role: str = Role.MEMBER) -> tuple[Invitation, str]:
    """An invitation and the hash of its token, as its link would bring it."""
    made, url = invitation.invite(team_, by=by, email=email, role=role, language="ja")
    text = url or Letter.objects.get(key=f"invitation:{made.pk}").text
    return made, invitation.hash_of(token_of(text))


def code_of(refused: Any) -> str:
    return refused.value.code


@pytest.fixture
def second_lead(team):
    return MembershipFactory(team=team, role=Role.LEAD, person__name="中村 誠").person


def test_somebody_new_becomes_a_person_and_a_member(team, alice):
    made, came = invited(team, alice)
    person = invitation.accept_as_new(came, name="新田 望", password=PASSWORD, language="en")
    made.refresh_from_db()

    assert (person.email, person.name, person.language, person.check_password(PASSWORD)) == (
        "new@example.jp",
        "新田 望",
        "en",
        True,
    )
    assert list(Membership.objects.filter(person=person).values_list("team", "role")) == [(team.pk, Role.MEMBER)]
    assert made.accepted_by == person
    assert set(AuditEntry.objects.values_list("verb", flat=True)) >= {
        "invitation.sent",
        "person.joined",
        "invitation.accepted",
        "membership.changed",
    }


def test_somebody_known_joins_with_their_own_address_in_any_spelling(team, alice, carol):
    _made, came = invited(team, alice, email="ＣＡＲＯＬ@Example.JP", role=Role.VIEWER)
    assert invitation.accept(came, by=carol).role == Role.VIEWER


def test_who_is_in_the_team_already_keeps_their_role(team, alice, second_lead):
    _made, came = invited(team, alice, email=second_lead.email, role=Role.VIEWER)
    assert invitation.accept(came, by=second_lead).role == Role.LEAD


def test_a_token_is_kept_as_a_hash_alone(team, alice, settings):
    settings.MAIL_CONFIGURED = False
    made, url = invitation.invite(team, by=alice, email="new@example.jp", role=Role.MEMBER, language="ja")
    assert url.startswith(settings.SITE_URL + "/m/join/")
    assert made.token_hash == invitation.hash_of(token_of(url))
    assert not Letter.objects.exists()
    assert token_of(url) not in str(list(AuditEntry.objects.values()) + list(Invitation.objects.values()))


@pytest.mark.parametrize(
    "ruin",
    [
        lambda one, by, other: invitation.revoke(one, by=by),
        lambda one, by, other: invitation.send_again(one, by=by, language="ja"),
        lambda one, by, other: Invitation.objects.update(expires_at=one.created_at + timedelta(seconds=1)),
        lambda one, by, other: team.set_membership(by=other, person=by, team=one.team, role=Role.MEMBER),
        lambda one, by, other: team.remove_membership(Membership.objects.get(person=by, team=one.team), by=other),
        lambda one, by, other: persons.edit_person(by, by=other, is_active=False),
        lambda one, by, other: Person.objects.filter(pk=by.pk).update(is_active=False),
        lambda one, by, other: Membership.objects.filter(person=by).update(role=Role.VIEWER),
    ],
    ids=["revoked", "sent-again", "expired", "demoted", "removed", "deactivated", "gone-by-hand", "demoted-by-hand"],
)
def test_it_leads_nowhere_once_what_it_stood_on_is_gone(ruin, team, alice, second_lead, admin, clock):
    made, came = invited(team, alice)
    ruin(made, alice, admin)
    clock.forward(minutes=1)
    before = Person.objects.count(), Membership.objects.count()

    with pytest.raises(Refused) as refused:
        invitation.accept_as_new(came, name="新田 望", password=PASSWORD, language="ja")
    assert code_of(refused) == "invitation_gone"
    assert (Person.objects.count(), Membership.objects.count()) == before


def test_it_does_not_come_back_with_the_standing_of_who_sent_it(team, alice, second_lead, admin):
    _made, came = invited(team, alice)
    persons.edit_person(alice, by=admin, is_active=False)
    persons.edit_person(alice, by=admin, is_active=True)
    with pytest.raises(Refused):
        invitation.accept_as_new(came, name="新田 望", password=PASSWORD, language="ja")


def test_it_is_for_one_address_and_once(team, alice, carol, bob):
    _made, came = invited(team, alice, email=carol.email)
    with pytest.raises(Refused) as refused:
        invitation.accept(came, by=bob)
    assert code_of(refused) == "invitation_for_another"
    invitation.accept(came, by=carol)
    with pytest.raises(Refused) as refused:
        invitation.accept(came, by=carol)
    assert code_of(refused) == "invitation_gone"
    with pytest.raises(Refused):
        invitation.accept_as_new(came, name="別人", password=PASSWORD, language="ja")


def test_a_registered_address_cannot_be_taken_over_by_a_new_password(team, alice, carol):
    _made, came = invited(team, alice, email=carol.email)
    old = Person.objects.get(pk=carol.pk).password
    with pytest.raises(Refused):
        invitation.accept_as_new(came, name="恵", password=PASSWORD, language="ja")
    assert Person.objects.get(pk=carol.pk).password == old


def test_a_weak_password_costs_nothing(team, alice):
    made, came = invited(team, alice)
    with pytest.raises(ValidationError):
        invitation.accept_as_new(came, name="新田 望", password="1234", language="ja")
    made.refresh_from_db()
    assert made.accepted_at is None
    assert not Person.objects.filter(email="new@example.jp").exists()


def test_only_leads_and_administrators_invite(team, alice, bob, vera, carol, admin):
    for by in (bob, vera, carol):
        with pytest.raises(NotAllowed):
            invited(team, by)
    made, _came = invited(team, admin)
    for by in (bob, vera, carol):
        with pytest.raises(NotAllowed):
            invitation.revoke(made, by=by)
        with pytest.raises(NotAllowed):
            invitation.send_again(made, by=by, language="ja")
    invitation.revoke(made, by=alice)


def test_inviting_says_and_writes_the_same_for_a_known_and_an_unknown_address(team, alice, carol):
    counts, rows = [], []
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for address in (carol.email, "nobody@example.jp"):
        with CaptureQueriesContext(connection) as asked:
            made, url = invitation.invite(team, by=alice, email=address, role=Role.MEMBER, language="ja")
        counts.append([re.sub(r"'[^']*'|\d+", "?", one["sql"]) for one in asked])
        letter = Letter.objects.get(key=f"invitation:{made.pk}")
        rows.append((url, letter.recipient, letter.to_name, letter.language, letter.subject, letter.state))
    assert counts[0] == counts[1]
    assert rows[0] == rows[1]


def test_an_earlier_open_one_for_the_address_ends(team, alice):
    first, came = invited(team, alice)
    second, _again = invited(team, alice)
    first.refresh_from_db()
    assert first.revoked_at is not None and second.revoked_at is None
    with pytest.raises(Refused):
        invitation.accept_as_new(came, name="新田 望", password=PASSWORD, language="ja")


def test_a_day_has_so_many(team, alice, monkeypatch, clock):
    monkeypatch.setattr(invitation, "MOST_A_DAY", 2)
    invited(team, alice, "a@example.jp")
    invited(team, alice, "b@example.jp")
    with pytest.raises(Refused) as refused:
        invited(team, alice, "c@example.jp")
    assert code_of(refused) == "too_many_invitations"
    clock.forward(days=1, minutes=1)
    assert invited(team, alice, "c@example.jp")[0].pk


def test_a_team_without_a_lead_invites_its_lead_first(other_team, admin):
    with pytest.raises(Refused) as refused:
        invited(other_team, admin)
    assert code_of(refused) == "no_lead"
    _made, came = invited(other_team, admin, role=Role.LEAD)
    person = invitation.accept_as_new(came, name="新田 望", password=PASSWORD, language="ja")
    assert Membership.objects.get(person=person).role == Role.LEAD


def test_its_letter_is_not_sent_once_it_leads_nowhere(team, alice, settings):
    settings.MAIL_CONFIGURED = True
    made, _came = invited(team, alice)
    invitation.revoke(made, by=alice)
    one = letters.claim()
    assert one.kind == LetterKind.INVITATION
    assert reminder.still_wanted(one) is False
    one.refresh_from_db()
    assert one.state == LetterState.CANCELLED


def test_its_letter_goes_while_it_leads_in(team, alice, settings):
    settings.MAIL_CONFIGURED = True
    invited(team, alice)
    assert reminder.still_wanted(letters.claim()) is True


def test_settled_ones_are_neither_taken_back_nor_sent_again(team, alice, carol):
    made, came = invited(team, alice, email=carol.email)
    invitation.accept(came, by=carol)
    made.refresh_from_db()
    for act in (
        lambda: invitation.revoke(made, by=alice),
        lambda: invitation.send_again(made, by=alice, language="ja"),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert code_of(refused) == "invitation_settled"


def test_a_deactivated_person_is_not_let_in(team, alice, carol):
    _made, came = invited(team, alice, email=carol.email)
    carol.is_active = False
    carol.save()
    with pytest.raises(Refused):
        invitation.accept(came, by=carol)
