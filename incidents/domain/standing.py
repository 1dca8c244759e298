"""Who may still be told a step of a promise, and who hears it instead (U5, U6). Asked again each time something is told."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from incidents import rules
from incidents.domain import ledger
from incidents.enums import SPREAD_KINDS, DeliveryState, FollowUpState, Role
from incidents.models import Membership, Person, ReminderDelivery
from incidents.queries import absence
from incidents.queries.calendar import business_calendar, day_here, today_here, today_of
from incidents.queries.reader import escalation, readers

log = logging.getLogger(__name__)


def sift(
    rows: list[ReminderDelivery], roles: dict[int, str], today: date, now: datetime, away: absence.Away
) -> list[ReminderDelivery]:
    """The rows that the person may still be told; the others are settled with their reason, and somebody else hears.

    roles: the person's, by team.
    """
    wanted: list[ReminderDelivery] = []
    for row in rows:
        reason = why_not(row, roles, away)
        if reason:
            row.state, row.reason, row.settled_at = DeliveryState.CANCELLED, reason, now
        else:
            wanted.append(row)
    unwanted = [row for row in rows if row.state == DeliveryState.CANCELLED]
    ReminderDelivery.objects.bulk_update(unwanted, ["state", "reason", "settled_at"])
    speak_to_others(unwanted, today, away)
    return wanted


# Why a person must not be told any more although the promise stands.
LOST_STANDING = frozenset({"left_team", "viewer", "not_lead", "deactivated", "not_reader"})
# The person is away, so that somebody else is told; or was, so that whoever stood in is told no longer.
AWAY, BACK = "away", "back"
# The letter in which the step stood was given up: the row stays failed, and the leads hear it instead.
NOT_TAKEN = "not_taken"


@transaction.atomic
def hand_orphans_to_leads(*, now: datetime) -> int:
    """What is due for somebody deactivated, or whom no mail reaches, goes to the leads of the team (U5). Returns how many."""
    today = today_here()
    silent = Q(recipient__is_active=False) | Q(recipient__mail_bounced_at__isnull=False)
    rows = list(
        ReminderDelivery.objects.select_for_update(of=("self",))
        .filter(silent, state=DeliveryState.PENDING, planned_at=None, planned_on__lte=today)
        .select_related("follow_up__incident", "follow_up__team", "follow_up__owner", "recipient")[:500]
    )
    away = absence.away_now(now) if rows else {}
    orphans = []
    for row in rows:
        why = absence.no_address(row, away) if row.recipient.is_active else "deactivated"
        if why:
            row.state, row.reason, row.settled_at = DeliveryState.CANCELLED, why, now
            orphans.append(row)
    ReminderDelivery.objects.bulk_update(orphans, ["state", "reason", "settled_at"])
    speak_to_others(orphans, today, away)
    return len(orphans)


def hand_to_stand_ins(*, now: datetime) -> int:
    """What comes due for somebody away goes to who stands in, before either's morning (U6). Returns how many rows.

    From the first ring of the day on: a letter of the stand-in that was written already would have no place for it.
    """
    away = absence.away_now(now)
    if not away:
        return 0
    due_rows = ReminderDelivery.objects.filter(
        state=DeliveryState.PENDING,
        planned_at=None,
        planned_on__lte=(now + timedelta(hours=14)).date(),
        recipient__in=list(away),
    )
    handed_on = 0
    for person_id in due_rows.order_by("recipient_id").values_list("recipient_id", flat=True).distinct():
        try:
            with transaction.atomic():
                handed_on += _hand_on(away[person_id].person, now, away)
        except Exception:  # their rows are asked again when their own letter is written (habit 7)
            log.exception("reminders of person %s, who is away, could not be handed on", person_id)
    return handed_on


def _hand_on(person: Person, now: datetime, away: absence.Away) -> int:
    # Not before the day has come in the house as well: to the auditor the step would still lie ahead.
    today = min(today_of(person, now), day_here(now))
    rows = list(
        ReminderDelivery.objects.select_for_update(of=("self",))
        .filter(recipient=person, state=DeliveryState.PENDING, planned_at=None, planned_on__lte=today)
        .select_related("follow_up__incident", "follow_up__team", "follow_up__owner", "recipient")
        .order_by("planned_on", "pk")
    )
    roles = dict(Membership.objects.filter(person=person).values_list("team_id", "role"))
    return len(rows) - len(sift(rows, roles, today, now, away))


def speak_to_others(rows: list[ReminderDelivery], today: date, away: absence.Away) -> None:
    """An open promise never falls silent: a step that its recipient is not told is told to somebody else.

    Of who has lost their standing to the leads, of who is away to whoever stands in. Who is back is told again themselves.
    """
    for row in rows:
        follow_up = row.follow_up
        if row.reason not in {*LOST_STANDING, AWAY, BACK, absence.NO_ADDRESS, NOT_TAKEN}:
            continue
        if follow_up.state != FollowUpState.OPEN:
            continue
        if row.due_version != follow_up.due_version:
            continue
        calendar = business_calendar(follow_up.team_id)
        same_step = ReminderDelivery.objects.filter(
            follow_up=follow_up, step=row.step, due_version=row.due_version, state=DeliveryState.CANCELLED
        )
        planned_on = today if row.planned_at else calendar.roll_forward(today)
        again = {"state": DeliveryState.PENDING, "reason": "", "settled_at": None, "planned_on": planned_on}
        if row.reason == BACK:
            same_step.filter(reason=AWAY).update(**again, updated_at=timezone.now())
            continue
        if row.reason == AWAY:
            people = absence.instead_of(row.recipient_id, follow_up, away)
            same_step.filter(recipient__in=people, reason__in=[AWAY, BACK]).update(**again, updated_at=timezone.now())
        elif row.reason in {absence.NO_ADDRESS, NOT_TAKEN}:
            people = absence.leads_reached(row, away)
        else:
            people = absence.leads_here(follow_up, away) or escalation(follow_up.incident, follow_up.team_id)
        if row.reason != AWAY:  # a lead of today may have had a row of this step while they were none
            back = same_step.filter(recipient__in=people, reason__in=[*LOST_STANDING, ledger.LEADS_CHANGED])
            back.update(**again, updated_at=timezone.now())
        told = [
            ReminderDelivery(
                follow_up=follow_up,
                recipient_id=person_id,
                step=row.step,
                due_version=row.due_version,
                planned_on=planned_on,
                planned_at=row.planned_at,
            )
            for person_id in people
        ]
        ReminderDelivery.objects.bulk_create(told, ignore_conflicts=True)
        if row.planned_at is None:
            ledger.plan_next_week(row, calendar, today)
        else:
            ledger.plan_next_moment(row, now=timezone.now())


def why_not(row: ReminderDelivery, roles: dict[int, str], away: absence.Away) -> str:
    """Why this row must not be told any more, or ""."""
    follow_up = row.follow_up
    if follow_up.state != FollowUpState.OPEN:
        return "closed"
    if row.due_version != follow_up.due_version:
        return "moved"
    role = roles.get(follow_up.team_id)
    if role is None:
        return "left_team"
    if silent := absence.no_address(row, away):
        return silent
    if follow_up.incident.restricted and follow_up.kind not in SPREAD_KINDS:
        if row.recipient_id not in readers(follow_up.incident):
            return "not_reader"
    if row.recipient_id in {follow_up.owner_id, follow_up.backup_id}:
        return _away(row, away) if rules.may_edit(role) else "viewer"
    if role == Role.LEAD or row.recipient_id in escalation(follow_up.incident, follow_up.team_id):
        return _away(row, away)
    if rules.may_edit(role) and absence.covered_by(row.recipient_id, follow_up, away):
        return ""
    return BACK if _stood_in(row) else "not_lead"


def may_not_read(row: ReminderDelivery, roles: dict[int, str]) -> str:
    """Why the row's recipient may not read of it any more (C9), or "". What else has changed is no matter here.

    roles: the recipient's, by team.
    """
    follow_up = row.follow_up
    if not row.recipient.is_active:
        return "deactivated"
    if follow_up.team_id not in roles:
        return "left_team"
    if follow_up.incident.restricted and follow_up.kind not in SPREAD_KINDS:
        if row.recipient_id not in readers(follow_up.incident):
            return "not_reader"
    return ""


def _away(row: ReminderDelivery, away: absence.Away) -> str:
    """AWAY while somebody else is there to hear it instead of the recipient."""
    return AWAY if row.recipient_id in away and absence.instead_of(row.recipient_id, row.follow_up, away) else ""


def _stood_in(row: ReminderDelivery) -> bool:
    """Whether the step came to this recipient because somebody was away."""
    of_the_absent = ReminderDelivery.objects.filter(
        follow_up=row.follow_up_id, step=row.step, due_version=row.due_version, reason=AWAY
    )
    return of_the_absent.exclude(recipient=row.recipient_id).exists()
