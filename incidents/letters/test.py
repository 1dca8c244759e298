"""The letter that shows that letters arrive."""

from __future__ import annotations

from django.conf import settings

from incidents.letters.base import Rendered, render
from incidents.models import Person


def sending(person: Person) -> Rendered:
    """A letter to oneself: when it is read, reminders arrive as well."""
    return render("test/sending", language=person.language, context={"person": person, "site_url": settings.SITE_URL})
