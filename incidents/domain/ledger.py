"""The ledger: promises, and who is to be told of them when.

Every row comes into being in the transaction that creates or changes a promise, and leaves it the same way.
Nothing scans countermeasures for what might be due, and no due time ever lives in the broker.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from incidents.domain import search
from incidents.domain.ladder import (
    BACKUP,
    OWNER,
    Moment,
    Step,
    in_peace,
    moment_name,
    moments,
    next_moment,
    next_week,
    roles_at,
    rungs_from,
    rungs_of,
    step_name,
    steps_of,
)
from incidents.enums import (
    MOMENT_KINDS,
    DeliveryState,
    FollowUpState,
    LetterState,
    Severity,
)
from incidents.models import (
    FollowUp,
    Incident,
    Person,
    ReminderDelivery,
    Team,
)
from incidents.queries.calendar import business_calendar, day_here, house, organisation, today_here, zone_of
from incidents.queries.reader import escalation
from tools.plain.holidays import BusinessCalendar

log = logging.getLogger(__name__)

BACKUP_CHANGED = "backup_changed"
# Rows that a new plan cancelled come back when their step is wanted again (domain.replan).
LADDER_CHANGED, LEADS_CHANGED, MENDED = "ladder_changed", "leads_changed", "mended"
CALENDAR_CHANGED = "calendar_changed"
COMES_BACK = frozenset({LADDER_CHANGED, LEADS_CHANGED, CALENDAR_CHANGED, MENDED})

TOLD = (DeliveryState.WRITTEN, DeliveryState.SENT)
SETTLED = (DeliveryState.SENT, DeliveryState.CANCELLED, DeliveryState.FAILED)

# Promises -------------------------------------------------------------------------------------


@transaction.atomic
def follow(
    *,
    kind: str,
    incident: Incident,
    owner: Person,
    backup: Person | None,
    due_on: date,
    team: Team | None = None,
    **more: Any,
) -> FollowUp:
    """Begin to follow a promise: its row and its ledger, in the caller's transaction. `due_on` is a local date.

    team: whose promise it is, when it is not the incident's team's. more: the pointer that the kind has
    (incidents.models.reminder.POINTERS), and text, to_whom, due_at (aware) for a promise in words.
    """
    follow_up = FollowUp(
        kind=kind, incident=incident, team=team or incident.team, owner=owner, backup=backup, due_on=due_on, **more
    )
    steps = _steps(follow_up)
    follow_up.save(force_insert=True)
    _add(follow_up, steps)
    search.refresh(incident)
    return follow_up


@transaction.atomic
def keep(follow_up: FollowUp, *, by: Person, outcome: str = "", note: str = "") -> None:
    """The promise is kept: what was still planned is cancelled. outcome, note: what was answered, if anything."""
    follow_up.closed_by = by
    follow_up.outcome, follow_up.closed_note = outcome or follow_up.outcome, note or follow_up.closed_note
    _close(follow_up, FollowUpState.KEPT, "done")


@transaction.atomic
def drop(follow_up: FollowUp, *, reason: str) -> None:
    """The promise is taken back: what was still planned is cancelled."""
    _close(follow_up, FollowUpState.CANCELLED, reason)


@transaction.atomic
def move(follow_up: FollowUp, *, due_on: date, due_at: datetime | None = None) -> None:
    """The promise has a new date: a new version of it is planned, the old one's rows are cancelled.

    due_at: aware, for a promise of a minute; `due_on` is then its day in the house.
    """
    _cancel(follow_up, "moved")
    follow_up.due_on, follow_up.due_at = due_on, due_at
    follow_up.due_version += 1
    steps = _steps(follow_up)
    follow_up.save(update_fields=["due_on", "due_at", "due_version", "first_step", "updated_at"])
    search.refresh_due(follow_up.incident_id)
    _add(follow_up, steps)


@transaction.atomic
def hand_over(follow_up: FollowUp, *, owner: Person, backup: Person | None) -> None:
    """The promise has a new owner: nothing more goes to the old one.

    The new owner is told where it stands. Stand-in and leads who have heard that already go on from there.
    """
    pending = follow_up.deliveries.filter(state=DeliveryState.PENDING, planned_at__isnull=False)
    waiting = dict(pending.order_by("-planned_at").values_list("recipient_id", "planned_at"))
    _cancel(follow_up, "handed_over")
    follow_up.owner, follow_up.backup = owner, backup
    follow_up.due_version += 1
    told = _told_since_due(follow_up) if follow_up.kind in MOMENT_KINDS else {}
    if told:
        follow_up.first_step = moment_name(max(told.values()) + 30)
        _go_on(follow_up, told, waiting)
    else:
        _add_but(follow_up, _steps(follow_up))
    follow_up.save(update_fields=["owner", "backup", "due_version", "first_step", "updated_at"])


def _told_since_due(follow_up: FollowUp) -> dict[int, int]:
    """Who was told of this very time when it had come, by person: how many minutes after it the last step was."""
    rows = follow_up.deliveries.filter(state__in=TOLD, planned_at__gte=follow_up.due_at)
    told: dict[int, int] = {}
    for person_id, step in rows.values_list("recipient_id", "step"):
        if (minutes := int(step[1:])) >= 0:
            told[person_id] = max(minutes, told.get(person_id, 0))
    return told


def _go_on(follow_up: FollowUp, told: dict[int, int], waiting: dict[int, datetime]) -> None:
    """After the time: who has heard nothing yet hears the last step now, and the others the next one when it was to come.

    waiting: when that was, by person (aware).
    """
    last, now = max(told.values()), timezone.now()
    latest = Moment(moment_name(last), now, roles_at(follow_up.kind, last))
    following = next_moment(latest.name, follow_up.due_at, now=now)
    new = [pk for pk in _told(follow_up, latest.roles) if pk not in told]
    told_then = _in_peace(follow_up, following, _told(follow_up, following.roles))
    _add_at(follow_up, _in_peace(follow_up, latest, new))
    _add_at(follow_up, [(step, pk, at if pk in new else waiting.get(pk) or at) for step, pk, at in told_then])


def _add_but(follow_up: FollowUp, steps: list[Step] | list[Moment]) -> None:
    """The steps of a new owner; whoever else was told the first of them under the owner before is not told it again."""
    if follow_up.kind in MOMENT_KINDS:
        return _add_moments(follow_up, steps)
    before = follow_up.deliveries.filter(due_version=follow_up.due_version - 1, step=steps[0].name, state__in=TOLD)
    heard = set(before.values_list("recipient_id", flat=True)) - {follow_up.owner_id}
    if not heard:
        return add_rows(follow_up, steps)
    if len(steps) == 1:  # on the very day of a weekly step it stands alone: the next is planned when it is told
        _rungs, last = rungs_of(follow_up.kind, rungs_from(organisation().ladder))
        steps = [*steps, next_week(steps[0].name, follow_up.due_on, business_calendar(follow_up.team_id), last=last)]
    follow_up.first_step = steps[1].name  # from here on everybody hears each step
    add_rows(follow_up, steps[:1], but=heard)
    return add_rows(follow_up, steps[1:])


@transaction.atomic
def change_backup(follow_up: FollowUp, *, backup: Person | None) -> None:
    """Somebody else stands in for a promise, or nobody: the steps that speak to the stand-in are theirs.

    The owner's rows stay as they are, so that nobody is told a step again.
    """
    follow_up.backup = backup
    follow_up.save(update_fields=["backup", "updated_at"])
    for step, roles in _roles(follow_up):
        if BACKUP in roles:
            _tell_instead(follow_up, step, _told(follow_up, roles))


def _roles(follow_up: FollowUp) -> list[tuple[str, tuple[str, ...]]]:
    """The steps of a promise with the roles to which they speak; of one of a minute those that may still be untold."""
    if follow_up.kind not in MOMENT_KINDS:
        rungs, _last = rungs_of(follow_up.kind, rungs_from(house(follow_up.team_id)[1]))
        return [(step_name(days), roles) for days, roles in rungs]
    open_rows = follow_up.deliveries.filter(due_version=follow_up.due_version).exclude(state__in=SETTLED)
    names = open_rows.order_by().values_list("step", flat=True).distinct()
    return [(name, roles_at(follow_up.kind, int(name[1:]))) for name in names]


def _tell_instead(follow_up: FollowUp, step: str, people: list[int]) -> None:
    """A step that nobody has been sent yet goes to these people and to nobody else."""
    now = timezone.now()
    rows = ReminderDelivery.objects.filter(follow_up=follow_up, step=step, due_version=follow_up.due_version)
    unsent = rows.filter(
        Q(state=DeliveryState.PENDING)
        | Q(state=DeliveryState.WRITTEN, letter__state__in=[LetterState.WAITING, LetterState.QUARANTINED])
    )
    first = unsent.order_by("pk").first()
    if first is None:
        return
    when = {pk: (first.planned_on, None) for pk in people}
    if first.planned_at:
        told = _in_peace(follow_up, Moment(step, first.planned_at, ()), people)
        when = {pk: (day_here(at), at) for _step, pk, at in told}
    unsent.exclude(recipient__in=people).update(
        state=DeliveryState.CANCELLED, reason=BACKUP_CHANGED, settled_at=now, updated_at=now
    )
    rows.filter(recipient__in=people, state=DeliveryState.CANCELLED, reason=BACKUP_CHANGED).update(
        state=DeliveryState.PENDING, reason="", settled_at=None, letter=None, updated_at=now
    )
    ReminderDelivery.objects.bulk_create(
        [
            ReminderDelivery(
                follow_up=follow_up,
                recipient_id=person_id,
                step=step,
                due_version=follow_up.due_version,
                planned_on=on,
                planned_at=at,
            )
            for person_id, (on, at) in when.items()
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def follow_again(follow_up: FollowUp, *, owner: Person, backup: Person | None, due_on: date) -> None:
    """A promise that was taken back is given anew: it is open again, and planned as a new version."""
    follow_up.state, follow_up.closed_at, follow_up.closed_by, follow_up.closed_note = (
        FollowUpState.OPEN,
        None,
        None,
        "",
    )
    follow_up.owner, follow_up.backup, follow_up.due_on = owner, backup, due_on
    follow_up.due_version += 1
    steps = _steps(follow_up)
    follow_up.save()
    search.refresh_due(follow_up.incident_id)
    _add(follow_up, steps)


def _close(follow_up: FollowUp, state: str, reason: str) -> None:
    follow_up.state, follow_up.closed_at = state, timezone.now()
    follow_up.save(update_fields=["state", "closed_at", "closed_by", "outcome", "closed_note", "updated_at"])
    search.refresh_due(follow_up.incident_id)
    _cancel(follow_up, reason)


def _cancel(follow_up: FollowUp, reason: str) -> None:
    """Cancel what nobody has been sent yet: planned rows, and rows in a letter that still waits."""
    now = timezone.now()
    rows = ReminderDelivery.objects.filter(follow_up=follow_up)
    rows.filter(state=DeliveryState.PENDING).update(
        state=DeliveryState.CANCELLED, reason=reason, settled_at=now, updated_at=now
    )
    rows.filter(state=DeliveryState.WRITTEN, letter__state__in=[LetterState.WAITING, LetterState.QUARANTINED]).update(
        state=DeliveryState.CANCELLED, reason=reason, settled_at=now, updated_at=now
    )


def _steps(follow_up: FollowUp) -> list[Step] | list[Moment]:
    """What is to be planned from now on; the first of it is noted on the promise, which the caller saves."""
    if follow_up.kind in MOMENT_KINDS:
        steps = moments(follow_up.kind, follow_up.due_at, now=timezone.now())
    else:
        calendar, kept = house(follow_up.team_id)
        steps = steps_of(follow_up.kind, follow_up.due_on, calendar, today=today_here(), rungs=rungs_from(kept))
    follow_up.first_step = steps[0].name
    return steps


def _add(follow_up: FollowUp, steps: list[Step] | list[Moment]) -> None:
    if follow_up.kind in MOMENT_KINDS:
        _add_moments(follow_up, steps)
    else:
        add_rows(follow_up, steps)


def _told(follow_up: FollowUp, roles: Iterable[str]) -> list[int]:
    """Who hears of a step that speaks to these roles, each person once."""
    told: dict[int, None] = {}
    for role in roles:
        if role == OWNER:
            told[follow_up.owner_id] = None
        elif role == BACKUP and follow_up.backup_id:
            told[follow_up.backup_id] = None
        else:
            # Nobody to stand in: the lead hears of it a step earlier (U5).
            told.update(dict.fromkeys(escalation(follow_up.incident, follow_up.team_id)))
    return list(told)


def _add_moments(follow_up: FollowUp, steps: Iterable[Moment]) -> None:
    told = [(step, person_id, step.at) for step in steps for person_id in _told(follow_up, step.roles)]
    _add_at(follow_up, told)


def _add_at(follow_up: FollowUp, told: Iterable[tuple[Moment, int, datetime]]) -> None:
    """told: (step, person, when that person is told it)."""
    rows = [
        ReminderDelivery(
            follow_up=follow_up,
            recipient_id=person_id,
            step=step.name,
            due_version=follow_up.due_version,
            planned_at=at,
            planned_on=day_here(at),
        )
        for step, person_id, at in told
    ]
    ReminderDelivery.objects.bulk_create(rows, ignore_conflicts=True)


def _in_peace(follow_up: FollowUp, step: Moment, pks: Iterable[int]) -> list[tuple[Moment, int, datetime]]:
    """When each of these people is told the step: after the time outside their quiet hours and on an open day (B-15).

    Not so before it, and not for S1.
    """
    if int(step.name[1:]) < 0 or follow_up.incident.severity == Severity.S1:
        return [(step, pk, step.at) for pk in pks]
    people, calendar = Person.objects.in_bulk(pks), business_calendar(follow_up.team_id)
    return [(step, pk, in_peace(step.at, people[pk].quiet, zone_of(people[pk]), calendar)) for pk in pks]


def add_rows(follow_up: FollowUp, steps: Iterable[Step], *, but: Collection[int] = ()) -> None:
    """Plan the steps of a promise of a day. but: people who hear none of them."""
    told: dict[tuple[str, ...], list[int]] = {}
    rows = []
    for step in steps:
        if step.roles not in told:
            told[step.roles] = _told(follow_up, step.roles)
        rows += [
            ReminderDelivery(
                follow_up=follow_up,
                recipient_id=person_id,
                step=step.name,
                due_version=follow_up.due_version,
                planned_on=step.on,
            )
            for person_id in told[step.roles]
            if person_id not in but
        ]
    ReminderDelivery.objects.bulk_create(rows, ignore_conflicts=True)


def plan_next_week(row: ReminderDelivery, calendar: BusinessCalendar, today: date) -> None:
    """For ever: a weekly step that has been dealt with plans the one after it (U1)."""
    if not row.step.startswith("w"):
        return
    follow_up = row.follow_up
    _rungs, last = rungs_of(follow_up.kind, rungs_from(organisation().ladder))
    following = next_week(row.step, follow_up.due_on, calendar, last=last)
    while following.on <= today:  # after a long silence one letter, not one a day
        following = next_week(following.name, follow_up.due_on, calendar, last=last)
    add_rows(follow_up, [following])
    # The step may stand there from a ladder that was kept for a while; its row is the only one that it can have.
    again = ReminderDelivery.objects.filter(
        follow_up=follow_up, due_version=follow_up.due_version, step=following.name, letter=None
    )
    again.filter(state=DeliveryState.CANCELLED, reason__in=COMES_BACK).update(
        state=DeliveryState.PENDING, reason="", settled_at=None, planned_on=following.on, updated_at=timezone.now()
    )


def plan_next_moment(row: ReminderDelivery, *, now: datetime) -> None:
    """For ever: a step of a minute that has been dealt with plans the one after it, for each who hears of that one.

    Each of them hears it outside their own quiet hours and on an open day, unless it is S1 (B-15).
    """
    follow_up = row.follow_up
    following = next_moment(row.step, follow_up.due_at, now=now)
    if following is None:
        return
    _add_at(follow_up, _in_peace(follow_up, following, _told(follow_up, following.roles)))


def let_sleep(rows: Iterable[ReminderDelivery], *, until: datetime) -> None:
    """What has come in the night for somebody who was told of the same promise in that night waits for the morning.

    until: aware. The rows keep their steps; in the morning the latest of them is told.
    """
    ReminderDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        planned_at=until, planned_on=day_here(until), updated_at=timezone.now()
    )
