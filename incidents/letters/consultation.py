"""That something is there. No name, no subject, no word of what: it may be read over a shoulder (P3)."""

from __future__ import annotations

from django.urls import reverse

from incidents.letters import links
from incidents.letters.base import Rendered, render
from incidents.models import Person


def notice(person: Person) -> Rendered:
    """The one letter of the box, the same whatever has happened in it."""
    page_url = links.absolute(reverse("consultation-list"))
    return render("consultation/notice", language=person.language, context={"person": person, "page_url": page_url})
