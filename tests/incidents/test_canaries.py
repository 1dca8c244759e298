"""Three teams, sixty records, six people: each surface shows exactly what the person may see (invariant 9, C9).

Each record's words hold a canary that no other has, so that a leak is named and nothing permitted is missing: sets are
compared, not looked into.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from incidents.domain import feed, reminder, search
from incidents.enums import MeasureStatus, Role
from incidents.models import Incident, Letter, Person
from incidents.queries import frame
from tests.factories import (
    CountermeasureFactory,
    FollowUpFactory,
    IncidentFactory,
    IncidentReaderFactory,
    MembershipFactory,
    OrganisationFactory,
    PersonFactory,
    ReminderDeliveryFactory,
    TeamFactory,
)

pytestmark = pytest.mark.django_db

TEAMS = "abc"
EACH = 20
CANARY = re.compile(r"canary([abc]\d\d)bird")
PEOPLE = ("lead", "member", "viewer", "of two", "stranger", "left", "admin")


class Aviary:
    """The records, by code, and who may see which."""

    def __init__(self, today: Any):
        OrganisationFactory()
        self.teams = {one: TeamFactory(name=f"部署{one}", slug=f"team-{one}") for one in TEAMS}
        self.people = {name: PersonFactory(name=f"人物 {n}") for n, name in enumerate(PEOPLE)}
        Person.objects.filter(pk=self.people["admin"].pk).update(is_admin=True)
        self.people["admin"].refresh_from_db()
        self.roles = {
            "lead": {"a": Role.LEAD},
            "member": {"a": Role.MEMBER},
            "viewer": {"a": Role.VIEWER},
            "of two": {"a": Role.MEMBER, "b": Role.LEAD},
            "stranger": {"c": Role.LEAD},
            "left": {},
            "admin": {},
        }
        for name, roles in self.roles.items():
            for one, role in roles.items():
                MembershipFactory(team=self.teams[one], person=self.people[name], role=role)
        self.permitted: dict[str, set[str]] = {name: set() for name in PEOPLE}
        self.records: dict[str, Incident] = {}
        for one in TEAMS:
            for n in range(EACH):
                self._record(one, n, today)

    def _record(self, team: str, n: int, today: Any) -> None:
        code = f"{team}{n:02}"
        restricted = n % 3 == 0
        # Named are people of the team, and people who left it or never belonged to it: a name alone lets nobody in.
        named = {name for at, name in enumerate(PEOPLE) if restricted and (n // 3 + at) % 2 == 0}
        made = IncidentFactory(team=self.teams[team], title=f"canary{code}bird", restricted=restricted)
        self.records[code] = made
        for name in named:
            IncidentReaderFactory(incident=made, person=self.people[name])
        for name, person in self.people.items():
            measure = CountermeasureFactory(
                incident=made,
                title=f"対策 canary{code}bird",
                owner=person,
                due_on=today,
                status=MeasureStatus.COMMITTED,
            )
            follow_up = FollowUpFactory(measure=measure, owner=person, due_on=today)
            ReminderDeliveryFactory(follow_up=follow_up, planned_on=today)
            if team in self.roles[name] and (not restricted or name in named):
                self.permitted[name].add(code)
        search.refresh(made.pk)


@pytest.fixture
def aviary(clock) -> Aviary:
    return Aviary(clock.today)


def shown(client: Any, url: str) -> set[str]:
    """The canaries on all the pages of a list."""
    found: set[str] = set()
    while url:
        text = b"".join(client.get(url)).decode()
        found |= set(CANARY.findall(text))
        following = re.search(r'rel="next" href="([^"]+)"', text)
        url = url.partition("?")[0] + following[1].replace("&amp;", "&") if following else ""
    return found


def test_each_surface_shows_exactly_what_is_permitted(aviary, client_of, subtests):
    """One aviary for all: it takes longer to fill than to look through."""
    sizes = {name: len(permitted) for name, permitted in aviary.permitted.items()}
    assert sizes == {"lead": 17, "member": 16, "viewer": 17, "of two": 32, "stranger": 17, "left": 0, "admin": 0}
    for name in PEOPLE:
        look_around(name, aviary, client_of, subtests)


def look_around(name: str, aviary: Aviary, client_of: Any, subtests: Any) -> None:
    person, permitted = aviary.people[name], aviary.permitted[name]
    client = client_of(person)
    writes = {code for code in permitted if aviary.roles[name][code[0]] != Role.VIEWER}
    lists = {
        "list": "/incidents/?all=1",
        "search": "/incidents/?q=canary",
        "csv": "/incidents/csv/?all=1",
        "countermeasures": "/seams/?view=all",
        "countermeasures csv": "/seams/csv/?view=all",
    }
    for surface, url in lists.items():
        with subtests.test(person=name, surface=surface):
            assert shown(client, url) == permitted

    with subtests.test(person=name, surface="one by one"):
        found = {code for code, one in aviary.records.items() if client.get(one.get_absolute_url()).status_code == 200}
        assert found == permitted
    with subtests.test(person=name, surface="said of a closed one"):
        said = {code for code, one in aviary.records.items() if client.get(one.get_absolute_url()).status_code == 403}
        own = {code for code in aviary.records if code[0] in aviary.roles[name]}
        assert said == own - permitted
    with subtests.test(person=name, surface="counts"):
        assert frame.around(person).incidents == len(permitted)
        assert frame.around(person).seams == len(permitted)
    with subtests.test(person=name, surface="search for one word"):
        for code in ("a00", "a01", "a03", "b00", "b03", "c00", "c01"):
            assert shown(client, f"/incidents/?q=canary{code}bird") - {code} == set()
    with subtests.test(person=name, surface="similar"):
        offered: set[str] = set()
        for code in aviary.records:
            answer = client.post("/incidents/similar/", {"title": f"canary{code}bird"}, headers={"HX-Request": "true"})
            offered |= set(CANARY.findall(answer.content.decode().replace(f'value="canary{code}bird"', "")))
        assert offered == permitted
    with subtests.test(person=name, surface="calendar"):
        token = feed.make(person, by=person)
        text = client_of(None).get(f"/feed/{token}.ics").content.decode().replace("\r\n ", "")
        numbers = set(map(int, re.findall(r"K-(\d+)", text)))
        assert numbers == {aviary.records[code].number for code in writes}
        assert CANARY.findall(text) == []
    with subtests.test(person=name, surface="digest"):
        reminder.write_digest(person)
        letters = Letter.objects.filter(recipient=person)
        told = set(CANARY.findall("".join(one.text + one.html + one.subject for one in letters)))
        assert told == writes
    with subtests.test(person=name, surface="every other page of one's own"):
        for page in (
            "today",
            "letter-list",
            "view-list",
            "jotting-list",
            "nameless-list",
            "received-list",
            "mirror-list",
        ):
            assert set(CANARY.findall(client.get(reverse(page)).content.decode())) <= permitted
