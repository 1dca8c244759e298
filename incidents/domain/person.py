from __future__ import annotations

from typing import Any

from django.db import transaction

from incidents.domain import audit
from incidents.models import Person

PREFERENCES = ("name", "language", "time_zone", "digest_hour")


@transaction.atomic
def set_preferences(person: Person, *, by: Person, **values: Any) -> Person:
    """Change what a person chooses for themselves: names of PREFERENCES. Raises ValidationError."""
    changes = {
        name: (getattr(person, name), values[name])
        for name in PREFERENCES
        if name in values and values[name] != getattr(person, name)
    }
    for name, (_old, new) in changes.items():
        setattr(person, name, new)
    person.full_clean(exclude=["password"])
    if changes:
        person.save(update_fields=list(changes))
        audit.note(by, "person.preferences_changed", person, **changes)
    return person
