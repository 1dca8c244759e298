"""割れを記録する, in one go: the record, and what was pasted with it (C1)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q

from incidents.domain import incident as incidents
from incidents.domain import paste
from incidents.models import Incident, Person


@transaction.atomic
def record(*, by: Person, pasted: str = "", like: Incident | None = None, **known: Any) -> Incident:
    """Record a crack and keep the pasted text beside it, raw and unchanged.

    like: an earlier record that this is said to be again, or the same as; where it happens is taken from it, to be
    corrected by hand. The same form a second time makes no second record. known: what incident.report takes.
    Raises what it raises.
    """
    if like is not None:
        known = {"category": like.category, "process": like.process} | known
    with_paste = bool(pasted.strip())
    also = Q(pastes__sha256=paste.digest_of(pasted)) if with_paste else Q()
    made = incidents.report_once(by=by, also=also, **known)
    if with_paste:
        paste.keep(made, by=by, text=pasted)
    return made
