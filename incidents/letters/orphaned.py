"""The letter that tells a lead of promises whose owner is gone."""

from __future__ import annotations

from django.conf import settings

from incidents.letters.base import Rendered, render
from incidents.models import Person, Team


def orphaned(person: Person, *, to: Person, team: Team, count: int) -> Rendered:
    """How many promises stand in the name of somebody who works in the team no longer, and where they are handed over."""
    context = {"person": to, "who": person, "team": team, "n": count, "site_url": settings.SITE_URL}
    return render("orphaned/told", language=to.language, context=context)
