"""Promises and their rows by the thousand: for whoever looks at all of them. Memory stays the same, however many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import F, Q, QuerySet

from incidents.enums import EDITING_ROLES, SPREAD_KINDS, DeliveryState, FollowUpState, LetterState, Role
from incidents.models import FollowUp, IncidentReader, Membership, ReminderDelivery, Team
from incidents.queries.calendar import business_calendars, organisation
from tools.plain.holidays import BusinessCalendar

PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Promise:
    """What of a follow-up says who is to be told, and when."""

    id: int
    kind: str
    state: str
    team_id: int
    owner_id: int
    backup_id: int | None
    due_on: date
    due_at: datetime | None
    due_version: int
    first_step: str
    incident_id: int
    number: int
    incident_team_id: int
    restricted: bool
    created_at: datetime
    stands: tuple[int | None, int | None, int | None]  # owner, backup and recorder of the record

    @property
    def is_open(self) -> bool:
        return self.state == FollowUpState.OPEN


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the ledger, with what of its letter says whether it was told."""

    id: int
    recipient_id: int
    step: str
    due_version: int
    planned_on: date
    planned_at: datetime | None
    state: str
    reason: str
    created_at: datetime
    letter_id: int | None
    letter_key: str
    letter_state: str
    letter_created_at: datetime | None
    letter_next_try_at: datetime | None
    paused_until: date | None

    @property
    def is_pending(self) -> bool:
        return self.state == DeliveryState.PENDING

    @property
    def is_told(self) -> bool:
        return self.state in {DeliveryState.WRITTEN, DeliveryState.SENT}

    @property
    def is_on_its_way(self) -> bool:
        """Its letter was written and waits for the mail server."""
        return self.state == DeliveryState.WRITTEN and self.letter_state in {LetterState.WAITING, LetterState.SENDING}

    @property
    def stands(self) -> bool:
        return self.state != DeliveryState.CANCELLED


@dataclass(frozen=True)
class House:
    """Calendars and rungs of the whole house, read once for a walk over all promises."""

    calendars: dict[int | None, BusinessCalendar]
    kept_ladder: list


@dataclass(frozen=True)
class Page:
    """Some promises with what stands in the ledger for them: rows of their version, and whatever is still pending."""

    promises: list[Promise]
    rows: dict[int, list[Row]] = field(default_factory=dict)
    members: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    readers: dict[int, set[int]] = field(default_factory=dict)

    def escalation(self, one: Promise) -> list[int]:
        """As queries.reader.escalation, for one of these promises."""
        rows = self.members.get(one.team_id, [])
        leads = [person for person, role in rows if role == Role.LEAD]
        if not one.restricted or one.incident_team_id != one.team_id:
            return leads
        allowed = self.readers.get(one.incident_id, set()) | set(one.stands)
        return [lead for lead in leads if lead in allowed] or [person for person, _role in rows if person in allowed]


def house() -> House:
    """Three queries, however many teams there are."""
    return House(business_calendars(set(Team.objects.values_list("pk", flat=True))), organisation().ladder)


def pages(*, size: int = PAGE, only: Q | None = None, lock: bool = False) -> Iterator[Page]:
    """All promises in pages of `size`, in the order of their ids. At most four queries a page, five with a lock.

    only: a condition on the promises; without it the closed ones are there too, with what still waits of them.
    lock: keep others from changing them until the caller's transaction ends.
    """
    last = 0
    while True:
        found = FollowUp.objects.filter(only or Q(), pk__gt=last).order_by("pk")
        if lock:
            _lock(found[:size])
        promises = list(_promises(found, size))
        if not promises:
            return
        rows = Q(follow_up__gt=last, follow_up__lte=promises[-1].id)
        if only is not None:
            rows &= Q(follow_up__in=[one.id for one in promises])
        yield _page(promises, rows)
        last = promises[-1].id


def page_of(ids: list[int]) -> Page:
    """These promises, locked until the end of the transaction: their rows stand still as well, because whoever changes
    a promise writes its row."""
    _lock(FollowUp.objects.filter(pk__in=ids).order_by("pk"))
    promises = list(_promises(FollowUp.objects.filter(pk__in=ids).order_by("pk"), len(ids)))
    return _page(promises, Q(follow_up__in=ids))


def _lock(found: QuerySet[FollowUp]) -> None:
    # Without the key: a new row of the ledger only needs the promise to be there, and must not wait for this.
    list(found.select_for_update(no_key=True).values_list("pk", flat=True))


def _promises(found: QuerySet[FollowUp], size: int) -> Iterator[Promise]:
    rows = found.values_list(
        "id", "kind", "state", "team_id", "owner_id", "backup_id", "due_on", "due_at", "due_version", "first_step",
        "incident_id", "incident__number", "incident__team_id", "incident__restricted", "created_at",
        "incident__owner_id", "incident__backup_id", "incident__recorded_by_id",
    )[:size]  # fmt: skip
    for row in rows:
        yield Promise(*row[:15], stands=row[15:])


def _page(promises: list[Promise], of_these: Q) -> Page:
    current = Q(follow_up__state=FollowUpState.OPEN, due_version=F("follow_up__due_version"))
    rows: dict[int, list[Row]] = {}
    found = ReminderDelivery.objects.filter(of_these).filter(Q(state=DeliveryState.PENDING) | current).order_by()
    for follow_up, *row in found.values_list(
        "follow_up_id", "id", "recipient_id", "step", "due_version", "planned_on", "planned_at", "state", "reason",
        "created_at", "letter_id", "letter__key", "letter__state", "letter__created_at",
        "letter__next_try_at", "recipient__paused_until",
    ):  # fmt: skip
        rows.setdefault(follow_up, []).append(Row(*row))
    members: dict[int, list[tuple[int, str]]] = {}
    of_teams = Membership.objects.filter(
        team__in={one.team_id for one in promises}, person__is_active=True, role__in=EDITING_ROLES
    )
    for team, person, role in of_teams.order_by("person_id").values_list("team_id", "person_id", "role"):
        members.setdefault(team, []).append((person, role))
    readers: dict[int, set[int]] = {}
    restricted = {one.incident_id for one in promises if one.restricted and one.kind not in SPREAD_KINDS}
    if restricted:
        named = IncidentReader.objects.filter(incident__in=restricted)
        for incident, person in named.values_list("incident_id", "person_id"):
            readers.setdefault(incident, set()).add(person)
    return Page(promises, rows, members, readers)
