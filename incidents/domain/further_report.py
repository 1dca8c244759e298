"""What was promised outside does not change in silence: a draft of what the other side hears, and when they hear (M3)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import audit, ledger
from incidents.enums import FollowUpKind
from incidents.errors import Refused
from incidents.models import Countermeasure, FollowUp, Incident, Person
from incidents.queries.calendar import day_here


def refuse_past(due_at: datetime) -> None:
    """Raises Refused when a promised time has passed, by more than it takes to send a form. due_at: aware."""
    if due_at < timezone.now() - timedelta(minutes=5):
        raise Refused(
            "promise_in_past", _("お約束の時刻が過ぎています。"), _("これからの時刻を入れてください。"), "promises"
        )


def refuse_without_draft(measure: Countermeasure, draft: str, *, reason: str, fix: str) -> None:
    """Raises Refused when the measure was promised outside and nobody has written what the other side will be told."""
    if measure.promised_outside and not draft.strip():
        raise Refused("no_draft", reason, fix)


def follow_report(
    incident: Incident, measure: Countermeasure, *, by: Person, owner: Person, text: str, due_at: datetime
) -> FollowUp:
    """Telling the other side of the change is a promise like any other, in the caller's transaction.

    due_at: aware. It goes to whom it was promised, else to who waits.
    """
    made = ledger.follow(
        kind=FollowUpKind.NEXT_REPORT,
        incident=incident,
        owner=owner,
        backup=measure.owner if measure.owner_id != owner.pk else measure.backup,
        due_on=day_here(due_at),
        due_at=due_at,
        text=text[:300],
        to_whom=(measure.promised_to or incident.who_waits or incident.counterparty)[:160],
    )
    audit.note(by, "promise.made", made, due_at=(None, due_at))
    return made
