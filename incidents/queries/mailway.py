"""Whether letters leave the house: what is due, what the mail server took, and when nothing goes out at all.

Every question is answered by an index that holds only what is open, lately taken or in trouble. Letters of care are in no
count: nobody is to learn how many there are (P4); one that is stuck makes the queue as old as any other.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import Exists, F, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from incidents.enums import UNSEEN_LETTERS, LetterState
from incidents.models import EngineMark, Letter
from incidents.queries.sheet import Slot

# A letter that somebody has to look at: given up, or in doubt whether the mail server took it.
FAILED, UNCONFIRMED = LetterState.FAILED.value, LetterState.UNCONFIRMED.value
TROUBLE = (FAILED, UNCONFIRMED)
SIGN = "mail"  # the mark of the mail server: when it last took a letter, when it could last not be had
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def unsent() -> QuerySet[Letter]:
    """As the index of what is due says it, word for word: SQLite takes it for no other condition."""
    return Letter.objects.filter(state__in=[LetterState.WAITING, LetterState.SENDING])


def due(now: datetime) -> QuerySet[Letter]:
    """What somebody waits for by now, whether it was tried already or not. A letter that waits for its morning is not.

    now: aware.
    """
    return unsent().filter(due_at__lte=now)


def trying_again(now: datetime) -> QuerySet[Letter]:
    """What is due, was tried, and waits for its next try. now: aware."""
    return due(now).filter(state=LetterState.WAITING, next_try_at__gt=now)


def _shown() -> QuerySet[Letter]:
    # One after the other: SQLite takes the index of what was taken only for the very words of its condition.
    rows = Letter.objects.all()
    for kind in UNSEEN_LETTERS:
        rows = rows.exclude(kind=kind)
    return rows


def taken() -> QuerySet[Letter]:
    return _shown().filter(state=LetterState.SENT)


def in_trouble() -> QuerySet[Letter]:
    return _shown().filter(state__in=TROUBLE)


def is_away() -> QuerySet[EngineMark]:
    """The mark of the mail server while it could not be had the last time that it was wanted."""
    return EngineMark.objects.filter(name=SIGN, failed_at__isnull=False).filter(
        Q(at__isnull=True) | Q(failed_at__gt=F("at"))
    )


def held_up(past: datetime | Slot) -> Q:
    """A condition on any row: letters have not gone out since `past` (aware), though they were due by then.

    Four ways in which that happens; a single address that does not take a letter is none of them:
    nobody comes for a letter; the mail server cannot be had, or lets nobody sign in; it puts off the letters of two
    addresses and takes nothing; it has refused the letters of two addresses for good and taken nothing since.
    """
    late = unsent().filter(due_at__lt=past)
    return (
        Q(Exists(unsent().filter(next_try_at__lt=past)))
        | (Q(Exists(late)) & Q(Exists(is_away())))
        | (Q(_two(late, "due_at")) & ~Q(Exists(taken().filter(sent_at__gte=past))))
        | Q(refused_all(past))
    )


def refused_all(past: datetime | Slot) -> Exists:
    """Whether letters to two addresses were given up by `past`, and nothing was taken since. past: aware."""
    last = Subquery(taken().order_by("-sent_at").values("sent_at")[:1])
    refused = in_trouble().filter(state=FAILED, updated_at__gt=Coalesce(last, Value(_NEVER)), updated_at__lte=past)
    return _two(refused, "updated_at")


def _two(rows: QuerySet[Letter], by: str) -> Exists:
    """Whether they are for more than one address: the first of them by its index, then one that is for another."""
    return Exists(rows.exclude(to_email=Subquery(rows.order_by(by).values("to_email")[:1])))
