"""When a promise is told, and to whom: sums of dates and minutes, without a database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from incidents.enums import REVIEW_KINDS, FollowUpKind
from tools.plain.holidays import BusinessCalendar
from tools.plain.quiethours import QuietHours

# The ladder -----------------------------------------------------------------------------------

OWNER, BACKUP, LEAD = "owner", "backup", "lead"
Rungs = tuple[tuple[int, tuple[str, ...]], ...]
# Business days from the due date, and who is told (U1). An organisation may keep rungs of its own.
LADDER: Rungs = (
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
WEEKLY = (OWNER, LEAD)

# What comes back after a long time is asked on its day, once more, and then weekly: a question, not a delay.
REVIEW_STEPS = frozenset({"d0", "d+3"})


@dataclass(frozen=True)
class Step:
    """One rung: its name in the ledger ("d-3", "d0", "w2"), its business day and the roles it speaks to."""

    name: str
    on: date
    roles: tuple[str, ...]


def step_name(days: int) -> str:
    return "d0" if days == 0 else f"d{days:+d}"


def week_name(days: int) -> str:
    """The weekly step that many business days after the due date: "w1", "w2" in the usual rhythm, else "w+15".

    A name means one distance under every ladder, so that a step that was told before the ladder changed is the same
    step after it, and its row in the ledger keeps it from being told again.
    """
    weeks, rest = divmod(days - LADDER[-1][0], WEEK)
    return f"w+{days}" if rest or weeks < 1 else f"w{weeks}"


def distance(name: str) -> int:
    """Business days from the due date to the step of that name, which is not one of minutes."""
    if name.startswith("w") and not name.startswith("w+"):
        return LADDER[-1][0] + WEEK * int(name[1:])
    return int(name[1:])


def rungs_from(kept: list) -> Rungs:
    """The rungs that the organisation keeps (Organisation.ladder); the usual ones when it keeps none."""
    return tuple((int(days), tuple(roles)) for days, roles in kept) or LADDER


def ladder(
    due_on: date, calendar: BusinessCalendar, *, today: date, rungs: Rungs = LADDER, nearest: bool = True
) -> list[Step]:
    """The steps still to come for a promise due on `due_on`, looked at on `today`, both local dates.

    Nothing is late on a closed day: a due date on one counts as the next business day. Created late means the
    nearest step only: before the due date what has passed is let go; after it the latest passed step comes today.
    The list ends with the first weekly step that lies ahead; the next is planned when that one is told.
    nearest: whether a passed step is made up for; not when the passed ones have been told.
    """
    base = calendar.roll_forward(due_on)
    steps = [Step(step_name(n), shift(calendar, base, n), roles) for n, roles in rungs]
    days = rungs[-1][0]
    while True:
        days += WEEK
        step = Step(week_name(days), shift(calendar, base, days), WEEKLY)
        steps.append(step)
        if step.on >= today:
            break
    coming = [step for step in steps if step.on >= today]
    missed = [step for step in steps if base <= step.on < today]
    first_day = calendar.roll_forward(today)
    if nearest and missed and coming[0].on > first_day:  # a step that falls on this day anyway is the nearest one
        coming.insert(0, Step(missed[-1].name, first_day, missed[-1].roles))
    return coming


FURTHEST = 60  # business days from the due date, either way
MOST_RUNGS = 24


def preview(due_on: date, calendar: BusinessCalendar, rungs: Rungs) -> list[Step]:
    """Every step of a promise due on `due_on` that was made long ago, with the first three of the weekly ones."""
    base = calendar.roll_forward(due_on)
    steps = [Step(step_name(days), shift(calendar, base, days), roles) for days, roles in rungs]
    for week in (1, 2, 3):
        days = rungs[-1][0] + WEEK * week
        steps.append(Step(week_name(days), shift(calendar, base, days), WEEKLY))
    return steps


def steps_of(
    kind: str,
    due_on: date,
    calendar: BusinessCalendar,
    *,
    today: date,
    rungs: Rungs = LADDER,
    nearest: bool = True,
) -> list[Step]:
    """The same for a promise of this kind: what comes back is asked by few steps, whatever ladder the house keeps."""
    if kind not in REVIEW_KINDS:
        return ladder(due_on, calendar, today=today, rungs=rungs, nearest=nearest)
    steps = ladder(due_on, calendar, today=today, nearest=nearest)
    return [step for step in steps if step.name in REVIEW_STEPS or step.name.startswith("w")]


def rungs_of(kind: str, rungs: Rungs) -> tuple[Rungs, int]:
    """The rungs of a promise of this kind, and the distance from which the weekly steps are counted."""
    if kind not in REVIEW_KINDS:
        return rungs, rungs[-1][0]
    return tuple(rung for rung in LADDER if step_name(rung[0]) in REVIEW_STEPS), LADDER[-1][0]


def week_after(days: int, last: int) -> int:
    """The distance of the first weekly step beyond `days`, when the last rung stands at `last`."""
    return last + WEEK * max(1, (days - last) // WEEK + 1)


def next_week(name: str, due_on: date, calendar: BusinessCalendar, *, last: int = LADDER[-1][0]) -> Step | None:
    """The weekly step after the step `name`, or None when that one is not weekly. last: where the last rung stands."""
    if not name.startswith("w"):
        return None
    days = week_after(distance(name), last)
    return Step(week_name(days), shift(calendar, calendar.roll_forward(due_on), days), WEEKLY)


def shift(calendar: BusinessCalendar, base: date, days: int) -> date:
    return base if days == 0 else calendar.add_business_days(base, days)


# Minutes --------------------------------------------------------------------------------------

# Minutes before the time and who is told (F1, B-14); from the time on every HALF_HOUR until the promise is kept.
BEFORE: dict[str, tuple[tuple[int, tuple[str, ...]], ...]] = {
    FollowUpKind.FIRST_REPORT: ((30, (OWNER,)), (15, (OWNER, BACKUP)), (0, (OWNER, LEAD))),
    FollowUpKind.NEXT_REPORT: ((15, (OWNER,)), (0, (OWNER,))),
    FollowUpKind.PROMISE: ((15, (OWNER,)), (0, (OWNER,))),
}
HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Moment:
    """One step of a promise of a minute: "m-15", "m0", "m30"; `at` is aware."""

    name: str
    at: datetime
    roles: tuple[str, ...]


def moment_name(minutes: int) -> str:
    return f"m{minutes}"


def after_roles(minutes: int) -> tuple[str, ...]:
    """Who hears of a step so many minutes after the time: the backup too, from an hour on the lead."""
    return (OWNER, BACKUP) if minutes < 60 else (OWNER, BACKUP, LEAD)


def roles_at(kind: str, minutes: int) -> tuple[str, ...]:
    """Who hears of the step so many minutes after the time (before it negative) of a promise of this kind."""
    return after_roles(minutes) if minutes > 0 else dict(BEFORE[kind])[-minutes]


def moments(kind: str, due_at: datetime, *, now: datetime) -> list[Moment]:
    """The steps still to come up to the time itself; when all have passed, the last of them now (nearest step only)."""
    steps = [
        Moment(moment_name(-minutes), due_at - timedelta(minutes=minutes), roles) for minutes, roles in BEFORE[kind]
    ]
    return [step for step in steps if step.at >= now] or [replace(steps[-1], at=now)]


def next_moment(name: str, due_at: datetime, *, now: datetime) -> Moment | None:
    """The step after `name`, told at `now`; None before the time itself, whose steps are all planned at once.

    Half an hour later, to the backup too, from an hour on to the lead. Whoever is to be left in peace then hears it
    later: `in_peace`, for each of them.
    """
    minutes = int(name[1:])
    if minutes < 0:
        return None
    minutes += 30
    at = max(due_at + timedelta(minutes=minutes), now + HALF_HOUR)
    return Moment(moment_name(minutes), at, after_roles(minutes))


def in_peace(at: datetime, quiet: QuietHours, zone: tzinfo, calendar: BusinessCalendar) -> datetime:
    """When a step that comes at `at` (aware) is told to somebody with these quiet hours on the wall of `zone`.

    Not in them nor on a closed day of the team (B-15): it waits for their end on the next open day.
    """
    return quiet.after(at.astimezone(zone), calendar)
