"""After a backup was put back: nothing of the old outbox leaves by itself, and no promise falls silent.

What stood in the outbox when the backup was made may have been sent since; the database that went back in time does not
know. So nothing of it is sent: reminders are told anew, in the words of today; of the rest a person decides (hardening).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from incidents.domain import audit
from incidents.enums import UNSEEN_LETTERS, DeliveryState, LetterKind, LetterState, PostState
from incidents.models import Letter, MirrorPost, Organisation, ReminderDelivery

OUT = (LetterState.WAITING, LetterState.SENDING)
# Told anew by the next ring, from what is true then.
TOLD_ANEW = (LetterKind.DIGEST, LetterKind.MOMENT)
# Good for an hour, or for one morning: whoever needs it asks again.
GONE = (LetterKind.ACCOUNT, LetterKind.TEST, *UNSEEN_LETTERS)


@dataclass(frozen=True)
class Settled:
    """told_anew: reminders that go back into the ledger. held: letters that wait for a person. dropped: the rest."""

    told_anew: int
    held: int
    dropped: int


@transaction.atomic
def settle() -> Settled:
    """Take what is not sent out of the outbox. Beat, workers and `deliver` stand still meanwhile, or one of it may leave."""
    now = timezone.now()
    out = Letter.objects.select_for_update().filter(state__in=OUT)
    anew = list(out.filter(kind__in=TOLD_ANEW).values_list("pk", flat=True))
    ReminderDelivery.objects.filter(letter__in=anew, state=DeliveryState.WRITTEN).update(
        state=DeliveryState.PENDING, letter=None, updated_at=now
    )
    taken_back = {"state": LetterState.CANCELLED, "error": "restored", "claim": "", "updated_at": now}
    Letter.objects.filter(pk__in=anew).update(**taken_back)
    dropped = out.filter(kind__in=GONE).update(**taken_back)
    held = out.update(state=LetterState.QUARANTINED, error="restored", claim="", updated_at=now)
    MirrorPost.objects.filter(state__in=[PostState.WAITING, PostState.SENDING]).update(
        state=PostState.CANCELLED, claim="", error="restored", updated_at=now
    )
    if house := Organisation.objects.first():
        audit.note(None, "outbox.restored", house, told_anew=("", len(anew)), held=("", held))
    return Settled(len(anew), held, dropped)
