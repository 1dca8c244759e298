"""The heart: promises, the ladder, the ledger, the morning's digest.

Every row comes into being in the transaction that creates or changes a promise, and leaves it the same way.
Nothing scans countermeasures for what might be due, and no due time ever lives in the broker.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from incidents import rules
from incidents.domain import care, handed, letter, search
from incidents.domain.ladder import (
    BACKUP,
    LADDER,
    OWNER,
    REVIEW_STEPS,
    Moment,
    Step,
    ladder,
    moments,
    next_moment,
    next_week,
    step_name,
)
from incidents.enums import (
    MOMENT_KINDS,
    REVIEW_KINDS,
    SPREAD_KINDS,
    DeliveryState,
    FollowUpState,
    LetterKind,
    LetterState,
    Role,
    Severity,
)
from incidents.letters import reminder as words
from incidents.models import (
    FollowUp,
    Incident,
    Letter,
    Membership,
    Person,
    ReminderDelivery,
    Team,
)
from incidents.queries import reminder as due
from incidents.queries.calendar import business_calendar, business_calendars, day_here, today_here, today_of, zone_of
from incidents.queries.reader import escalation, readers
from tools.plain.holidays import BusinessCalendar

log = logging.getLogger(__name__)

BACKUP_CHANGED = "backup_changed"

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
    follow_up = FollowUp.objects.create(
        kind=kind, incident=incident, team=team or incident.team, owner=owner, backup=backup, due_on=due_on, **more
    )
    _plan(follow_up)
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
    follow_up.save(update_fields=["due_on", "due_at", "due_version", "updated_at"])
    search.refresh_due(follow_up.incident_id)
    _plan(follow_up)


@transaction.atomic
def hand_over(follow_up: FollowUp, *, owner: Person, backup: Person | None) -> None:
    """The promise has a new owner: nothing more goes to the old one."""
    _cancel(follow_up, "handed_over")
    follow_up.owner, follow_up.backup = owner, backup
    follow_up.due_version += 1
    follow_up.save(update_fields=["owner", "backup", "due_version", "updated_at"])
    _plan(follow_up)


@transaction.atomic
def change_backup(follow_up: FollowUp, *, backup: Person | None) -> None:
    """Somebody else stands in for a promise of a day, or nobody: the steps that speak to the stand-in are theirs.

    The owner's rows stay as they are, so that nobody is told a step again.
    """
    follow_up.backup = backup
    follow_up.save(update_fields=["backup", "updated_at"])
    for days, roles in LADDER:
        if BACKUP in roles:
            _tell_instead(follow_up, step_name(days), _told(follow_up, roles))


def _tell_instead(follow_up: FollowUp, step: str, people: list[int]) -> None:
    """A step that nobody has been sent yet goes to these people and to nobody else."""
    now = timezone.now()
    rows = ReminderDelivery.objects.filter(follow_up=follow_up, step=step, due_version=follow_up.due_version)
    unsent = rows.filter(
        Q(state=DeliveryState.PENDING)
        | Q(state=DeliveryState.WRITTEN, letter__state__in=[LetterState.WAITING, LetterState.QUARANTINED])
    )
    planned_on = unsent.values_list("planned_on", flat=True).first()
    if planned_on is None:
        return
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
                planned_on=planned_on,
            )
            for person_id in people
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
    follow_up.save()
    search.refresh_due(follow_up.incident_id)
    _plan(follow_up)


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


def _plan(follow_up: FollowUp) -> None:
    if follow_up.kind in MOMENT_KINDS:
        _add_moments(follow_up, moments(follow_up.kind, follow_up.due_at, now=timezone.now()))
        return
    calendar = business_calendar(follow_up.team_id)
    steps = ladder(follow_up.due_on, calendar, today=today_here())
    if follow_up.kind in REVIEW_KINDS:
        steps = [step for step in steps if step.name in REVIEW_STEPS or step.name.startswith("w")]
    _add_rows(follow_up, steps)


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
    rows = [
        ReminderDelivery(
            follow_up=follow_up,
            recipient_id=person_id,
            step=step.name,
            due_version=follow_up.due_version,
            planned_at=step.at,
            planned_on=day_here(step.at),
        )
        for step in steps
        for person_id in _told(follow_up, step.roles)
    ]
    ReminderDelivery.objects.bulk_create(rows, ignore_conflicts=True)


def _add_rows(follow_up: FollowUp, steps: Iterable[Step]) -> None:
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
        ]
    ReminderDelivery.objects.bulk_create(rows, ignore_conflicts=True)


def _working(people: set[int]) -> set[tuple[int, int]]:
    """(person, team) of those who may still work on a promise there."""
    return set(
        Membership.objects.filter(person__in=people, person__is_active=True, role__in=rules.EDITING_ROLES).values_list(
            "person_id", "team_id"
        )
    )


# The morning ----------------------------------------------------------------------------------


def write_due_digests(*, now: datetime | None = None, limit: int = 500) -> list[int]:
    """Write the digest of each person whose morning has come and for whom something is due.

    now: aware; default the present. Returns the ids of the letters written. One person's trouble is logged and does
    not stop the others (habit 7).
    """
    written = []
    now = now or timezone.now()
    try:
        hand_orphans_to_leads(now=now)
    except Exception:  # one odd row must not keep everybody's letters
        log.exception("orphaned reminders could not be handed to the leads")
    for person in due.people_with_due_rows(now=now, limit=limit):
        try:
            one = write_digest(person, now=now)
        except Exception:  # whatever is wrong with one person's rows, the next person is still told
            log.exception("digest of person %s could not be written", person.pk)
            continue
        if one is not None:
            written.append(one.pk)
    return written


def write_digest(person: Person, *, now: datetime | None = None, asked_for: bool = False) -> Letter | None:
    """Write one person's letter of the day, or nothing when there is nothing to do (U2).

    Standing is asked again here: a promise that is closed, whose owner changed, or which the person may no longer
    see falls out, and its row says why. asked_for: the person pressed the button; hour and closed days do not count.
    Returns the letter, or None. Safe to call at once from two places: the letter's key lets one of them through.
    """
    now = now or timezone.now()
    today = today_of(person, now)
    try:
        with transaction.atomic():
            return _write_digest(person, today, now, asked_for)
    except IntegrityError:
        return None  # somebody else has just written this person's letter of the day


def _write_digest(person: Person, today: date, now: datetime, asked_for: bool) -> Letter | None:
    if not person.is_active:
        return None
    keys = Letter.objects.filter(
        recipient=person, kind=LetterKind.DIGEST, key__startswith=f"digest:{person.pk}:{today}:"
    )
    standing = keys.exclude(state=LetterState.CANCELLED)
    if standing.exists():
        return None
    rows = list(
        ReminderDelivery.objects.select_for_update(of=("self",))
        .filter(recipient=person, state=DeliveryState.PENDING, planned_at__isnull=True, planned_on__lte=today)
        .select_related(
            "follow_up__incident",
            "follow_up__team",
            "follow_up__owner",
            "follow_up__measure__root__why",
            "follow_up__check_plan__measure__owner",
            "follow_up__question",
            "follow_up__incident__team",
            "follow_up__spread_answer__spread",
            "follow_up__spread_action__spread",
            "follow_up__review_of",
            "follow_up__root__why",
        )
        .order_by("follow_up__due_on", "follow_up_id", "-planned_on")
    )
    calendars = business_calendars({row.follow_up.team_id for row in rows})
    if not asked_for and not calendars[None].is_business_day(today):
        return None
    if not asked_for:  # a day that the team has closed since the row was planned is a closed day all the same
        rows = [row for row in rows if calendars[row.follow_up.team_id].is_business_day(today)]
    wanted = _sift(rows, person, today, now)
    if not wanted:
        return None
    working = _working({row.follow_up.owner_id for row in wanted})
    items: dict[int, words.Item] = {}
    for row in wanted:
        if row.follow_up_id not in items:
            team_id = row.follow_up.team_id
            items[row.follow_up_id] = words.item(
                row,
                recipient=person,
                today=today,
                calendar=calendars[team_id],
                owner_gone=(row.follow_up.owner_id, team_id) not in working,
            )
    rendered = words.digest(person, list(items.values()), today=today)
    written = letter.post(
        kind=LetterKind.DIGEST,
        key=f"digest:{person.pk}:{today}:{keys.count() + 1}",
        to=person,
        rendered=rendered,
    )
    kept = written.state == LetterState.KEPT  # no mail server: it is told once it can be read
    ReminderDelivery.objects.filter(pk__in=[row.pk for row in wanted]).update(
        state=DeliveryState.SENT if kept else DeliveryState.WRITTEN,
        settled_at=now if kept else None,
        letter=written,
        updated_at=now,
    )
    for row in wanted:
        _plan_next_week(row, calendars[row.follow_up.team_id], today)
    return written


def _sift(rows: list[ReminderDelivery], person: Person, today: date, now: datetime) -> list[ReminderDelivery]:
    """The rows that the person may still be told; the others are settled with their reason, and the leads hear."""
    roles = dict(Membership.objects.filter(person=person).values_list("team_id", "role"))
    wanted: list[ReminderDelivery] = []
    for row in rows:
        why_not = _unwanted(row, roles)
        if why_not:
            row.state, row.reason, row.settled_at = DeliveryState.CANCELLED, why_not, now
        else:
            wanted.append(row)
    unwanted = [row for row in rows if row.reason]
    ReminderDelivery.objects.bulk_update(unwanted, ["state", "reason", "settled_at"])
    _speak_to_leads(unwanted, today)
    return wanted


def _plan_next_week(row: ReminderDelivery, calendar: BusinessCalendar, today: date) -> None:
    """For ever: a weekly step that has been dealt with plans the one after it (U1)."""
    following = next_week(row.step, row.follow_up.due_on, calendar)
    while following is not None and following.on <= today:  # after a long silence one letter, not one a day
        following = next_week(following.name, row.follow_up.due_on, calendar)
    if following is not None:
        _add_rows(row.follow_up, [following])


# Why a person must not be told any more although the promise stands.
LOST_STANDING = frozenset({"left_team", "viewer", "not_lead", "deactivated", "not_reader"})


@transaction.atomic
def hand_orphans_to_leads(*, now: datetime) -> int:
    """What is due for somebody who has been deactivated goes to the leads of the team (U5). Returns how many rows."""
    today = today_here()
    rows = list(
        ReminderDelivery.objects.select_for_update(of=("self",))
        .filter(state=DeliveryState.PENDING, planned_at=None, planned_on__lte=today, recipient__is_active=False)
        .select_related("follow_up__incident", "follow_up__team", "follow_up__owner")[:500]
    )
    for row in rows:
        row.state, row.reason, row.settled_at = DeliveryState.CANCELLED, "deactivated", now
    ReminderDelivery.objects.bulk_update(rows, ["state", "reason", "settled_at"])
    _speak_to_leads(rows, today)
    return len(rows)


def _speak_to_leads(rows: list[ReminderDelivery], today: date) -> None:
    """An open promise never falls silent: a step whose recipient has lost their standing is told to the leads."""
    for row in rows:
        follow_up = row.follow_up
        if row.reason not in LOST_STANDING or follow_up.state != FollowUpState.OPEN:
            continue
        if row.due_version != follow_up.due_version:
            continue
        calendar = business_calendar(follow_up.team_id)
        told = [
            ReminderDelivery(
                follow_up=follow_up,
                recipient_id=lead,
                step=row.step,
                due_version=row.due_version,
                planned_on=today if row.planned_at else calendar.roll_forward(today),
                planned_at=row.planned_at,
            )
            for lead in escalation(follow_up.incident, follow_up.team_id)
        ]
        ReminderDelivery.objects.bulk_create(told, ignore_conflicts=True)
        if row.planned_at is None:
            _plan_next_week(row, calendar, today)
        else:
            plan_next_moment(row, now=timezone.now())


def _unwanted(row: ReminderDelivery, roles: dict[int, str]) -> str:
    """Why this row must not be told any more, or ""."""
    follow_up = row.follow_up
    if follow_up.state != FollowUpState.OPEN:
        return "closed"
    if row.due_version != follow_up.due_version:
        return "moved"
    role = roles.get(follow_up.team_id)
    if role is None:
        return "left_team"
    if follow_up.incident.restricted and follow_up.kind not in SPREAD_KINDS:
        if row.recipient_id not in readers(follow_up.incident):
            return "not_reader"
    if row.recipient_id in {follow_up.owner_id, follow_up.backup_id}:
        return "" if rules.may_edit(role) else "viewer"
    if role == Role.LEAD or row.recipient_id in escalation(follow_up.incident, follow_up.team_id):
        return ""
    return "not_lead"


@transaction.atomic
def still_wanted(one: Letter) -> bool:
    """Ask again at the moment of sending whether a digest still tells the truth (U2, habit 10).

    When a promise in it has meanwhile been kept, moved or handed over, the letter is cancelled, the rest of its
    rows wait again, and a new letter is written in its place. Returns whether `one` may be sent as it is.
    A letter that an earlier worker may already have handed over goes out again unchanged: the same Message-ID lets
    the mailbox see that it is one letter, and the ledger must not deny what was probably delivered.
    """
    if one.kind == LetterKind.CARE:
        return care.still_wanted(one)
    if one.kind == LetterKind.HANDED_OVER:
        return handed.still_wanted(one)
    if one.kind not in {LetterKind.DIGEST, LetterKind.MOMENT} or one.dot_at is not None:
        return True
    rows = list(
        ReminderDelivery.objects.filter(letter=one).select_related(
            "follow_up__incident", "follow_up__team", "follow_up__owner"
        )
    )
    recipient = one.recipient
    now = timezone.now()
    roles = dict(Membership.objects.filter(person=recipient).values_list("team_id", "role"))
    written = [row for row in rows if row.state == DeliveryState.WRITTEN]
    reasons = {row.pk: _unwanted(row, roles) for row in written}
    good = [row for row in written if not reasons[row.pk]]
    if len(good) == len(rows) and recipient.is_active:
        return True
    # The rows leave the letter before it is taken back, which settles those that are still in it.
    ReminderDelivery.objects.filter(pk__in=[row.pk for row in good]).update(
        state=DeliveryState.PENDING, letter=None, updated_at=now
    )
    unwanted = [row for row in written if reasons[row.pk]]
    for row in unwanted:
        row.state, row.reason, row.settled_at = DeliveryState.CANCELLED, reasons[row.pk], now
    ReminderDelivery.objects.bulk_update(unwanted, ["state", "reason", "settled_at"])
    letter.withdraw_claimed(one, reason="stale")
    _speak_to_leads(unwanted, today_of(recipient, now))
    if good and one.kind == LetterKind.DIGEST:  # the rows of a moment are due already and find their own ring
        _write_digest(recipient, today_of(recipient, now), now, True)
    return False


# The minute -----------------------------------------------------------------------------------


def plan_next_moment(row: ReminderDelivery, *, now: datetime) -> None:
    """For ever: a step of a minute that has been dealt with plans the one after it, for each who hears of that one."""
    follow_up = row.follow_up
    following = next_moment(
        row.step,
        follow_up.due_at,
        now=now,
        zone=zone_of(row.recipient),
        calendar=business_calendar(follow_up.team_id),
        loud=follow_up.incident.severity == Severity.S1,
    )
    if following is not None:
        _add_moments(follow_up, [following])


def write_due_moments(*, now: datetime | None = None, limit: int = 500) -> list[int]:
    """Write a letter for each promise of a minute whose step has come (F1, B-14). Never in the digest, never later.

    now: aware; default the present. Returns the ids of the letters written. One promise's trouble is logged and does
    not stop the others (habit 7). Safe to call at once from two places, as the digest is.
    """
    now, written = now or timezone.now(), []
    for follow_up_id, person_id in due.moments_due(now=now, limit=limit):
        try:
            with transaction.atomic():
                one = _write_moment(follow_up_id, person_id, now)
        except IntegrityError:  # somebody else has just written this step
            continue
        except Exception:  # whatever is wrong with one promise, the next one is still told
            log.exception("moment of follow-up %s could not be written", follow_up_id)
            continue
        if one is not None:
            written.append(one.pk)
    return written


def _write_moment(follow_up_id: int, person_id: int, now: datetime) -> Letter | None:
    rows = list(
        ReminderDelivery.objects.select_for_update(of=("self",))
        .filter(follow_up=follow_up_id, recipient=person_id, state=DeliveryState.PENDING, planned_at__lte=now)
        .select_related("recipient", "follow_up__incident", "follow_up__team", "follow_up__owner")
        .order_by("planned_at", "pk")
    )
    if not rows:
        return None
    person, latest = rows[-1].recipient, rows[-1]
    roles = dict(Membership.objects.filter(person=person).values_list("team_id", "role"))
    why_not = "deactivated" if not person.is_active else _unwanted(latest, roles)
    if why_not:
        for row in rows:
            row.state, row.reason, row.settled_at = DeliveryState.CANCELLED, why_not, now
        ReminderDelivery.objects.bulk_update(rows, ["state", "reason", "settled_at"])
        _speak_to_leads([latest], day_here(now))
        return None
    written = letter.post(
        kind=LetterKind.MOMENT,
        key=f"moment:{follow_up_id}:{latest.due_version}:{person_id}:{latest.step}",
        to=person,
        rendered=words.moment(latest, recipient=person, now=now),
    )
    kept = written.state == LetterState.KEPT
    ReminderDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=DeliveryState.SENT if kept else DeliveryState.WRITTEN,
        settled_at=now if kept else None,
        letter=written,
        updated_at=now,
    )
    plan_next_moment(latest, now=now)
    return written
