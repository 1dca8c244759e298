"""Two teams with one record of every kind, a restricted record that nobody of the matrix is named in, and the principals.

Each free text of a team carries the team's canary; where it turns up with somebody else, something has leaked.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from incidents.domain import (
    absence,
    cause,
    containment,
    countermeasure,
    due_request,
    feed,
    incident,
    paste,
    promise,
    question,
    spread,
    timeline,
)
from incidents.enums import Factor, MailAct, Role, Severity, Strength
from incidents.gateways import filestore
from incidents.letters import links
from incidents.models import FollowUp, Incident, Organisation, Person, SpreadAnswer, Team
from incidents.queries.nameless import token_of
from tests.factories import (
    AttachmentFactory,
    ClosureFactory,
    EngineMarkFactory,
    HelpLineFactory,
    ImportRunFactory,
    IncidentFactory,
    JottingFactory,
    LetterFactory,
    MembershipFactory,
    MendingFactory,
    MirrorFactory,
    NamelessNoteFactory,
    OrganisationFactory,
    PersonFactory,
    ReceivedMailFactory,
    ReportClockFactory,
    SavedViewFactory,
    TeamFactory,
)
from tests.matrix.walk import Route

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
CANARIES = {"A": "zqAzqqAz", "B": "zqBzqqBz", "R": "zqRzqqRz", "NA": "zqNazqqN", "NB": "zqNbzqqN"}
# Texts that are keys, hashes, addresses or fixed words: another text there would be another record.
NOT_PLANTED = frozenset(
    "key slug email to_email from_address language time_zone secret address host tail token_hash receipt_hash sha256 mark "
    "message_id external_source external_id external_digest media_type stored_as step query intake_key password "
    "reply_to headers why quoted".split()
)
FILLED = frozenset("body process counterparty note purpose".split())
NONE = {"incident": "K-999999", "team": "no-such-team", "nameless": "00000000-0000-4000-8000-000000000000"}
NO_NUMBER = "999999999"


@dataclass(frozen=True)
class Principal:
    """Who asks. team: "A", "B" or "" for somebody without one. role: as in `rules.GROUPS`."""

    name: str
    role: str
    team: str = ""


PRINCIPALS = (
    Principal("anonymous", "anonymous"),
    Principal("without a team", "teamless"),
    Principal("viewer", "viewer", "A"),
    Principal("member", "member", "A"),
    Principal("lead", "lead", "A"),
    Principal("organisation admin", "admin", "A"),
    Principal("viewer of another team", "viewer", "B"),
    Principal("member of another team", "member", "B"),
    Principal("lead of another team", "lead", "B"),
    Principal("organisation admin of another team", "admin", "B"),
    Principal("deactivated", "anonymous", "A"),
    Principal("superuser without a second factor", "superuser"),
)
# Declared, and counted as no cell, until there is something to present: (what would bring it, why there is none).
ABSENT = {
    "superuser with a second factor": ("allauth.mfa", "this build knows no second factor"),
    "API token, read": ("incidents.api", "this build has no API"),
    "API token, write": ("incidents.api", "this build has no API"),
}
# The sixteenth principal, a link's token, is asked in each of these states, whoever is signed in beside it.
LINK_STATES = ("valid", "expired", "altered", "of another purpose", "ended", "of somebody deactivated")


# The keys of addresses that name no object of the matrix.
FIXED_KEYS = {
    "account_reset_password_from_key": ("1", "no-key"),
    "admin:view_on_site": ("1", "1"),
    "admin:app_list": ("incidents",),
    "admin:catch_all": ("nowhere/",),
}


@dataclass
class World:
    """first: by column, then by model, the key of a row. cookies: by principal's name. objects: by column (A, B, R), then by kind. links: by route, then by state."""

    people: dict[str, Person] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    objects: dict[str, dict[str, str]] = field(default_factory=dict)
    rows: dict[str, SimpleNamespace] = field(default_factory=dict)
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    first: dict[str, dict[str, Any]] = field(default_factory=dict)

    def queries(self) -> dict[str, str]:
        """What may stand behind an address that takes rows by their keys."""
        rows = [self.rows[mark] for mark in ("A", "B", "R")]
        return {
            "incidents": "&".join(f"row={one.incident.pk}" for one in rows),
            "measures": "&".join(f"row={one.measure.pk}" for one in rows),
        }

    def console_keys(self, route: Route) -> list[tuple[str, tuple[str, ...]]]:
        """Of a page of the console about one: a row of team A, a row of the restricted record, and none."""
        found = [(column, self.first[mark].get(route.model)) for column, mark in (("own", "A"), ("restricted", "R"))]
        return [*((column, (str(pk),)) for column, pk in found if pk is not None), ("none", (NO_NUMBER,))]


def build() -> World:
    """Everything the matrix asks about. The clock must stand; nothing is committed by this function itself."""
    OrganisationFactory()
    Organisation.objects.get()
    line = HelpLineFactory()  # the whole house's
    world = World()
    stranger = TeamFactory(name="第三課", slug="third")
    asker = PersonFactory(name="第三 三郎", email="third@example.jp")
    MembershipFactory(person=asker, team=stranger, role=Role.LEAD)
    for mark in ("A", "B", "R"):
        if mark == "R":  # its people are colleagues, whom team A knows; its record is not
            team, people = world.rows["A"].team, _named(world.rows["A"].team)
        seen = _keys()
        if mark != "R":
            team, people = _team(mark)
            world.people |= {
                principal.name: people[principal.role]
                for principal in PRINCIPALS
                if principal.team == mark and principal.role != "anonymous"
            }
        if mark == "A":
            world.people |= {"deactivated": people["away"], "member who holds nothing": people["other"]}
            _of_the_house(team)
        rows = _fill(team, people, asker)
        world.rows[mark] = rows
        _plant(mark, seen)
        world.first[mark] = {model._meta.model_name: min(new) for model in _models() if (new := _new(model, seen))}
        if mark == "R":
            ids = {one.pk for one in Incident.objects.filter(title__contains=CANARIES["R"])}
            Incident.objects.filter(pk__in=ids).update(restricted=True)
        world.objects[mark] = rows.keys
    world.first["A"]["helpline"] = line.pk
    _others(world)
    _open_sessions(world)
    _make_links(world)
    return world


def _team(mark: str) -> tuple[Team, dict[str, Person]]:
    team = TeamFactory(name=f"チーム{mark}", slug=f"team-{mark.lower()}")
    people = {}
    for role, given in {"viewer": Role.VIEWER, "member": Role.MEMBER, "lead": Role.LEAD, "admin": Role.MEMBER}.items():
        people[role] = PersonFactory(
            name=f"{mark} {role}", email=f"{role}.{mark.lower()}@example.jp", is_admin=role == "admin"
        )
        MembershipFactory(person=people[role], team=team, role=given)
    for more in ("away", "other"):
        people[more] = PersonFactory(name=f"{mark} {more}", email=f"{more}.{mark.lower()}@example.jp")
        MembershipFactory(person=people[more], team=team, role=Role.MEMBER)
    return team, people


def _named(team: Team) -> dict[str, Person]:
    """Two people of team A who alone hold the restricted record."""
    people = {}
    for role, given in {"member": Role.MEMBER, "lead": Role.LEAD}.items():
        people[role] = PersonFactory(name=f"R {role}", email=f"{role}.r@example.jp")
        MembershipFactory(person=people[role], team=team, role=given)
    return people


def _measure(known: Incident, root: Any, by: Person, checker: Person, title: str) -> Any:
    due_on = timezone.localdate() + timedelta(days=21)
    return countermeasure.propose(
        known,
        by=by,
        title=title,
        root=root,
        before="手で選ぶ",
        after="選べない",
        strength=Strength.IMPOSSIBLE,
        owner=by,
        due_on=due_on,
        check_what="件数",
        check_threshold="0件",
        check_on=due_on + timedelta(days=90),
        checker=checker,
    )


def _fill(team: Team, people: dict[str, Person], asker: Person) -> SimpleNamespace:
    """One object of each kind, by the verbs where they make it."""
    by, lead = people["member"], people["lead"]
    now = timezone.now()
    due = timezone.localdate() + timedelta(days=9)
    record = incident.report(
        by=by,
        team=team,
        title="見積書を別の会社に送った",
        noticed_at=now - timedelta(minutes=30),
        who_waits="青空物産さま",
        severity=Severity.S2,
    )
    why = cause.ask_why(record, by=by, text="宛先を見る手順がない")
    root = cause.mark_root(why, by=by, factor=Factor.PROCEDURE)
    idea = _measure(record, root, by, lead, "案")
    running = countermeasure.commit(_measure(record, root, by, lead, "約束"), by=lead)
    wish = due_request.ask(
        countermeasure.commit(_measure(record, root, by, lead, "相談中"), by=lead),
        by=by,
        due_on=due + timedelta(days=50),
        reason="部品待ち",
    )
    done = countermeasure.complete(
        countermeasure.commit(_measure(record, root, by, lead, "済み"), by=lead), by=by, note="出した"
    )
    countermeasure.not_doing(
        _measure(record, root, by, lead, "見送り"), by=lead, reason="費用", review_on=due + timedelta(days=60)
    )
    told = promise.promise(record, by=by, text="折り返しのお電話", due_at=now + timedelta(hours=2))
    entry = timeline.record(record, by=by, text="何通出たか", event_at=None, certainty="unknown")
    asked = question.ask(record, by=by, text="何通か", owner=by, due_on=due, entry=entry)
    kept = filestore.store([team.slug.encode(), record.reference.encode()], look=lambda _file: None)
    file = {"sha256": kept.sha256, "size": kept.size}
    mail = ReceivedMailFactory(incident=record, person=by, text="返事の本文", why="", from_address=by.email, **file)
    held = ReceivedMailFactory(incident=record, state="held", why="wrong_sender", entry=None, person=by)
    rows = SimpleNamespace(team=team, incident=record, measure=running, idea=idea, why=why, root=root, people=people)
    keys = {
        "incident": record.reference,
        "promise": told.pk,
        "entry": entry.pk,
        "mail_entry": mail.entry_id,
        "mail": mail.pk,
        "held_mail": held.pk,
        "paste": paste.keep(record, by=by, text="10:12 お電話\n10:20 一通だけ").pk,
        "question": asked.pk,
        "containment": containment.record(record, by=by, text="削除を頼んだ", done_at=now).pk,
        "mending": MendingFactory(incident=record, person=by).pk,
        "attachment": AttachmentFactory(incident=record, uploaded_by=by, file=kept.name, **file).pk,
        "why": why.pk,
        "root": root.pk,
        "measure": running.pk,
        "idea": idea.pk,
        "done_measure": done.pk,
        "due_request": wish.pk,
        "check": done.checks.get().pk,
        "review": FollowUp.objects.get(kind="not_doing_review", incident=record).pk,
    }
    rows.keys = keys
    if "viewer" in people:
        keys |= _of_team(team, people, asker, due)
    rows.keys = {kind: str(key) for kind, key in keys.items()}
    rows.told, rows.asked, rows.entry = told, asked, entry
    return rows


def _of_team(team: Team, people: dict[str, Person], asker: Person, due: date) -> dict[str, Any]:
    """What belongs to a team or a person and to no record of theirs."""
    by = people["member"]
    record = IncidentFactory(team=asker.memberships.get().team, recorded_by=asker)
    spread.spread(record, by=asker, teams=[team], title="手で選ぶ作業がありますか", body="", due_on=due)
    taken = IncidentFactory(team=asker.memberships.get().team, recorded_by=asker)
    spread.spread(taken, by=asker, teams=[team], title="ほかにもありますか", body="", due_on=due)
    acting = spread.answer(
        SpreadAnswer.objects.get(spread__incident=taken), by=by, reply="action", note="やめます", owner=by, due_on=due
    )
    away = absence.plan(by, by=by, starts_on=due, ends_on=due + timedelta(days=2), stand_in=None)
    return {
        "spread": SpreadAnswer.objects.get(spread__incident=record).pk,
        "taken_spread": acting.pk,
        "view": SavedViewFactory(person=by, name="自分の見方").pk,
        "shared_view": SavedViewFactory(person=people["lead"], team=team, name="みなの見方").pk,
        "jotting": JottingFactory(person=by).pk,
        "nameless": NamelessNoteFactory(team=team).pk,
        "team": team.slug,
        "mirror": MirrorFactory(team=team).pk,
        "letter": LetterFactory(recipient=by).pk,
        "absence": away.pk,
    }


def _of_the_house(team: Team) -> None:
    """What the console shows besides the records."""
    ImportRunFactory(team=team)
    EngineMarkFactory()
    ClosureFactory(team=team)
    ReportClockFactory(team=team)


def _keys() -> dict[type[models.Model], set[Any]]:
    return {model: set(model._default_manager.values_list("pk", flat=True)) for model in _models()}


def _models() -> list[type[models.Model]]:
    return list(apps.get_app_config("incidents").get_models())


def _new(model: type[models.Model], seen: dict[type[models.Model], set[Any]]) -> set[Any]:
    return set(model._default_manager.values_list("pk", flat=True)) - seen[model]


def _plant(mark: str, seen: dict[type[models.Model], set[Any]]) -> None:
    """The canary before every free text of the rows that have come since `seen` was taken."""
    for model in _models():
        new = _new(model, seen)
        fields = [one for one in model._meta.concrete_fields if _takes(one)]
        if not new or not fields or model._meta.model_name in {"incidentindex", "bigram"}:
            continue
        for row in model._default_manager.filter(pk__in=new):
            for one in fields:
                text = getattr(row, one.attname)
                if not text and one.name not in FILLED:
                    continue  # an empty reason says that nothing was waived, dropped, withdrawn
                text = _marked(one, text, f"N{mark}" if model is Team else mark)
                with suppress(IntegrityError), transaction.atomic():
                    model._default_manager.filter(pk=row.pk).update(**{one.attname: text})


def _takes(one: models.Field) -> bool:
    free = type(one) in {models.CharField, models.TextField} and not one.choices and not one.unique
    return free and one.name not in NOT_PLANTED and (one.max_length is None or one.max_length >= 40)


def _marked(one: models.Field, text: str, mark: str) -> str:
    whole = f"{CANARIES[mark]} {text}".strip()
    return whole if one.max_length is None else whole[: one.max_length]


def _others(world: World) -> None:
    world.people["without a team"] = PersonFactory(name="無所属", email="teamless@example.jp")
    world.people["superuser without a second factor"] = PersonFactory(
        name="管理 花子", email="superuser@example.jp", is_admin=True
    )


def _open_sessions(world: World) -> None:
    """A session each, as the sign-in would leave it; the deactivated person had theirs before."""
    for name, person in world.people.items():
        person.refresh_from_db()
        session = SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = BACKEND
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.save()
        world.cookies[name] = session.session_key
    Person.objects.filter(pk=world.people["deactivated"].pk).update(is_active=False)


def _token(url: str) -> str:
    return urlsplit(url).path.rstrip("/").rpartition("/")[2]


def _make_links(world: World) -> None:
    """Each link's token in every state. The clock stands, so an expired one is signed in the past."""
    import time_machine

    rows = world.rows["A"]
    owner, gone = rows.people["member"], rows.people["away"]
    owner.refresh_from_db()
    follow_up = FollowUp.objects.get(measure=rows.measure, kind="countermeasure")
    makers: dict[str, Callable[[Any, Person], str]] = {
        "mail-done": links.done_url,
        **{f"mail-{act.value.replace('_', '-')}": _acting(act) for act in MailAct},
        "mail-away": lambda _promise, person: links.away_url(person),
        "mail-care": lambda _promise, person: links.care_url(person_id=person.pk),
    }
    ended = Person.objects.get(pk=owner.pk)
    ended.link_round = owner.link_round + 7
    for route, make in makers.items():
        valid = _token(make(follow_up, owner))
        with time_machine.travel(datetime.now(timezone.get_current_timezone()) - timedelta(days=400), tick=False):
            expired = _token(make(follow_up, owner))
        another = "mail-care" if route != "mail-care" else "mail-away"
        world.links[route] = {
            "valid": valid,
            "expired": expired,
            "altered": _altered(valid),
            "of another purpose": _token(makers[another](follow_up, owner)),
            "of somebody deactivated": _token(make(follow_up, gone)),
        }
        if route != "mail-care":  # what it stops is nobody's but the addressee's; it outlives another address
            world.links[route]["ended"] = _token(make(follow_up, ended))
    _make_feeds(world, owner, gone)
    _make_doors(world, rows.team)


def _acting(act: MailAct) -> Callable[[Any, Person], str]:
    return lambda promise, person: links.act_url(act, promise, person)


def _altered(token: str) -> str:
    place = len(token) // 2
    return token[:place] + ("x" if token[place] != "x" else "y") + token[place + 1 :]


def _make_feeds(world: World, owner: Person, gone: Person) -> None:
    ended, valid = feed.make(owner, by=owner), feed.make(owner, by=owner)
    Person.objects.filter(pk=gone.pk).update(is_active=True)
    gone.refresh_from_db()
    of_gone = feed.make(gone, by=gone)
    Person.objects.filter(pk=gone.pk).update(is_active=False)
    world.links["calendar-feed"] = {
        "valid": valid,
        "altered": _altered(valid),
        "of another purpose": world.links["mail-care"]["valid"],
        "ended": ended,
        "of somebody deactivated": of_gone,
    }


def _make_doors(world: World, team: Team) -> None:
    valid = token_of(team)
    old = Team.objects.get(pk=team.pk)
    old.nameless_serial += 7
    for route in ("nameless-write", "nameless-answer"):
        world.links[route] = {
            "valid": valid,
            "altered": _altered(valid),
            "of another purpose": world.links["mail-care"]["valid"],
            "ended": token_of(old),
        }
    # There are people, so no set-up link opens any more, however it was come by.
    world.links["setup"] = {"ended": "x" * 43, "of another purpose": world.links["mail-care"]["valid"]}
