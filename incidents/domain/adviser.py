"""Whom the organisation names as somebody to talk to. An administrator names them, and reads none of what they are told."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from incidents.domain import audit
from incidents.domain.organisation import audit_changes, refuse_unless_administrator
from incidents.models import Adviser, Person

FIELDS = ("person", "about", "place")


@transaction.atomic
def set_adviser(*, by: Person, adviser: Adviser | None = None, **values: Any) -> Adviser:
    """Name somebody, or change `adviser`: names of FIELDS. Raises NotAllowed, ValidationError."""
    refuse_unless_administrator(by)
    target = Adviser.objects.select_for_update().get(pk=adviser.pk) if adviser else Adviser()
    if adviser is None:
        target.person = values["person"]
    changes = audit_changes(target, {name: values[name] for name in FIELDS if name in values})
    if changes or adviser is None:
        target.full_clean()
        target.save()
        audit.note(by, "adviser.set", target, **changes)
    return target


@transaction.atomic
def remove_adviser(adviser: Adviser, *, by: Person, reason: str = "") -> None:
    """Take somebody off the list: nobody chooses them from now on. Threads that they have stay theirs. Raises NotAllowed."""
    refuse_unless_administrator(by)
    audit.note(by, "adviser.removed", adviser, reason=reason)
    adviser.delete()
