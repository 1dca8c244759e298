"""The auditor: reckons anew who should have been told of what, and compares the ledger with it (U1, invariant 6).

Nothing here trusts what planned the rows: it starts from the open promises alone (owner, backup, leads, due date, kind,
ladder, calendar) and asks of each whether it has fallen silent anywhere. It reads; `replan.mend` writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise as Lazy
from django.utils.translation import gettext_lazy as _

from incidents.domain import ladder
from incidents.domain.ladder import BACKUP, OWNER, WEEKLY, shift, step_name
from incidents.enums import MOMENT_KINDS, DeliveryState, FollowUpKind, LetterState
from incidents.models.incident import reference_of
from incidents.queries.calendar import day_here
from incidents.queries.ledger import PAGE, House, Page, Promise, Row, house, page_of, pages
from tools.plain.holidays import BusinessCalendar

# What can be wrong with a promise's rows, in words for whoever looks after the installation.
FAULTS: dict[str, str | Lazy] = {
    "silent": _("約束は続いているのに、これからのお知らせが一つもありません。"),
    "row_missing": _("知らせるはずの人に、この段の行がありません。"),
    "row_cut": _("約束は続いているのに、この段の行が取り消されています。"),
    "week_cut": _("週ごとのお知らせが途切れています。"),
    "closed_pending": _("終わった約束に、お知らせの予定が残っています。"),
    "old_version": _("前の期限や前の担当の予定が残っています。"),
    "stray": _("いまのはしごにない段の予定が残っています。"),
    "wrong_day": _("予定の日が、期限から数えた日と合いません。"),
    "ahead_of_time": _("時計が先へ進んでいたあいだに、知らせた段があります。"),
    "untold": _("知らせる時が過ぎたのに、まだ手紙になっていません。"),
    "undelivered": _("手紙になったのに、長く送られていません。"),
    "told_twice": _("同じ朝に、同じ人へ二度知らせています。"),
    "no_lead": _("チームに、知らせを受けるリーダーがいません。"),
}
# How long a row that has come may wait: business mornings for the digest, minutes for a promise of a minute.
MORNINGS = 2
MOMENT_LATE = timedelta(minutes=15)
# How long a letter about a promise of a minute may wait for the mail server; a digest as long as a row, in mornings.
LETTER_LATE = timedelta(hours=3)
# The longest that a letter honestly waits: the closed days of a turn of the year, or the last step of the back-off.
PUT_OFF = timedelta(days=15)
EAST = timedelta(hours=14)  # how far ahead of UTC a wall can be


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. Ids and a reference, no title: it goes into logs."""

    code: str
    follow_up: int
    kind: str
    number: int
    team: int
    step: str = ""
    person: int | None = None

    def sentence(self) -> str:
        """In plain words, for a terminal or a page."""
        where = f"{reference_of(self.number)} {FollowUpKind(self.kind).label} (follow-up {self.follow_up}"
        where += f", {self.step}" if self.step else ""
        where += f", person {self.person}" if self.person else ""
        return f"{where}): {FAULTS[self.code]}"

    def as_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "follow_up": self.follow_up,
            "kind": self.kind,
            "incident": reference_of(self.number),
            "team": self.team,
            "step": self.step,
            "person": self.person,
            "sentence": self.sentence(),
        }


@dataclass
class Tally:
    """What a walk has looked at."""

    promises: int = 0
    open: int = 0
    faults: int = 0


def audit(*, now: datetime | None = None, size: int = PAGE, tally: Tally | None = None) -> Iterator[Fault]:
    """Everything that is wrong with the ledger, promise by promise in the order of their ids.

    now: aware; default the present. size: promises a page; memory and the number of queries go by it. tally: is filled
    with what was looked at. What looks wrong is asked again under a lock, because others write meanwhile.
    """
    now, tally = now or timezone.now(), tally or Tally()
    known, leaderless = house(), set()
    for page in pages(size=size):
        tally.promises += len(page.promises)
        tally.open += sum(one.is_open for one in page.promises)
        suspects = list(dict.fromkeys(fault.follow_up for fault in faults_of(page, known, now=now)))
        if not suspects:
            continue
        with transaction.atomic():
            found = list(faults_of(page_of(suspects), known, now=now))
        for fault in found:
            if fault.code == "no_lead":  # one word for a team, not one for each of its promises
                if fault.team in leaderless:
                    continue
                leaderless.add(fault.team)
            tally.faults += 1
            yield fault


def faults_of(page: Page, known: House, *, now: datetime) -> Iterator[Fault]:
    """What is wrong with the promises of one page."""
    for one in page.promises:
        rows = page.rows.get(one.id, [])
        if not one.is_open:
            yield from (_fault("closed_pending", one, row) for row in rows)
            continue
        yield from (_fault("old_version", one, row) for row in rows if row.due_version != one.due_version)
        current = [row for row in rows if row.due_version == one.due_version]
        yield from (_fault("ahead_of_time", one, row) for row in current if told_by_a_fast_clock(one, row, now))
        leads = page.escalation(one)
        if not leads:
            yield _fault("no_lead", one)
        calendar = known.calendars.get(one.team_id, known.calendars[None])
        yield from _undelivered(one, current, (calendar, known.calendars[None]), now)
        if not any(row.is_pending for row in current) and not any(row.step.startswith("w") for row in current):
            yield _fault("silent", one)
            continue
        calendar = known.calendars.get(one.team_id, known.calendars[None])
        if one.kind in MOMENT_KINDS:
            yield from _of_minutes(one, current, leads, calendar, now)
        else:
            yield from _Days(one, current, leads, known, calendar, now).faults()
        yield from _told_twice(one, current)


def _fault(code: str, one: Promise, row: Row | None = None, *, step: str = "", person: int | None = None) -> Fault:
    if row is not None:
        step, person = row.step, row.recipient_id
    return Fault(code, one.id, one.kind, one.number, one.team_id, step, person)


def told_by_a_fast_clock(one: Promise, row: Row, now: datetime) -> bool:
    """Whether the step was told on a day that has not come yet.

    When the promise itself was made in times to come, it is the clock of now that is wrong.
    """
    tomorrow = now + timedelta(days=1)
    return row.is_told and row.letter_created_at is not None and row.letter_created_at > tomorrow > one.created_at


# Days ------------------------------------------------------------------------------------------


class _Days:
    """One promise of a day: the rungs from its first step on, then weekly for ever."""

    def __init__(
        self, one: Promise, rows: list[Row], leads: list[int], known: House, calendar: BusinessCalendar, now: datetime
    ):
        self.one, self.rows, self.leads, self.today = one, rows, leads, day_here(now)
        self.latest = (now + EAST).date()  # somebody far in the east already has tomorrow's morning
        self.calendar = calendar
        self.rungs, self.last = ladder.rungs_of(one.kind, ladder.rungs_from(known.kept_ladder))
        self.base = calendar.roll_forward(one.due_on)
        self.first = (
            ladder.distance(one.first_step)
            if one.first_step
            else min((ladder.distance(row.step) for row in rows), default=self.last)
        )

    def faults(self) -> Iterator[Fault]:
        at: dict[str, list[Row]] = {}
        for row in self.rows:
            at.setdefault(row.step, []).append(row)
        for days, roles in self.rungs:
            if days >= self.first:
                name = step_name(days)
                ahead = self._day(days) > self.today
                yield from _heard(self.one, name, roles, at.get(name, []), self.leads, ahead=ahead)
        yield from self._weekly(at)
        yield from self._rows_ahead()
        yield from self._untold()

    def _day(self, days: int) -> date:
        return shift(self.calendar, self.base, days)

    def _weekly(self, at: dict[str, list[Row]]) -> Iterator[Fault]:
        """The weekly step that lies ahead is planned: each one is, when the one before it is told."""
        waiting = [row for row in self.rows if row.step.startswith("w") and row.is_pending]
        if not waiting:
            yield _fault("week_cut", self.one)
            return
        name = max((row.step for row in waiting), key=ladder.distance)
        ahead = max(row.planned_on for row in at[name]) > self.today
        yield from _heard(self.one, name, WEEKLY, at[name], self.leads, ahead=ahead)
        gone = self.calendar.business_days_between(self.base, self.today)
        if ladder.distance(name) > ladder.week_after(gone, self.last) + ladder.WEEK:
            yield _fault("wrong_day", self.one, step=name)

    def _rows_ahead(self) -> Iterator[Fault]:
        """What is planned for a day to come is a step of the ladder, on its very day.

        Up to the next open morning anything may stand: what is made up for, or handed to somebody else. It is told then.
        """
        soon = self.calendar.roll_forward(self.latest)
        names = {step_name(days) for days, _roles in self.rungs}
        for row in self.rows:
            if not row.is_pending or row.planned_on <= soon:
                continue
            days = ladder.distance(row.step)
            if row.step not in names and not (
                row.step.startswith("w") and days > self.last and (days - self.last) % ladder.WEEK == 0
            ):
                yield _fault("stray", self.one, row)
            elif row.planned_on != self._day(days):
                yield _fault("wrong_day", self.one, row)

    def _untold(self) -> Iterator[Fault]:
        for row in self.rows:
            own_pause = row.recipient_id == self.one.owner_id and row.paused_until and row.paused_until >= self.today
            if not row.is_pending or row.planned_on >= self.today or own_pause:
                continue
            since = max(row.planned_on, day_here(row.created_at))
            if row.recipient_id == self.one.owner_id and row.paused_until:
                since = max(since, row.paused_until)
            if self.calendar.business_days_between(since, self.today) >= MORNINGS:
                yield _fault("untold", self.one, row)


# Minutes ---------------------------------------------------------------------------------------


def furthest(one: Promise, calendar: BusinessCalendar, now: datetime) -> date:
    """The day on which the next step of a promise of a minute comes at the latest, whoever hears of it.

    Half an hour on; at night and on closed days it waits for the next open morning on the recipient's wall, which may
    be a day ahead or behind.
    """
    on = day_here(max(now, one.due_at) + ladder.HALF_HOUR)
    return calendar.roll_forward(on + timedelta(days=2)) + timedelta(days=1)


def _of_minutes(
    one: Promise, rows: list[Row], leads: list[int], calendar: BusinessCalendar, now: datetime
) -> Iterator[Fault]:
    at: dict[int, list[Row]] = {}
    for row in rows:
        at.setdefault(int(row.step[1:]), []).append(row)
    first = int(one.first_step[1:]) if one.first_step else min(at)
    for before, roles in ladder.BEFORE[one.kind]:
        if -before >= first:
            ahead = one.due_at - timedelta(minutes=before) > now
            yield from _heard(one, ladder.moment_name(-before), roles, at.get(-before, []), leads, ahead=ahead)
    waiting = [row for row in rows if row.is_pending]
    last = max(waiting, key=lambda row: int(row.step[1:]))
    minutes = int(last.step[1:])
    if minutes > 0:
        ahead = last.planned_at > now
        yield from _heard(one, last.step, ladder.after_roles(minutes), at[minutes], leads, ahead=ahead)
    latest = furthest(one, calendar, now)
    yield from (_fault("wrong_day", one, row) for row in waiting if row.planned_on > latest)
    yield from (_fault("untold", one, row) for row in waiting if row.planned_at < now - MOMENT_LATE)


# People ----------------------------------------------------------------------------------------


def _heard(
    one: Promise, step: str, roles: Iterable[str], rows: list[Row], leads: list[int], *, ahead: bool
) -> Iterator[Fault]:
    """Whether everybody to whom the step speaks has a row of it.

    ahead: the step has not come yet, so that it is planned for exactly who stands in each role today. Of one that has
    come, the roles may have changed since; then it is enough that somebody beside the owner has heard.
    """
    by_person = {row.recipient_id: row for row in rows}
    named, to_leads = set(), False
    for role in roles:
        if role == OWNER:
            named.add(one.owner_id)
        elif role == BACKUP and one.backup_id:
            named.add(one.backup_id)
        else:
            to_leads = True
    others = [row for row in rows if row.recipient_id != one.owner_id and row.stands]
    if to_leads and ahead and not one.restricted:
        named |= set(leads)
    elif to_leads and set(leads) - {one.owner_id} and not others:
        yield _fault("row_missing", one, step=step, person=min(set(leads) - {one.owner_id}))
    for person in sorted(named):
        row = by_person.get(person)
        if row is None:
            if ahead or person == one.owner_id or not others:
                yield _fault("row_missing", one, step=step, person=person)
        elif not row.stands and not _settled(row, rows, ahead=ahead):
            yield _fault("row_cut", one, row)


def _settled(row: Row, rows: list[Row], *, ahead: bool) -> bool:
    """A cancelled row that silences nobody: its letter was taken back by hand, or somebody else was told instead."""
    if row.letter_id and row.letter_state == LetterState.CANCELLED:
        return True
    return not ahead and any(other.stands for other in rows)


def _undelivered(
    one: Promise, rows: list[Row], calendars: Iterable[BusinessCalendar], now: datetime
) -> Iterator[Fault]:
    """What was written and has not left: a mail server that is away, or a time to try again that nothing explains."""
    for row in rows:
        if not row.is_on_its_way:
            continue
        if row.planned_at is not None:
            late = row.letter_created_at < now - LETTER_LATE
        else:
            days = (day_here(row.letter_created_at), day_here(now))
            late = min(calendar.business_days_between(*days) for calendar in calendars) >= MORNINGS
        if late or row.letter_next_try_at > now + PUT_OFF:
            yield _fault("undelivered", one, row)


def _told_twice(one: Promise, rows: list[Row]) -> Iterator[Fault]:
    """Two letters of one morning that carry the same promise to the same person. The database holds it by step."""
    seen: dict[tuple[int, str], int] = {}
    for row in rows:
        if row.state not in {DeliveryState.WRITTEN, DeliveryState.SENT} or not row.letter_key.startswith("digest:"):
            continue
        morning = row.letter_key.rpartition(":")[0]
        if seen.setdefault((row.recipient_id, morning), row.letter_id) != row.letter_id:
            yield _fault("told_twice", one, row)
