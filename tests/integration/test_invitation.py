"""One invitation that fifty browsers redeem at the same moment, on a database file and on a server."""

from __future__ import annotations

from collections import Counter

import pytest

from incidents.domain import invitation
from incidents.enums import Role
from incidents.errors import Refused
from incidents.models import AuditEntry, Invitation, Membership, Person
from tests.factories import MembershipFactory, PersonFactory, TeamFactory
from tests.integration.test_claim import race

pytestmark = pytest.mark.integration

AT_ONCE = 50


def test_fifty_at_once_make_one_member(install):
    house = install()
    team = TeamFactory()
    lead = MembershipFactory(team=team, role=Role.LEAD).person
    answers: Counter[str] = Counter()

    def redeem(act) -> None:
        try:
            act()
        except Refused as refusal:
            answers[refusal.code] += 1
        else:
            answers["in"] += 1

    made, url = invitation.invite(team, by=lead, email="new@example.jp", role=Role.MEMBER, language="ja")
    came = made.token_hash
    new = lambda: invitation.accept_as_new(came, name="新田 望", password="ことりが-7わ-とんでいった", language="ja")  # noqa: E731
    race(house.environ["DATABASE_URL"], lambda: redeem(new), count=AT_ONCE)
    assert answers == {"in": 1, "invitation_gone": AT_ONCE - 1}, url

    known = PersonFactory(email="known@example.jp")
    made, _url = invitation.invite(team, by=lead, email=known.email, role=Role.VIEWER, language="ja")
    came = made.token_hash
    answers.clear()
    race(house.environ["DATABASE_URL"], lambda: redeem(lambda: invitation.accept(came, by=known)), count=AT_ONCE)
    assert answers == {"in": 1, "invitation_gone": AT_ONCE - 1}

    assert Person.objects.filter(email="new@example.jp").count() == 1
    joined = Membership.objects.filter(team=team).exclude(person=lead).values_list("person__email", "role")
    assert sorted(joined) == [("known@example.jp", Role.VIEWER), ("new@example.jp", Role.MEMBER)]
    assert Invitation.objects.exclude(accepted_at=None).count() == 2
    assert AuditEntry.objects.filter(verb="invitation.accepted").count() == 2
