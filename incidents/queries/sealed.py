"""The one place that opens what is sealed. Where a text stands (table, column, row, thread) is bound to it."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from django.conf import settings

from incidents.models import Consultation, ConsultationGrant, ConsultationNote
from tools.plain import sealed
from tools.plain.sealed import Unreadable

__all__ = ["Unreadable"]


def ring() -> sealed.Ring:
    """The keys of this process (settings.CONSULT_KEY, CONSULT_KEY_FALLBACKS)."""
    return _ring(settings.CONSULT_KEY, tuple(settings.CONSULT_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _ring(current: str, older: tuple[str, ...]) -> sealed.Ring:
    return sealed.Ring(sealed.read_key(current), [sealed.read_key(one) for one in older])


def key_name() -> str:
    """Of the key that seals now; rows say with which one they were sealed."""
    return ring().current.name


# Who wrote --------------------------------------------------------------------------------------


def _place_of_author(thread: UUID) -> tuple[object, ...]:
    return ("incidents_consultation", "author_sealed", thread)


def seal_author(thread: Consultation, person_id: int) -> None:
    """Set the three columns that say who wrote, under the key of now. The caller saves."""
    thread.author_sealed = ring().seal(str(person_id), _place_of_author(thread.pk))
    thread.author_mark = ring().mark("author", thread.pk, person_id)
    thread.sealed_with = key_name()


def author_of(thread: Consultation) -> int:
    """The id of the person who wrote. Raises Unreadable."""
    return int(ring().open(thread.author_sealed, _place_of_author(thread.pk)))


def is_author(thread: UUID, mark: str, name: str, person_id: int) -> bool:
    """Whether a thread's mark, made under the key of that name, is of this person."""
    return ring().marks(name, mark, "author", thread, person_id)


# Who reads --------------------------------------------------------------------------------------


def _grant(one: ConsultationGrant) -> tuple[object, ...]:
    return ("grant", one.consultation_id, one.adviser_id, one.from_on.isoformat(), one.until_on or "open")


def mark_grant(one: ConsultationGrant) -> None:
    """Set the mark of a grant as it now stands. The caller saves."""
    one.mark, one.sealed_with = ring().mark(*_grant(one)), key_name()


def is_granted(one: ConsultationGrant) -> bool:
    """Whether a verb made this grant, and not a hand in the database."""
    return ring().marks(one.sealed_with, one.mark, *_grant(one))


# What was written --------------------------------------------------------------------------------


def _place_of_note(note: ConsultationNote) -> tuple[object, ...]:
    writer = note.grant_id or "author"
    return ("incidents_consultationnote", "body_sealed", note.pk, note.consultation_id, note.place, writer)


def seal_note(note: ConsultationNote, text: str) -> None:
    """Set what is kept of a text, under the key of now. The caller saves."""
    note.body_sealed, note.sealed_with = ring().seal(text, _place_of_note(note)), key_name()


def text_of(note: ConsultationNote) -> str:
    """What was written. Raises Unreadable."""
    return ring().open(note.body_sealed, _place_of_note(note))
