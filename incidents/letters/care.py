"""A word some days after somebody recorded a crack. It names no record and asks for no answer (P4)."""

from __future__ import annotations

from django.urls import reverse

from incidents.letters import links
from incidents.letters.base import Rendered, render
from incidents.models import HelpLine, Person


def check_in(person: Person, lines: list[HelpLine], *, stop_url: str) -> Rendered:
    """lines: where this person can talk; those with a telephone number stand in the letter. stop_url: its own link."""
    return render(
        "care/check_in",
        language=person.language,
        context={
            "person": person,
            "lines": [line for line in lines if line.phone],
            "page_url": links.absolute(reverse("care")),
            "stop_url": stop_url,
        },
    )
