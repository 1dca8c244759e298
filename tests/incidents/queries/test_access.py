"""The door: what a key from an address gives to whom."""

from __future__ import annotations

import pytest
from django.http import Http404

from incidents.enums import Role
from incidents.errors import NotAllowed
from incidents.models import Countermeasure, EffectCheck, FollowUp, Incident
from incidents.queries import access
from tests.factories import LetterFactory

pytestmark = [pytest.mark.usefixtures("clock"), pytest.mark.sqlite_is_enough]


@pytest.fixture
def doors(story, alice):
    """Every door with the key of a record of alice's team."""
    measure = story.done()
    check, root = EffectCheck.objects.get(), measure.root
    return {
        "incident": lambda by, to: access.get_incident(by=by, key=measure.incident.reference, to=to),
        "measure": lambda by, to: access.get_measure(by=by, pk=measure.pk, to=to),
        "check": lambda by, to: access.get_check(by=by, pk=check.pk, to=to),
        "why": lambda by, to: access.get_why(by=by, pk=root.why_id, to=to),
        "root": lambda by, to: access.get_root(by=by, pk=root.pk, to=to),
        "team": lambda by, to: access.get_team(by=by, slug="orders", to=to),
    }


# none = there is nothing, no = may see but not do.
OPENS = {
    "alice": {"read": "yes", "edit": "yes", "lead": "yes"},
    "bob": {"read": "yes", "edit": "yes", "lead": "no"},
    "vera": {"read": "yes", "edit": "no", "lead": "no"},
    "carol": {"read": "none", "edit": "none", "lead": "none"},
    "admin": {"read": "none", "edit": "none", "lead": "none"},
}


@pytest.mark.parametrize("noun", ["incident", "measure", "check", "why", "root", "team"])
@pytest.mark.parametrize("who", OPENS)
@pytest.mark.parametrize("to", ["read", "edit", "lead"])
def test_door(doors, request, noun, who, to):
    person, expected = request.getfixturevalue(who), OPENS[who][to]
    if expected == "yes":
        assert doors[noun](person, to).pk
    else:
        with pytest.raises({"none": Http404, "no": NotAllowed}[expected]):
            doors[noun](person, to)


@pytest.mark.parametrize("noun", ["incident", "measure", "check", "why", "root", "team"])
def test_deactivated_person_finds_nothing(doors, alice, noun):
    alice.is_active = False
    with pytest.raises(Http404):
        doors[noun](alice, "read")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "K-",
        "K-0",
        "K-01",
        "k-1",
        "1",
        "K-1 ",
        "K-1\n",
        "K-１",
        "K-1/..",
        "K-12345678901234567890",
        "K--1",
        "K-1'",
        "K-1e9",
        "Ｋ-1",
    ],
)
def test_odd_key_is_nothing(alice, crack, key):
    with pytest.raises(Http404):
        access.get_incident(by=alice, key=key)


def test_letter_is_its_addressees_alone(alice, bob):
    one = LetterFactory(recipient=bob)
    assert access.get_letter(by=bob, pk=one.pk) == one
    with pytest.raises(Http404):
        access.get_letter(by=alice, pk=one.pk)


# Links in mails -------------------------------------------------------------------------------


@pytest.fixture
def promise(story) -> FollowUp:
    return story.promised().follow_up


def open_link(follow_up: FollowUp, person) -> bool:
    return access.follow_up_for_link(follow_up_id=follow_up.pk, person_id=person.pk, link_round=0) is not None


def test_link_opens_for_owner_and_stand_in_alone(promise, alice, bob, vera, carol):
    assert [open_link(promise, person) for person in (bob, alice, vera, carol)] == [True, False, False, False]
    promise.backup = alice
    promise.save()
    assert open_link(promise, alice)


@pytest.mark.parametrize("loss", ["left", "viewer", "asleep", "handed over"])
def test_link_closes_with_the_standing(promise, alice, bob, loss):
    if loss == "left":
        bob.memberships.all().delete()
    elif loss == "viewer":
        bob.memberships.update(role=Role.VIEWER)
    elif loss == "asleep":
        bob.is_active = False
        bob.save()
    else:
        promise.owner = alice
        promise.save()
    assert not open_link(promise, bob)


def test_link_to_nothing(alice, db):
    assert access.follow_up_for_link(follow_up_id=99999, person_id=alice.pk, link_round=0) is None
    assert access.follow_up_for_link(follow_up_id=99999, person_id=99999, link_round=0) is None


def test_link_of_another_round_opens_nothing(promise, bob):
    bound = {"person_id": bob.pk, "link_round": 1}
    assert access.follow_up_for_link(follow_up_id=promise.pk, **bound) is None
    assert access.person_for_absence_link(**bound) is None
    assert access.person_for_absence_link(person_id=bob.pk, link_round=0) == bob


# Visibility said once, on the queryset -----------------------------------------------------------


def test_querysets_give_strangers_nothing(doors, carol, dave, alice):
    for model in (Incident, Countermeasure, FollowUp):
        assert model.objects.visible_to(alice).exists()
        assert not model.objects.visible_to(carol).exists()
        assert not model.objects.visible_to(dave).exists()
