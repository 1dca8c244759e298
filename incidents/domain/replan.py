"""Planning anew what is planned already, for many promises at once: the ladder or the calendar has changed, somebody
has become lead, or the auditor has found a gap.

Only what lies ahead moves. What has come stays as it is: it was told, or it is about to be. A step keeps its name under
every ladder (`ladder.week_name`), and its row is unique, so that nobody is told a step again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from incidents.domain import audit, auditor, engine, ladder
from incidents.domain.ladder import BACKUP, OWNER, Moment, Step
from incidents.domain.ledger import CALENDAR_CHANGED, COMES_BACK, LADDER_CHANGED, LEADS_CHANGED, MENDED
from incidents.enums import MOMENT_KINDS, DeliveryState, FollowUpState, Severity
from incidents.models import FollowUp, Incident, Person, ReminderDelivery, Team
from incidents.queries.calendar import day_here, house_zone, zone_of
from incidents.queries.ledger import House, Page, Promise, Row, house, page_of, pages
from tools.plain.quiethours import QuietHours

log = logging.getLogger(__name__)

# What a new plan sets right; the others want a person, or the engine itself.
MENDABLE = frozenset(
    {"silent", "row_missing", "row_cut", "week_cut", "closed_pending", "old_version", "stray", "wrong_day"}
    | {"ahead_of_time"}
)
AT_ONCE = 200  # promises that are mended in one transaction


@dataclass
class _Changes:
    """What is to be written for a page of promises."""

    cancelled: dict[str, list[int]] = field(default_factory=dict)
    planned: list[ReminderDelivery] = field(default_factory=list)
    moved: dict[tuple[date, datetime | None], list[int]] = field(default_factory=dict)
    first: dict[str, list[int]] = field(default_factory=dict)
    anew: list[int] = field(default_factory=list)
    promises: set[int] = field(default_factory=set)

    def cancel(self, one: Promise, rows: Iterable[Row], reason: str) -> None:
        for row in rows:
            self.cancelled.setdefault(reason, []).append(row.id)
            self.promises.add(one.id)

    def move(self, one: Promise, row: Row, *, on: date, at: datetime | None = None) -> None:
        """The row waits, or waits again, for that day; at: aware, for a step of a minute."""
        self.moved.setdefault((on, at), []).append(row.id)
        self.promises.add(one.id)

    def write(self) -> int:
        now = timezone.now()
        for reason, ids in self.cancelled.items():
            ReminderDelivery.objects.filter(pk__in=ids, state=DeliveryState.PENDING).update(
                state=DeliveryState.CANCELLED, reason=reason, settled_at=now, updated_at=now
            )
        # A row that has become a letter since it was read is told: only what still waits, or waits again, moves.
        movable = ReminderDelivery.objects.filter(state__in=[DeliveryState.PENDING, DeliveryState.CANCELLED])
        for (on, at), ids in self.moved.items():
            movable.filter(pk__in=ids).update(
                state=DeliveryState.PENDING, reason="", settled_at=None, planned_on=on, planned_at=at, updated_at=now
            )
        FollowUp.objects.filter(pk__in=self.anew).update(due_version=F("due_version") + 1, updated_at=now)
        ReminderDelivery.objects.bulk_create(self.planned, ignore_conflicts=True, batch_size=1000)
        for name, ids in self.first.items():
            FollowUp.objects.filter(pk__in=ids).update(first_step=name, updated_at=now)
        return len(self.promises)


# Many at once ----------------------------------------------------------------------------------


@transaction.atomic
def ladder_changed() -> int:
    """Every open promise of a day follows the organisation's ladder from the next morning on. Returns how many moved."""
    return _ahead(Q(state=FollowUpState.OPEN) & ~Q(kind__in=MOMENT_KINDS), LADDER_CHANGED)


@transaction.atomic
def leads_changed(*, team: Team | None = None, incident: Incident | None = None) -> int:
    """Who leads the team, or who may read the record, is somebody else: the steps ahead speak to them (U5).

    A step whose recipient has lost their standing needs none of this: it is asked again when it is told.
    """
    of_it = Q(team=team) if team is not None else Q(incident=incident)
    return _ahead(Q(state=FollowUpState.OPEN) & of_it, LEADS_CHANGED)


@transaction.atomic
def calendar_changed(team: Team | None = None) -> int:
    """Days have been closed or opened, of one team or (None) of the house: the steps ahead stand where they now belong.

    Nothing becomes late on a closed day, and what was told is not told again. A step whose day has passed by the new
    calendar is told on the next open morning. Returns how many promises moved.
    """
    of_it = Q(state=FollowUpState.OPEN)
    return _ahead(of_it if team is None else of_it & Q(team=team), CALENDAR_CHANGED)


def _ahead(only: Q, reason: str) -> int:
    known, now, moved = house(), timezone.now(), 0
    for page in pages(only=only, lock=True):
        changes = _Changes()
        if reason == CALENDAR_CHANGED:
            _bring_minutes(page, known, changes, now)
        for one in page.promises:
            if reason == CALENDAR_CHANGED and one.kind in MOMENT_KINDS:
                continue
            rows = [row for row in page.rows.get(one.id, []) if row.due_version == one.due_version]
            steps = _steps_ahead(one, rows, known, now, reason)
            _bring(one, rows, steps, page, changes, reason, known=known, now=now)
        moved += changes.write()
    return moved


@transaction.atomic
def mend(ids: list[int], *, now: datetime | None = None) -> list[auditor.Fault]:
    """Plan these promises anew where the auditor finds something that a plan can mend, each with its trace.

    Returns what was found. The nearest step only: what has been missed comes once, on the next morning.
    """
    now, known, page = now or timezone.now(), house(), page_of(ids)
    found = [fault for fault in auditor.faults_of(page, known, now=now) if fault.code in MENDABLE]
    codes: dict[int, list[str]] = {}
    for fault in found:
        codes.setdefault(fault.follow_up, []).append(f"{fault.code} {fault.step}".strip())
    changes = _Changes()
    for one in page.promises:
        if one.id not in codes:
            continue
        rows = page.rows.get(one.id, [])
        if not one.is_open:
            changes.cancel(one, rows, "closed")
            continue
        changes.cancel(one, (row for row in rows if row.due_version != one.due_version), "moved")
        current = [row for row in rows if row.due_version == one.due_version]
        if any(code.startswith("ahead_of_time") for code in codes[one.id]):
            _begin_anew(one, current, page, changes, known=known, now=now)
            continue
        steps = _steps_mended(one, current, known, now)
        _bring(one, current, steps, page, changes, MENDED, known=known, now=now)
    changes.write()
    for follow_up in FollowUp.objects.filter(pk__in=changes.promises).select_related("incident"):
        audit.note(None, "reminder.mended", follow_up, reason=", ".join(dict.fromkeys(codes[follow_up.pk]))[:300])
    return found


def _begin_anew(one: Promise, rows: list[Row], page: Page, changes: _Changes, *, known: House, now: datetime) -> None:
    """What a fast clock has told does not count: it stays in the ledger, under the version of the promise that ends here.

    What was told on its day is not told again.
    """
    changes.cancel(one, rows, MENDED)
    changes.anew.append(one.id)
    told = [row for row in rows if row.is_told and not auditor.told_by_a_fast_clock(one, row, now)]
    steps, names = _steps_mended(one, told, known, now), {row.step for row in told}
    if one.kind not in MOMENT_KINDS:
        steps = [step for step in steps if step.name not in names]
    one = replace(one, due_version=one.due_version + 1)
    _bring(one, [], steps, page, changes, MENDED, known=known, now=now)


def audit_and_mend(*, now: datetime | None = None) -> int:
    """The hourly look: each fault is logged, and what a plan can mend is mended, because no promise may fall silent.

    The marks of the engine say when it last looked and when it last found nothing. One promise's trouble is logged and
    does not stop the others (habit 7). now: aware; default the present. Returns how many faults there were.
    """
    found, some = 0, {}
    for fault in auditor.audit(now=now):
        found += 1
        log.error("reminder ledger: %s: %s", fault.code, fault.as_json())
        if fault.code in MENDABLE:
            some[fault.follow_up] = None
        if len(some) >= AT_ONCE:
            _mend_these(some, now)
            some.clear()
    _mend_these(some, now)
    engine.mark("audit")
    if not found:
        engine.mark("audit_clean")
    return found


def _mend_these(ids: Iterable[int], now: datetime | None) -> None:
    """Together, because it is quicker; when that fails, each by itself."""
    ids = list(ids)
    try:
        found = mend(ids, now=now) if ids else []
    except Exception:
        log.exception("reminder ledger: %s promises could not be mended", len(ids))
        if len(ids) > 1:
            for one in ids:
                _mend_these([one], now)
        return
    for one in dict.fromkeys(fault.follow_up for fault in found):
        log.warning("reminder ledger: follow-up %s was planned anew", one)


@transaction.atomic
def plan(ids: list[int]) -> None:
    """Give these promises their rows, for whoever makes very many of them at once. In one go for a thousand."""
    known, page, changes, now = house(), page_of(ids), _Changes(), timezone.now()
    for one in page.promises:
        if one.is_open:
            steps = _steps_mended(one, [], known, now)
            _bring(one, [], steps, page, changes, MENDED, known=known, now=now)
    changes.write()


# One promise -----------------------------------------------------------------------------------


def _calendar(one: Promise, known: House):
    return known.calendars.get(one.team_id, known.calendars[None])


def _steps(one: Promise, known: House, today: date, *, nearest: bool) -> list[Step]:
    rungs = ladder.rungs_from(known.kept_ladder)
    return ladder.steps_of(one.kind, one.due_on, _calendar(one, known), today=today, rungs=rungs, nearest=nearest)


def _steps_ahead(one: Promise, rows: list[Row], known: House, now: datetime, reason: str) -> list[Step] | list[Moment]:
    """What lies beyond the next morning, whoever was told what before; with another calendar from today on."""
    if one.kind not in MOMENT_KINDS:
        from_day = day_here(now) if reason == CALENDAR_CHANGED else _soon(one, known, now) + timedelta(days=1)
        return _steps(one, known, from_day, nearest=False)
    return [step for step in _moments_planned(one, rows) if step.at > now]


def _steps_mended(one: Promise, rows: list[Row], known: House, now: datetime) -> list[Step] | list[Moment]:
    if one.kind not in MOMENT_KINDS:
        return _steps(one, known, day_here(now), nearest=True)
    told = [int(row.step[1:]) for row in rows if row.is_told]
    if told and max(told) >= 0:
        near = [row for row in rows if not _too_far(one, row, known, now)]
        planned = [step for step in _moments_planned(one, near) if int(step.name[1:]) > max(told)]
        return planned or [_next_in_peace(one, max(told), known, now)]
    return ladder.moments(one.kind, one.due_at, now=now)


def _too_far(one: Promise, row: Row, known: House, now: datetime) -> bool:
    """Whether a step of a minute waits for a day that only a wrong clock can have named."""
    return row.planned_on > auditor.furthest(one, _calendar(one, known), now)


def _next_in_peace(one: Promise, minutes: int, known: House, now: datetime) -> Moment:
    """The step after that one, mended: outside the usual quiet hours of the house, whatever each person has chosen."""
    step = ladder.next_moment(ladder.moment_name(minutes), one.due_at, now=now)
    at = ladder.in_peace(step.at, QuietHours(), house_zone(), _calendar(one, known))
    return replace(step, at=at)


def _moments_planned(one: Promise, rows: list[Row]) -> list[Moment]:
    """The steps of minutes that still wait, with the roles to which they speak."""
    before = dict(ladder.BEFORE[one.kind])
    waiting = {int(row.step[1:]): row.planned_at for row in rows if row.is_pending}
    return [
        Moment(ladder.moment_name(n), at, before[-n] if n <= 0 else ladder.after_roles(n))
        for n, at in sorted(waiting.items())
    ]


def _soon(one: Promise, known: House, now: datetime) -> date:
    """The next morning of the team: what is planned up to it stays."""
    return _calendar(one, known).roll_forward(day_here(now))


def _people(one: Promise, roles: Iterable[str], page: Page) -> list[int]:
    """As ledger._told, out of the page."""
    told: dict[int, None] = {}
    for role in roles:
        if role == OWNER:
            told[one.owner_id] = None
        elif role == BACKUP and one.backup_id:
            told[one.backup_id] = None
        else:
            told.update(dict.fromkeys(page.escalation(one)))
    return list(told)


def _bring(
    one: Promise,
    rows: list[Row],
    steps: list[Step] | list[Moment],
    page: Page,
    changes: _Changes,
    reason: str,
    *,
    known: House,
    now: datetime,
) -> None:
    """Note what has to change so that these rows are those of the steps, for everybody to whom the steps speak."""
    by_key = {(row.recipient_id, row.step): row for row in rows}
    of_days = one.kind not in MOMENT_KINDS
    if of_days:
        steps = _with_a_week_to_come(one, by_key, steps, known)
    wanted = {(person, step.name): step for step in steps for person in _people(one, step.roles, page)}
    soon = day_here(now) if reason == CALENDAR_CHANGED else _soon(one, known, now)
    came = _come_already(one, steps, known) if of_days else frozenset()
    for key, row in by_key.items():
        ahead = row.planned_on > soon if of_days else row.planned_at > now
        if not row.is_pending or not ahead or key in wanted:
            continue
        if row.step in came:  # its day has passed by the calendar of today, and nobody was told: the next open morning
            changes.move(one, row, on=_soon(one, known, now))
        else:
            changes.cancel(one, [row], reason)
    for (person, name), step in wanted.items():
        on, at = (step.on, None) if of_days else (day_here(step.at), step.at)
        row = by_key.get((person, name))
        if row is None:
            row = ReminderDelivery(
                follow_up_id=one.id,
                recipient_id=person,
                step=name,
                due_version=one.due_version,
                planned_on=on,
                planned_at=at,
            )
            changes.planned.append(row)
            changes.promises.add(one.id)
        elif _comes_back(row, on, soon) or (
            row.is_pending
            and (row.planned_on > soon and row.planned_on != on if of_days else _too_far(one, row, known, now))
        ):
            changes.move(one, row, on=on, at=at)
    if _begins_elsewhere(one, steps, reason):
        changes.first.setdefault(steps[0].name, []).append(one.id)


def _begins_elsewhere(one: Promise, steps: list[Step] | list[Moment], reason: str) -> bool:
    """Whether the first of the steps is from now on the one with which the promise began."""
    if reason == LEADS_CHANGED or not steps or steps[0].name == one.first_step:
        return False
    if reason != CALENDAR_CHANGED or not one.first_step:
        return True
    return ladder.distance(steps[0].name) < ladder.distance(one.first_step)


def _bring_minutes(page: Page, known: House, changes: _Changes, now: datetime) -> None:
    """What follows after the time of a promise of a minute waits for an open day of this calendar (B-15)."""
    waiting = [
        (one, row)
        for one in page.promises
        if one.kind in MOMENT_KINDS
        for row in page.rows.get(one.id, [])
        if row.is_pending and row.planned_at > now and int(row.step[1:]) > 0
    ]
    if not waiting:
        return
    of_s1 = FollowUp.objects.filter(pk__in={one.id for one, _row in waiting}, incident__severity=Severity.S1)
    at_once = set(of_s1.values_list("pk", flat=True))
    people = Person.objects.in_bulk({row.recipient_id for _one, row in waiting})
    for one, row in waiting:
        person = people[row.recipient_id]
        soonest = max(one.due_at + timedelta(minutes=int(row.step[1:])), now + ladder.HALF_HOUR)
        at = min(
            ladder.in_peace(moment, person.quiet, zone_of(person), _calendar(one, known))
            for moment in (row.planned_at, soonest)
        )
        if at != row.planned_at and one.id not in at_once:
            changes.move(one, row, on=day_here(at), at=at)


def _come_already(one: Promise, steps: list[Step], known: House) -> frozenset[str]:
    """Rungs that are none of the steps to come: a row of one that still waits was late, and is told."""
    rungs, _last = ladder.rungs_of(one.kind, ladder.rungs_from(known.kept_ladder))
    return frozenset(ladder.step_name(days) for days, _roles in rungs) - {step.name for step in steps}


def _comes_back(row: Row, on: date, soon: date) -> bool:
    """A cancelled row of a step that is wanted again; not one whose letter went another way, nor one that was asked."""
    return not row.stands and row.letter_id is None and (row.reason in COMES_BACK or on > soon)


def _with_a_week_to_come(
    one: Promise, by_key: dict[tuple[int, str], Row], steps: list[Step], known: House
) -> list[Step]:
    """The steps, with a weekly one that nobody has been told yet: a day closed since may have moved the last one back."""
    told = {name for (_person, name), row in by_key.items() if row.is_told}
    _rungs, last = ladder.rungs_of(one.kind, ladder.rungs_from(known.kept_ladder))
    steps = list(steps)
    while steps and steps[-1].name in told:
        steps.append(ladder.next_week(steps[-1].name, one.due_on, _calendar(one, known), last=last))
    return steps
