"""A word on the first and the seventh day after somebody recorded a crack (P4), and where they can talk (B-11).

What is written here leaves no trace in the audit trail on purpose: who was asked, and who would rather not be, is
theirs alone. The word asks for no answer, so there is none to keep.
"""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from incidents.domain import audit, letter
from incidents.domain.organisation import audit_changes, refuse_unless_administrator
from incidents.enums import LetterKind, LetterState
from incidents.letters import care as words
from incidents.letters import links
from incidents.models import CareCheckIn, HelpLine, Letter, Person
from incidents.queries import care
from incidents.queries.calendar import today_of

log = logging.getLogger(__name__)

DAYS = (1, 7)
LINE_FIELDS = ("kind", "team", "name", "name_en", "detail", "phone", "url", "hours", "place", "checked_on")


@transaction.atomic
def begin(person: Person) -> None:
    """Plan the words for somebody who has just recorded a crack; one a day at most, none for who does not want them."""
    if person.care_opt_out or not person.is_active:
        return
    today = today_of(person)
    CareCheckIn.objects.bulk_create(
        [CareCheckIn(person=person, day=today + timedelta(days=days)) for days in DAYS], ignore_conflicts=True
    )


@transaction.atomic
def choose(person: Person, *, wanted: bool) -> None:
    """The person wants the words, or no longer. No longer: what was planned is gone, what waits in the outbox too."""
    Person.objects.filter(pk=person.pk).update(care_opt_out=not wanted)
    person.care_opt_out = not wanted
    if wanted:
        return
    CareCheckIn.objects.filter(person=person).delete()
    Letter.objects.filter(
        recipient=person,
        kind=LetterKind.CARE,
        state__in=[LetterState.WAITING, LetterState.FAILED, LetterState.UNCONFIRMED, LetterState.QUARANTINED],
    ).update(state=LetterState.CANCELLED, updated_at=timezone.now())


def write_due(*, now: datetime | None = None, limit: int = 500) -> None:
    """Write the words whose morning has come. now: aware; default the present. Returns nothing: nobody counts them.

    Safe to call at once from two places: the rows are held, and the letter's key lets one through. One person's
    trouble does not stop the others (habit 7).
    """
    now = now or timezone.now()
    for person in care.people_to_write_to(now=now, limit=limit):
        try:
            with transaction.atomic():
                _write(person, today_of(person, now))
        except IntegrityError:  # somebody else has just written it
            continue
        except Exception:  # whatever is wrong with one, the next is still written to
            log.exception("a letter of this morning could not be written")


def _write(person: Person, today: date) -> None:
    """One letter for all days that have come: after a long silence one word, not several."""
    rows = list(
        CareCheckIn.objects.select_for_update(of=("self",)).filter(person=person, day__lte=today).values_list("pk")
    )
    if not rows:
        return
    CareCheckIn.objects.filter(person=person, day__lte=today).delete()
    person.refresh_from_db()
    if person.care_opt_out or not person.is_active:
        return
    stop_url = links.care_url(person_id=person.pk)
    letter.post(
        kind=LetterKind.CARE,
        key=f"care:{person.pk}:{today}",
        to=person,
        rendered=words.check_in(person, care.help_lines(person), stop_url=stop_url),
        headers=links.may_stop(stop_url),
    )


@transaction.atomic
def still_wanted(one: Letter) -> bool:
    """Ask again at the moment of sending (habit 10). What nobody wants any more is taken back without a trace."""
    person = Person.objects.get(pk=one.recipient_id)
    if person.is_active and (one.dot_at is not None or not person.care_opt_out):
        return True
    Letter.objects.filter(pk=one.pk, claim=one.claim, state=LetterState.SENDING).update(
        state=LetterState.CANCELLED, claim="", updated_at=timezone.now()
    )
    return False


# Where somebody can talk ------------------------------------------------------------------------


@transaction.atomic
def set_help_line(*, by: Person, line: HelpLine | None = None, **values: Any) -> HelpLine:
    """Enter a place to talk, or change `line`: names of LINE_FIELDS. Raises NotAllowed, ValidationError."""
    refuse_unless_administrator(by)
    target = HelpLine.objects.select_for_update().get(pk=line.pk) if line else HelpLine()
    changes = audit_changes(target, {name: values[name] for name in LINE_FIELDS if name in values})
    if changes:
        target.full_clean()
        target.save()
        audit.note(by, "help_line.set", target, **changes)
    return target


@transaction.atomic
def remove_help_line(line: HelpLine, *, by: Person, reason: str = "") -> None:
    """Take a place off the page; it was no record of anything. Raises NotAllowed."""
    refuse_unless_administrator(by)
    audit.note(by, "help_line.removed", line, reason=reason, phone=(line.phone, None), url=(line.url, None))
    line.delete()
