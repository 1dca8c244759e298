"""Sealing anew what an older key has sealed, in batches; what is done stays done, whenever it is broken off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db import models, transaction

from incidents.models import Consultation, ConsultationGrant, ConsultationNote
from incidents.queries import sealed
from incidents.queries.sealed import Unreadable

BATCH = 500


def _thread(row: Consultation) -> None:
    sealed.seal_author(row, sealed.author_of(row))


def _grant(row: ConsultationGrant) -> None:
    if not sealed.is_granted(row):
        raise Unreadable("damaged")
    sealed.mark_grant(row)


def _note(row: ConsultationNote) -> None:
    sealed.seal_note(row, sealed.text_of(row))


WORK: tuple[tuple[type[models.Model], Callable[[Any], None], list[str]], ...] = (
    (Consultation, _thread, ["author_sealed", "author_mark", "sealed_with"]),
    (ConsultationGrant, _grant, ["mark", "sealed_with"]),
    (ConsultationNote, _note, ["body_sealed", "sealed_with"]),
)


def rotate(*, batch: int = BATCH) -> Iterator[tuple[int, int]]:
    """Seal every row anew that another key than the one of now has sealed; (rows done, rows that do not open) so far.

    Each batch is a transaction of its own. A row says which key sealed it, so a second call goes on where one was broken
    off, and finds nothing when all is done. Rows that do not open are left as they are.
    """
    done = unread = 0
    for model, anew, columns in WORK:
        last = None
        while True:
            with transaction.atomic():
                rows = model.objects.select_for_update().exclude(sealed_with=sealed.key_name()).order_by("pk")
                rows = list((rows.filter(pk__gt=last) if last else rows)[:batch])
                if not rows:
                    break
                last, ready = rows[-1].pk, []
                for row in rows:
                    try:
                        anew(row)
                    except Unreadable:
                        unread += 1
                    else:
                        ready.append(row)
                model.objects.bulk_update(ready, columns, batch_size=100)
                done += len(ready)
            yield done, unread
