"""What is told: the morning's digest and the promises of a minute, with standing asked again each time."""

from __future__ import annotations

import logging
import time
from datetime import date, datetime
from itertools import batched

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from incidents.domain import absence as absences
from incidents.domain import (
    care,
    freshness,
    handed,
    invitation,
    ledger,
    letter,
    mirroring,
    orphaned,
    read_request,
    reply,
    standing,
    unreached,
    untaken,
)
from incidents.domain.surely import OF_THE_LEDGER
from incidents.enums import (
    DeliveryState,
    FollowUpKind,
    LetterKind,
    LetterState,
    Severity,
)
from incidents.later import later
from incidents.letters import addresses, links
from incidents.letters import reminder as words
from incidents.models import (
    Letter,
    Membership,
    Person,
    ReminderDelivery,
)
from incidents.queries import absence, morning
from incidents.queries import reminder as due
from incidents.queries.calendar import business_calendar, business_calendars, day_here, today_of, zone_of
from tools.plain.holidays import BusinessCalendar

log = logging.getLogger(__name__)


TOGETHER = 50  # people whose mornings are read at once
MORNING_SECONDS = 50.0  # of one ring; letters that are written meanwhile are sent by others

# The morning ----------------------------------------------------------------------------------


def write_due_digests(*, now: datetime | None = None, seconds: float = MORNING_SECONDS) -> list[int]:
    """Write the digest of each person whose morning has come and for whom something is due.

    now: aware; default the present. seconds: after so many the rest waits for the next ring. Returns the ids of the
    letters written. One person's trouble is logged and does not stop the others (habit 7).
    """
    until = time.monotonic() + seconds
    written = []
    now = now or timezone.now()
    if not due.what_waits(now=now).mornings:
        return []
    try:
        standing.hand_orphans_to_leads(now=now)
    except Exception:  # one odd row must not keep everybody's letters
        log.exception("orphaned reminders could not be handed to the leads")
    standing.hand_to_stand_ins(now=now)
    for some in batched(due.people_with_due_rows(now=now), TOGETHER):
        if written and time.monotonic() >= until:
            break
        together = morning.of(some, now=now)
        for person in some:
            try:
                one = write_digest(person, now=now, known=together)
            except Exception:  # whatever is wrong with one person's rows, the next person is still told
                log.exception("digest of person %s could not be written", person.pk)
                continue
            if one is not None:
                written.append(one.pk)
    if written:
        later("letter.sweep")
    return written


def write_digest(
    person: Person, *, now: datetime | None = None, asked_for: bool = False, known: morning.Morning | None = None
) -> Letter | None:
    """Write one person's letter of the day, or nothing when there is nothing to do (U2).

    Standing is asked again here: a promise that is closed, whose owner changed, or which the person may no longer
    see falls out, and its row says why. asked_for: the person pressed the button; hour and closed days do not count.
    known: what was read for many people at once, this one among them.
    Returns the letter, or None. Safe to call at once from two places: the letter's key lets one of them through.
    """
    now = now or timezone.now()
    today = today_of(person, now)
    try:
        with transaction.atomic():
            return _write_digest(person, today, now, asked_for, with_own=asked_for, known=known)
    except IntegrityError:
        return None  # somebody else has just written this person's letter of the day


def _write_digest(
    person: Person,
    today: date,
    now: datetime,
    asked_for: bool,
    *,
    with_own: bool,
    known: morning.Morning | None = None,
    tries: int = 0,
) -> Letter | None:
    """with_own: also one's own promises while one pauses them. tries: of a letter in whose place this one is written."""
    if not person.is_active:
        return None
    of_today = f"digest:{person.pk}:{today}:"
    earlier = Letter.objects.filter(recipient=person, kind=LetterKind.DIGEST).filter(
        Q(key__startswith=of_today) | Q(state=LetterState.WAITING, dot_at=None)
    )
    found = list(earlier.values_list("pk", "key", "state", "attempts"))
    todays = [state for _pk, key, state, _tries in found if key.startswith(of_today)]
    if any(state != LetterState.CANCELLED for state in todays):
        return None
    if unsent := {pk: tried for pk, _key, state, tried in found if state == LetterState.WAITING}:
        letter.take_in(Q(pk__in=unsent))  # one letter a morning: what yesterday's has not told stands in today's
        tries = max(tries, *unsent.values())
    known, rows = _held(person, today, now, known)
    calendars = known.calendars
    if not asked_for:  # a team may work on a day on which the house is closed, or be closed alone
        rows = [row for row in rows if calendars[row.follow_up.team_id].is_business_day(today)]
    if person.pauses_on(today) and not with_own:  # they wait; what others promised is no choice of one's own
        rows = [row for row in rows if row.follow_up.owner_id != person.pk]
    wanted = standing.sift(rows, known.roles.get(person.pk, {}), today, now, known.away)
    if not wanted:
        return None
    items = _items(wanted, person, today, known)
    rendered = words.digest(person, items, today=today, away_url=links.away_url(person))
    written = letter.post(
        kind=LetterKind.DIGEST,
        key=f"digest:{person.pk}:{today}:{len(todays) + 1}",
        to=person,
        rendered=rendered,
        headers={**_thread_of(wanted), **addresses.reply_headers(person, due.one_record(wanted))},
        ring=asked_for,
        tries=tries,
    )
    _carried(wanted, written, now)
    for row in wanted:
        ledger.plan_next_week(row, calendars[row.follow_up.team_id], today)
    return written


def _thread_of(rows: list[ReminderDelivery]) -> dict[str, str]:
    """The letters about one promise stand together in the mailbox; one about several belongs to none of them."""
    promises = {row.follow_up_id for row in rows}
    return letter.thread(f"follow-up:{promises.pop()}") if len(promises) == 1 else {}


def _held(
    person: Person, today: date, now: datetime, known: morning.Morning | None
) -> tuple[morning.Morning, list[ReminderDelivery]]:
    """What a digest may tell the person, held until the transaction ends, and what its words ask for.

    What was read for many people before is good as long as it names the very rows that are held now: a promise that
    is kept, moved or handed over meanwhile has taken its row away.
    """
    rows = ReminderDelivery.objects.select_for_update().filter(morning.due_by(today), recipient=person)
    held = set(rows.values_list("pk", flat=True))
    if known is not None:
        mine = [row for row in known.rows[person.pk] if row.planned_on <= today]
        if {row.pk for row in mine} == held:
            return known, mine
    known = morning.of([person], now=now, today=today)
    return known, known.rows[person.pk]


def _items(rows: list[ReminderDelivery], person: Person, today: date, known: morning.Morning) -> list[words.Item]:
    """Each promise of the rows once, as the letter tells it."""
    first = {row.follow_up_id: row for row in reversed(rows)}
    return [
        words.item(
            row,
            recipient=person,
            today=today,
            calendar=known.calendars[row.follow_up.team_id],
            owner_gone=(row.follow_up.owner_id, row.follow_up.team_id) not in known.working,
            away=known.away,
        )
        for row in rows
        if first[row.follow_up_id] is row
    ]


def _carried(rows: list[ReminderDelivery], written: Letter, now: datetime) -> None:
    """The letter carries these rows from now on; without a mail server it is told once it can be read."""
    kept = written.state == LetterState.KEPT
    ReminderDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=DeliveryState.SENT if kept else DeliveryState.WRITTEN,
        settled_at=now if kept else None,
        letter=written,
        updated_at=now,
    )


# Who asks for the letters that somebody's act has written.
_ASKED_ELSEWHERE = {
    LetterKind.CARE: care.still_wanted,
    LetterKind.HANDED_OVER: handed.still_wanted,
    LetterKind.STAND_IN: absences.still_wanted,
    LetterKind.MIRROR_OFF: mirroring.still_wanted,
    LetterKind.HELP: reply.still_wanted,
    LetterKind.NOT_MINE: reply.still_wanted,
    LetterKind.UNREACHED: unreached.still_wanted,
    LetterKind.ORPHANED: orphaned.still_wanted,
    LetterKind.UNTAKEN: untaken.still_wanted,
    LetterKind.INVITATION: invitation.still_wanted,
    LetterKind.READER_ASKED: read_request.still_wanted,
    LetterKind.READER_ANSWERED: read_request.still_wanted,
}
# Letters whose own question knows what becomes of them when who gets them has gone: perhaps others are told.
_SEES_WHO_HAS_GONE = frozenset(
    {
        LetterKind.DIGEST,
        LetterKind.MOMENT,
        LetterKind.CARE,
        LetterKind.HANDED_OVER,
        LetterKind.HELP,
        LetterKind.NOT_MINE,
    }
)


@transaction.atomic
def still_wanted(one: Letter) -> bool:
    """Ask again at the moment of sending whether a letter still tells the truth, to somebody who may read it (U2, habit 10).

    When a promise in a digest has meanwhile been kept, moved or handed over, or its morning has passed, the letter is
    cancelled, the rest of its rows wait again, and a new letter is written in its place; at night and on closed days it
    waits. Returns whether `one` may be sent as it is.
    A letter that an earlier worker may already have handed over goes out again unchanged: the same Message-ID lets
    the mailbox see that it is one letter, and the ledger must not deny what was probably delivered. It does so only to
    somebody who may still read it (invariant 9).
    """
    if one.recipient_id is not None:
        one.recipient = Person.objects.get(pk=one.recipient_id)
        if not letter.follow_address(one):
            return False
        if not one.recipient.is_active and one.kind not in _SEES_WHO_HAS_GONE:
            letter.give_up(one, reason="deactivated")
            return False
    if one.kind in letter.WAITS_FOR_MORNING and one.recipient is not None and one.dot_at is None:
        now = timezone.now()
        if (at := letter.in_peace(one.recipient, now)) > now:  # put off by a mail server until the night had come
            letter.wait_until(one, at)
            return False
    if one.kind in _ASKED_ELSEWHERE:
        return _ASKED_ELSEWHERE[one.kind](one)
    return one.kind not in OF_THE_LEDGER or _told_truly(one, timezone.now())


def _told_truly(one: Letter, now: datetime) -> bool:
    recipient = one.recipient
    rows = list(
        ReminderDelivery.objects.filter(letter=one).select_related(
            "follow_up__incident", "follow_up__team", "follow_up__owner", "recipient"
        )
    )
    roles = dict(Membership.objects.filter(person=recipient).values_list("team_id", "role"))
    away = absence.away_now(now)
    if one.dot_at is not None:
        reasons = {row.pk: standing.may_not_read(row, roles) for row in rows}
        if any(reasons.values()):
            _unsay(one, rows, reasons, away, now)
            return False
    if recipient is not None and (at := _comes_at(one, rows, now)) > now:
        letter.wait_until(one, at)
        return False
    if one.dot_at is not None:
        return True
    if one.pk in freshness.overtaken([one], now):  # its rows go with it: what came after it has told them
        letter.withdraw_claimed(one, reason="stale")
        return False
    reasons = {row.pk: standing.why_not(row, roles, away) for row in rows if row.state == DeliveryState.WRITTEN}
    whole = bool(rows) and len(reasons) == len(rows) and not any(reasons.values())
    if whole and (recipient is None or recipient.is_active) and not _says_too_old(one, rows, now):
        return True
    _unsay(one, rows, reasons, away, now)
    # The rows of a moment are due already and find their own ring.
    if one.kind == LetterKind.DIGEST and not all(reasons.values()):
        _write_in_its_place(one, rows, now)
    return False


def _comes_at(one: Letter, rows: list[ReminderDelivery], now: datetime) -> datetime:
    """When a letter on which these rows hang may be sent: now, or when its reader is not left in peace any more."""
    person, calendars = one.recipient, _calendars_of(rows)
    if one.kind == LetterKind.DIGEST:
        return freshness.comes_at(one, person, now, calendars)
    waits = rows and all(int(row.step[1:]) > 0 and row.follow_up.incident.severity != Severity.S1 for row in rows)
    if not waits or freshness.is_young(one, now):
        return now
    return max(now, person.quiet.after(now.astimezone(zone_of(person)), calendars[-1]))


def _calendars_of(rows: list[ReminderDelivery]) -> list[BusinessCalendar]:
    """Of the teams whose promises they are; the house's when there are none."""
    teams = sorted({row.follow_up.team_id for row in rows})
    found = business_calendars(set(teams))
    return [found[team] for team in teams] or [found[None]]


def _says_too_old(one: Letter, rows: list[ReminderDelivery], now: datetime) -> bool:
    if one.kind == LetterKind.DIGEST:
        return one.recipient is not None and freshness.is_of_another_day(one, one.recipient, now)
    return any(freshness.is_untimely(one, row.follow_up.due_at, now) for row in rows)


def _unsay(
    one: Letter, rows: list[ReminderDelivery], reasons: dict[int, str], away: absence.Away, now: datetime
) -> None:
    """The claimed letter is not sent. What it told and is true waits again; the rest is settled, and somebody else hears.

    reasons: by row, why it must not be told any more, or "".
    """
    written = [row for row in rows if row.state == DeliveryState.WRITTEN]
    # The rows leave the letter before it is taken back, which settles those that are still in it.
    ReminderDelivery.objects.filter(pk__in=[row.pk for row in written if not reasons[row.pk]]).update(
        state=DeliveryState.PENDING, letter=None, updated_at=now
    )
    unwanted = [row for row in written if reasons[row.pk]]
    for row in unwanted:
        row.state, row.reason, row.settled_at = DeliveryState.CANCELLED, reasons[row.pk], now
    ReminderDelivery.objects.bulk_update(unwanted, ["state", "reason", "settled_at"])
    letter.give_up(one, reason="stale")
    standing.speak_to_others(unwanted, today_of(one.recipient, now), away)


def _write_in_its_place(one: Letter, rows: list[ReminderDelivery], now: datetime) -> None:
    """One digest a morning: what the letter told, and what another of these days has not told yet, in one."""
    person, today = one.recipient, today_of(one.recipient, now)
    letter.take_in(Q(recipient=person, kind=LetterKind.DIGEST), held=one.claim)
    of_today = not freshness.is_of_another_day(one, person, now)
    asked_for = of_today and freshness.was_asked_for(one, person, _calendars_of(rows))
    try:
        with transaction.atomic():
            _write_digest(person, today, now, asked_for, with_own=False, tries=one.attempts - 1)
    except IntegrityError:
        return  # the ring of the morning was faster


# The minute -----------------------------------------------------------------------------------


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


def _told_tonight(row: ReminderDelivery, now: datetime) -> datetime | None:
    """When the row's recipient is told more of this promise, if that is not now: never twice in one night (B-15).

    In the morning, and that of an open day; a first report and S1 do not wait for an open day.
    """
    person, follow_up = row.recipient, row.follow_up
    local = now.astimezone(zone_of(person))
    if not person.quiet.hold(local):
        return None
    tonight = Letter.objects.filter(
        recipient=person,
        kind=LetterKind.MOMENT,
        key__startswith=f"moment:{follow_up.pk}:",
        created_at__gte=person.quiet.began(local),
    ).exclude(state=LetterState.CANCELLED)
    if not tonight.exists():
        return None
    presses = follow_up.kind == FollowUpKind.FIRST_REPORT or follow_up.incident.severity == Severity.S1
    return person.quiet.after(local, None if presses else business_calendar(follow_up.team_id))


def _not_told_yet(latest: ReminderDelivery) -> tuple[list[ReminderDelivery], int]:
    """Earlier steps whose letter has not gone out when a later one is told: the person gets the latest alone.

    Also how often a mail server has refused one of those letters: these tries go on.
    """
    earlier = ReminderDelivery.objects.filter(
        follow_up=latest.follow_up_id,
        recipient=latest.recipient_id,
        due_version=latest.due_version,
        state=DeliveryState.WRITTEN,
        letter__state=LetterState.WAITING,
        letter__dot_at=None,
    )
    found = list(earlier.values_list("pk", "letter_id", "letter__attempts"))
    if not found:
        return [], 0
    taken = set(letter.take_in(Q(pk__in={letter_id for _pk, letter_id, _tries in found})))
    rows = [ReminderDelivery(pk=pk) for pk, letter_id, _tries in found if letter_id in taken]
    return rows, max((tries for _pk, letter_id, tries in found if letter_id in taken), default=0)


def _moment_key(row: ReminderDelivery) -> str:
    """Of the step's letter; a step whose letter was taken back can have another one."""
    key = f"moment:{row.follow_up_id}:{row.due_version}:{row.recipient_id}:{row.step}"
    earlier = Letter.objects.filter(recipient=row.recipient_id, kind=LetterKind.MOMENT)
    written = earlier.filter(Q(key=key) | Q(key__startswith=f"{key}:")).count()
    return f"{key}:{written + 1}" if written else key


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
    away = absence.away_now(now)
    why_not = "deactivated" if not person.is_active else standing.why_not(latest, roles, away)
    if why_not:
        for row in rows:
            row.state, row.reason, row.settled_at = DeliveryState.CANCELLED, why_not, now
        ReminderDelivery.objects.bulk_update(rows, ["state", "reason", "settled_at"])
        standing.speak_to_others([latest], day_here(now), away)
        return None
    if until := _told_tonight(latest, now):
        ledger.let_sleep(rows, until=until)
        return None
    acts = words.may_act(latest.follow_up, person, away)
    urls = words.moment_urls(latest.follow_up, person) if acts else None
    earlier, tries = _not_told_yet(latest)
    written = letter.post(
        kind=LetterKind.MOMENT,
        key=_moment_key(latest),
        tries=tries,
        to=person,
        rendered=words.moment(latest, recipient=person, now=now, away=away, urls=urls),
        headers={
            **letter.thread(f"follow-up:{follow_up_id}"),
            **addresses.reply_headers(person, due.one_record([latest])),
        },
    )
    _carried([*earlier, *rows], written, now)
    mirroring.tell_clock(rows, now=now)
    ledger.plan_next_moment(latest, now=now)
    return written
