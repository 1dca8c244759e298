"""What a round of sending asks of many letters at once; most of them are as true as when they were written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from incidents import rules
from incidents.domain import freshness
from incidents.enums import SPREAD_KINDS, DeliveryState, FollowUpState, LetterKind, Role
from incidents.models import Letter, Membership, ReminderDelivery
from incidents.queries import absence
from incidents.queries.calendar import zone_of

# Letters on which rows of the ledger hang.
OF_THE_LEDGER = frozenset({LetterKind.DIGEST, LetterKind.MOMENT})


def surely_wanted(letters: Sequence[Letter]) -> set[int]:
    """Of these claimed letters the ids of those that tell the truth as they are; three queries, however many they are,
    and one or two more when some of them have waited.

    The others are asked about one by one (`reminder.still_wanted`), which mends what has changed.
    """
    now = timezone.now()
    sure = {
        one.pk
        for one in letters
        if one.kind in {LetterKind.TEST, LetterKind.ACCOUNT, LetterKind.AUDIT_HEADS} and _is_here(one)
    }
    asked = {
        one.pk: one
        for one in letters
        if one.kind in OF_THE_LEDGER and one.dot_at is None and not freshness.looks_old(one, now)
    }
    if not asked:
        return sure
    people = {one.recipient_id for one in asked.values()}
    standing = Membership.objects.filter(person__in=people, person__is_active=True)
    away = absence.away_now(now)
    roles = {(person, team): role for person, team, role in standing.values_list("person_id", "team_id", "role")}
    sure |= asked.keys() - freshness.overtaken(asked.values(), now)
    empty = set(asked)
    for row in ReminderDelivery.objects.filter(letter__in=asked).values_list(*_ASKED_OF_A_ROW):
        empty.discard(row[0])
        if not _is_plain(row, asked[row[0]], roles, away, now):
            sure.discard(row[0])
    return sure - empty  # nothing stands in them any more


def _would_wake(one: Letter, now: datetime) -> bool:
    """Whether a letter about a minute, put off by a mail server, would come in its reader's quiet hours."""
    if one.kind != LetterKind.MOMENT or one.recipient is None or freshness.is_young(one, now):
        return False
    return one.recipient.quiet.hold(now.astimezone(zone_of(one.recipient)))


def _is_here(one: Letter) -> bool:
    """Whether who gets the letter may sign in, as the claim has read it."""
    return one.recipient is None or one.recipient.is_active


_ASKED_OF_A_ROW = (
    "letter_id",
    "state",
    "due_version",
    "recipient_id",
    "recipient__mail_bounced_at",
    "recipient__email",
    "follow_up__state",
    "follow_up__due_version",
    "follow_up__due_at",
    "follow_up__owner_id",
    "follow_up__backup_id",
    "follow_up__team_id",
    "follow_up__kind",
    "follow_up__incident__restricted",
)


def _is_plain(row: tuple, one: Letter, roles: dict[tuple[int, int], str], away: absence.Away, now: datetime) -> bool:
    """Whether the row is told as it stands, without anything that has to be looked at. row: _ASKED_OF_A_ROW."""
    _letter, state, version, person, silent, email, open_, current, due_at, owner, backup, team, kind, restricted = row
    role = roles.get((person, team))
    return not (
        state != DeliveryState.WRITTEN
        or open_ != FollowUpState.OPEN
        or version != current
        or role is None
        or person in away
        or silent
        or email != one.to_email
        or (restricted and kind not in SPREAD_KINDS)
        or (one.kind == LetterKind.MOMENT and freshness.is_untimely(one, due_at, now))
        or _would_wake(one, now)
        or not (rules.may_edit(role) if person in {owner, backup} else role == Role.LEAD)
    )
