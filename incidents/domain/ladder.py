"""When a promise is told, and to whom: sums of dates and minutes, without a database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo

from incidents.enums import FollowUpKind
from tools.plain.holidays import BusinessCalendar

# The ladder -----------------------------------------------------------------------------------

OWNER, BACKUP, LEAD = "owner", "backup", "lead"
# Business days from the due date, and who is told (U1).
LADDER: tuple[tuple[int, tuple[str, ...]], ...] = (
    (-7, (OWNER,)),
    (-3, (OWNER,)),
    (-1, (OWNER,)),
    (0, (OWNER,)),
    (1, (OWNER,)),
    (3, (OWNER,)),
    (5, (OWNER, BACKUP)),
    (7, (OWNER, LEAD)),
)
WEEK = 5  # business days between the steps after the last one, for ever


@dataclass(frozen=True)
class Step:
    """One rung: its name in the ledger ("d-3", "d0", "w2"), its business day and the roles it speaks to."""

    name: str
    on: date
    roles: tuple[str, ...]


def step_name(days: int) -> str:
    return "d0" if days == 0 else f"d{days:+d}"


def ladder(due_on: date, calendar: BusinessCalendar, *, today: date) -> list[Step]:
    """The steps still to come for a promise due on `due_on`, looked at on `today`, both local dates.

    Nothing is late on a closed day: a due date on one counts as the next business day. Created late means the
    nearest step only: before the due date what has passed is let go; after it the latest passed step comes today.
    The list ends with the first weekly step that lies ahead; the next is planned when that one is told.
    """
    base = calendar.roll_forward(due_on)
    steps = [Step(step_name(n), _shift(calendar, base, n), roles) for n, roles in LADDER]
    week, last = 1, LADDER[-1][0]
    while True:
        step = Step(f"w{week}", _shift(calendar, base, last + WEEK * week), (OWNER, LEAD))
        steps.append(step)
        if step.on >= today:
            break
        week += 1
    coming = [step for step in steps if step.on >= today]
    missed = [step for step in steps if base <= step.on < today]
    first_day = calendar.roll_forward(today)
    if missed and coming[0].on > first_day:  # a step that falls on this day anyway is the nearest one
        coming.insert(0, Step(missed[-1].name, first_day, missed[-1].roles))
    return coming


def next_week(name: str, due_on: date, calendar: BusinessCalendar) -> Step | None:
    """The weekly step after the step `name`, or None when that one is not weekly."""
    if not name.startswith("w"):
        return None
    week = int(name[1:]) + 1
    base = calendar.roll_forward(due_on)
    return Step(f"w{week}", _shift(calendar, base, LADDER[-1][0] + WEEK * week), (OWNER, LEAD))


def _shift(calendar: BusinessCalendar, base: date, days: int) -> date:
    return base if days == 0 else calendar.add_business_days(base, days)


# What comes back after a long time is asked on its day, once more, and then weekly: a question, not a delay.
REVIEW_STEPS = frozenset({"d0", "d+3"})


# Minutes --------------------------------------------------------------------------------------

# Minutes before the time and who is told (F1, B-14); from the time on every HALF_HOUR until the promise is kept.
BEFORE: dict[str, tuple[tuple[int, tuple[str, ...]], ...]] = {
    FollowUpKind.FIRST_REPORT: ((30, (OWNER,)), (15, (OWNER, BACKUP)), (0, (OWNER, LEAD))),
    FollowUpKind.NEXT_REPORT: ((15, (OWNER,)), (0, (OWNER,))),
    FollowUpKind.PROMISE: ((15, (OWNER,)), (0, (OWNER,))),
}
HALF_HOUR = timedelta(minutes=30)
QUIET_FROM, QUIET_UNTIL = time(19), time(8)  # B-15, on the recipient's wall


@dataclass(frozen=True)
class Moment:
    """One step of a promise of a minute: "m-15", "m0", "m30"; `at` is aware."""

    name: str
    at: datetime
    roles: tuple[str, ...]


def moments(kind: str, due_at: datetime, *, now: datetime) -> list[Moment]:
    """The steps still to come up to the time itself; when all have passed, the last of them now (nearest step only)."""
    steps = [
        Moment(f"m-{minutes}" if minutes else "m0", due_at - timedelta(minutes=minutes), roles)
        for minutes, roles in BEFORE[kind]
    ]
    return [step for step in steps if step.at >= now] or [replace(steps[-1], at=now)]


def next_moment(
    name: str, due_at: datetime, *, now: datetime, zone: tzinfo, calendar: BusinessCalendar, loud: bool
) -> Moment | None:
    """The step after `name`, told at `now`; None before the time itself, whose steps are all planned at once.

    Half an hour later, to the backup too, from an hour on to the lead. Not at night nor on a closed day on the
    recipient's wall: it waits for eight o'clock of the next open day, unless `loud` (S1).
    """
    minutes = int(name[1:])
    if minutes < 0:
        return None
    minutes += 30
    at = max(due_at + timedelta(minutes=minutes), now + HALF_HOUR)
    if not loud:
        at = _after_the_night(at.astimezone(zone), calendar)
    return Moment(f"m{minutes}", at, (OWNER, BACKUP) if minutes < 60 else (OWNER, BACKUP, LEAD))


def _after_the_night(at: datetime, calendar: BusinessCalendar) -> datetime:
    day = at.date() if at.time() < QUIET_FROM else at.date() + timedelta(days=1)
    if calendar.is_business_day(day) and day == at.date() and at.time() >= QUIET_UNTIL:
        return at
    return datetime.combine(calendar.roll_forward(day), QUIET_UNTIL, at.tzinfo)
