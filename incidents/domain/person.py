from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import audit
from incidents.domain.organisation import audit_changes, refuse_unless_administrator
from incidents.domain.team import refuse_last_lead_leaving
from incidents.errors import Refused
from incidents.models import Person
from incidents.models.person import normalise_email

PREFERENCES = ("name", "language", "time_zone", "digest_hour")
STANDING = ("email", "is_active", "is_admin")


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


@transaction.atomic
def create_person(*, by: Person, email: str, name: str, **values: Any) -> Person:
    """Register somebody, without a password: they set their own by a letter.

    values: further names of PREFERENCES, and is_admin. Raises NotAllowed, ValidationError when the address is taken.
    """
    refuse_unless_administrator(by)
    known = {key: values[key] for key in (*PREFERENCES, "is_admin") if key in values}
    person = Person.objects.create_user(email, None, name=name, **known)
    audit.note(by, "person.created", person, is_admin=(False, person.is_admin))
    return person


@transaction.atomic
def edit_person(person: Person, *, by: Person, **values: Any) -> Person:
    """Change names of PREFERENCES and STANDING. Deactivating ends the sign-in at once; what they wrote stays.

    Letters to somebody deactivated are not sent: standing is asked again at that moment.
    Raises NotAllowed, ValidationError, Refused when the acting person would shut themselves out.
    """
    refuse_unless_administrator(by)
    person = Person.objects.select_for_update().get(pk=person.pk)
    wanted = {key: values[key] for key in (*PREFERENCES, *STANDING) if key in values}
    if "email" in wanted:
        wanted["email"] = normalise_email(wanted["email"])
    if person.pk == by.pk and not (wanted.get("is_active", True) and wanted.get("is_admin", True)):
        raise Refused(
            "own_standing",
            _("ご自身の管理者の役割やサインインは、ご自身では外せません。"),
            _("別の管理者に頼んでください。"),
        )
    if person.is_active and not wanted.get("is_active", True):
        refuse_last_lead_leaving(person)
    changes = audit_changes(person, wanted)
    if changes:
        person.full_clean(exclude=["password"])
        person.save(update_fields=list(changes))
        audit.note(by, "person.edited", person, **changes)
    return person
