"""Every address of the site, asked by somebody who is not signed in and by somebody of another team (invariant 9)."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from incidents.domain import countermeasure, reminder
from incidents.domain import due_request as due_requests
from incidents.domain import promise as promises
from incidents.domain import question as questions
from incidents.models import EffectCheck, FollowUp, Incident, Membership, TimelineEntry
from tests.factories import (
    AbsenceFactory,
    AttachmentFactory,
    ContainmentFactory,
    InvitationFactory,
    JottingFactory,
    LetterFactory,
    MembershipFactory,
    MendingFactory,
    MirrorFactory,
    NamelessNoteFactory,
    PasteFactory,
    ReadRequestFactory,
    ReceivedMailFactory,
    SavedViewFactory,
    SpreadAnswerFactory,
)
from tests.rows import everything, undone

# Whoever comes may see these; each says why.
PUBLIC = {
    "calendar-feed": "its address is the secret, standing is asked at each reading",
    "healthz": "asked by the load balancer, says only that it answers",
    "readyz": "asked by the load balancer, names what is away by one word each",
    "enginez": "asked by a watchman, says only whether the engine runs",
    "metrics": "for the bearer of its token; not there without one",
    "setup": "its link is the secret, works once",
    "mail-away": "its link is the secret, tells of its own person's absence alone",
    "mail-care": "its link is the secret, stops the words to its own person",
    "mail-done": "its link is the secret, standing is asked again",
    "mail-due": "its link is the secret, standing is asked again",
    "mail-help": "its link is the secret, standing is asked again",
    "mail-join": "its link is the secret, nobody comes in before they accept",
    "join": "its session came with such a link, and who accepts is asked there",
    "mail-not-mine": "its link is the secret, standing is asked again",
    "nameless-write": "its address is the secret, nobody is known there",
    "nameless-answer": "its address and the receipt are the secret, nobody is known there",
    "set_language": "a choice of language needs no name",
    "account_login": "the door",
    "account_logout": "ends a session that there may be",
    "account_signup": "says that nobody lets themselves in",
    "account_inactive": "says that an account sleeps",
    "account_reset_password": "asks for an address, says the same to all",
    "account_reset_password_done": "says the same to all",
    "account_reset_password_from_key": "its link is the secret",
    "account_reset_password_from_key_done": "says that it is done",
    "admin:login": "leads to the door",
    "admin:logout": "ends a session that there may be",
    "admin:jsi18n": "words of the calendar",
}
# Pages without a key in their address: each shows what is one's own.
OWN = {
    "today",
    "clocks",
    "incident-list",
    "incident-new",
    "seam-list",
    "letter-list",
    "letter-write-today",
    "jotting-list",
    "jotting-new",
    "mirror-list",
    "nameless-list",
    "preferences",
    "calendar-make",
    "calendar-off",
    "absence",
    "team-list",
    "team-new",
    "team-choose",
    "view-list",
    "incident-list-csv",
    "incident-list-hand-over",
    "seam-list-hand-over",
    "seam-list-csv",
    "view-new",
    "similar",
    "care",
    "care-letters",
    "received-list",
    "intake-make",
    "intake-off",
    "address-reached",
}


@dataclass(frozen=True)
class Route:
    name: str
    converters: tuple[str, ...]


def walk(resolver: URLResolver, space: str = "") -> list[Route]:
    found = []
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            found += walk(entry, f"{entry.namespace}:" if entry.namespace else space)
        elif isinstance(entry, URLPattern) and entry.name:
            found.append(Route(f"{space}{entry.name}", tuple(entry.pattern.converters)))
    return found


ROUTES = {route.name: route for route in walk(get_resolver())}
HOUSE = {route.name: route for route in walk(get_resolver("incidents.urls"))}
KEYED = sorted(name for name, route in HOUSE.items() if route.converters and name not in PUBLIC)


def arguments(route: Route, world: Any = None) -> list[Any]:
    """The keys of alice's records for this address, or keys of nothing at all."""
    if world is None:
        nobody = uuid.UUID(int=9) if route.name.startswith("nameless") else 99999
        return ["K-99999" if one == "key" else nobody if one in {"pk", "id"} else "none" for one in route.converters]
    noun = "read_request" if route.name.startswith("read-") else route.name.partition("-")[0]
    values = {"key": world.incident.reference, "pk": getattr(world, noun).pk if hasattr(world, noun) else None}
    values["slug"] = world.incident.team.slug
    return [values[one] for one in route.converters]


@pytest.fixture
def world(clock, story, alice):
    """One of everything that has an address, all of alice's team."""

    class World:
        measure = story.done()
        check = EffectCheck.objects.get(measure=measure)
        incident = measure.incident
        root = measure.root
        why = measure.root.why
        letter = LetterFactory(recipient=alice, subject="お知らせ 社外秘の件")
        follow_up = FollowUp.objects.first()
        entry = TimelineEntry.objects.filter(incident=incident).first()
        promise = promises.promise(incident, by=alice, text="折り返し", due_at=clock.now + timedelta(hours=2))
        paste = PasteFactory(incident=incident)
        received = ReceivedMailFactory(incident=incident, subject="Re: 社外秘の件")
        attachment = AttachmentFactory(incident=incident)
        containment = ContainmentFactory(incident=incident)
        mirror = MirrorFactory(team=incident.team, name="社外秘の件のチャンネル")
        mending = MendingFactory(incident=incident, person=story.bob, what="社外秘の件の見積書を作り直した")
        question = questions.ask(
            incident, by=alice, text="何通出たか", owner=alice, due_on=clock.today + timedelta(days=5)
        )

        due = due_requests.ask(
            story.promised(), by=story.bob, due_on=clock.today + timedelta(days=60), reason="部品待ち"
        )

        countermeasure.not_doing(story.proposed(), by=alice, reason="費用", review_on=clock.today + timedelta(days=60))
        follow = FollowUp.objects.get(kind="not_doing_review")
        spread = SpreadAnswerFactory(team=incident.team)
        view = SavedViewFactory(person=alice)
        jotting = JottingFactory(person=alice, text="社外秘の件が気になる")
        absence = AbsenceFactory(person=alice, stand_in=story.bob)
        nameless = NamelessNoteFactory(team=incident.team, text="社外秘の件でひやり")
        invitation = InvitationFactory(team=incident.team, invited_by=alice)
        membership = Membership.objects.get(person=alice, team=incident.team)
        read_request = ReadRequestFactory(incident=incident, person=MembershipFactory(team=incident.team).person)

    return World


def body(response: Any) -> str:
    """An answer without what is new in each answer anyway."""
    text = b"".join(response).decode()
    # The tokens are drawn anew, and `next` leads back to where one is.
    return re.sub(r'(name="csrfmiddlewaretoken" value|name="next" value|nonce|"X-CSRFToken": ?)="[^"]*"', "", text)


def test_every_address_is_known_here():
    """A new address belongs into OWN or PUBLIC, or has a key in it."""
    assert {name for name, route in HOUSE.items() if not route.converters} == OWN | {
        "join",
        "healthz",
        "readyz",
        "enginez",
        "metrics",
    }
    assert PUBLIC.keys() - {"admin:login"} <= ROUTES.keys() | {
        "account_confirm_email",
    }


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", sorted(ROUTES.keys() - PUBLIC.keys()))
def test_signed_out_is_led_to_the_door(name, method, client_of, dave, db):
    try:
        url = reverse(name, args=arguments(ROUTES[name]))
    except NoReverseMatch:
        pytest.skip("an address with a pattern of its own; the console's are led to the door as a whole")
    answer = getattr(client_of(dave), method)(url)

    assert (answer.status_code, answer.headers.get("Location", "").partition("?")[0]) in {
        (302, "/account/login/"),
        (302, "/console/login/"),
        (301, url + "/"),
    }


# The world takes half a second to make, so each test makes it once and rolls back what an address did before the next.


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("htmx", [False, True], ids=["page", "fragment"])
def test_stranger_is_told_what_nothing_would_tell(method, htmx, world, client_of, carol, subtests):
    stranger = client_of(carol, **{"HX-Request": "true"} if htmx else {})
    before = everything()
    for name in KEYED:
        with subtests.test(address=name), undone():
            route = HOUSE[name]
            there = getattr(stranger, method)(reverse(name, args=arguments(route, world)))
            nothing = getattr(stranger, method)(reverse(name, args=arguments(route)))

            assert there.status_code == nothing.status_code
            # 405 says which method an address takes, the same for all; everything else is "not found".
            assert there.status_code in {404, 405}
            assert body(there).splitlines() == body(nothing).splitlines()
            assert everything() == before


# What is the team's own, whatever record stands behind it: notes without a name, what another team asks, its chat channels.
OF_THE_TEAM = ("nameless-", "team", "spread-", "mirror", "invitation-", "membership-")
# A colleague may know that there is something under a number, and ask to read it (docs/features/reader.md); no more.
ASKED_FOR = {"incident", "incident-ask"}
# The people of a team, whom an administrator manages without reading a record.
OF_PEOPLE = {"team", "team-invite", "invitation-again", "invitation-revoke", "membership-role", "membership-leave"}


@pytest.mark.parametrize("htmx", [False, True], ids=["page", "fragment"])
def test_mate_who_may_not_read_a_record_is_told_what_nothing_would_tell(
    htmx, world, client_of, alice, bob, vera, subtests
):
    """C9: for a member and a viewer of the team, a restricted record is as absent as for a stranger."""
    Incident.objects.filter(team=world.incident.team).update(
        restricted=True, owner=alice, backup=None, recorded_by=alice
    )
    clients = {mate: client_of(mate, **{"HX-Request": "true"} if htmx else {}) for mate in (bob, vera)}
    before = everything()
    for mate, client in clients.items():
        for name in [name for name in KEYED if name not in ASKED_FOR and not name.startswith(OF_THE_TEAM)]:
            for method in ("get", "post"):
                with subtests.test(address=name, method=method, mate=str(mate)), undone():
                    route = HOUSE[name]
                    there = getattr(client, method)(reverse(name, args=arguments(route, world)))
                    nothing = getattr(client, method)(reverse(name, args=arguments(route)))
                    assert there.status_code == nothing.status_code
                    assert there.status_code in {404, 405}
                    assert body(there) == body(nothing)
        for name in sorted(OWN):
            with subtests.test(address=name, mate=str(mate)), undone():
                shown = b"".join(client.get(reverse(name), {"view": "all", "q": "見積書"})).decode()
                for secret in (world.incident.title, f">{world.incident.reference}<", world.measure.title):
                    assert secret not in shown
        for method in ("get", "post"):
            with subtests.test(address="incident", method=method, mate=str(mate)), undone():
                shown = body(getattr(client, method)(reverse("incident", args=[world.incident.reference])))
                for secret in (world.incident.title, world.measure.title, alice.name):
                    assert secret not in shown
    assert everything() == before


def test_page_of_ones_own_shows_nothing_of_others(world, client_of, carol, subtests):
    client = client_of(carol)
    for name in sorted(OWN):
        with subtests.test(address=name), undone():
            shown = body(client.get(reverse(name)))

            for secret in (
                world.incident.title,
                world.incident.reference,
                world.measure.title,
                "佐藤 美咲",
                "社外秘",
                "受注課",
                "alice@example.jp",
            ):
                assert secret not in shown


@pytest.mark.parametrize(
    "query",
    [
        "q=見積書",
        "q=K-1",
        "team=orders",
        "stage=open",
        "owner={bob}",
        "q=送信前",
        "q=宛先を見る手順",
        "page=2",
        "category=billing",
    ],
)
def test_no_filter_reaches_across(query, world, client_of, carol, bob):
    for name in ("incident-list", "seam-list", "incident-list-csv", "seam-list-csv"):
        answer = client_of(carol).get(reverse(name) + "?view=all&" + query.format(bob=bob.pk))
        shown = b"".join(answer).decode()
        assert world.incident.title not in shown
        assert bob.name not in shown
        assert "受注課" not in shown


def test_viewer_reads_and_is_refused_calmly(world, client_of, vera, subtests):
    """What a viewer may not do is said (403), never a fault; nothing changes."""
    client = client_of(vera)
    before = everything()
    for name in KEYED:
        with subtests.test(address=name), undone():
            for method in ("get", "post"):
                answer = getattr(client, method)(reverse(name, args=arguments(HOUSE[name], world)))
                # A letter is its addressee's alone, a saved view its owner's, a jotting its writer's, an absence one's own,
                # a mail as it came its sender's; and who reads a record cannot ask to read it.
                assert answer.status_code in (
                    {404, 405}
                    if name.startswith(("letter", "view", "jotting", "absence", "received-original", "incident-ask"))
                    else {200, 302, 403, 405}
                )
            assert everything() == before


def test_deactivated_lead_is_out_at_once(world, client_of, alice, subtests):
    client = client_of(alice)
    alice.is_active = False
    alice.save()
    for name in KEYED:
        with subtests.test(address=name), undone():
            answer = client.get(reverse(name, args=arguments(HOUSE[name], world)))
            assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/account/login/")


def test_administrator_is_no_member(world, client_of, admin, subtests):
    """The organisation's administrator stands outside the teams: the team's pages are not theirs."""
    client = client_of(admin)
    for name in KEYED:
        with subtests.test(address=name), undone():
            answer = client.get(reverse(name, args=arguments(HOUSE[name], world)))
            assert answer.status_code in ({200, 302} if name in OF_PEOPLE else {404, 405})
            assert world.incident.title not in answer.content.decode()


def test_digest_holds_nothing_of_another_team(world, carol, clock, other_team):
    clock.to("2026-12-15 09:00")
    reminder.write_due_digests()
    from incidents.models import Letter

    assert not Letter.objects.filter(recipient=carol).exists()
