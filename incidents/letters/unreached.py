"""The letter that tells a lead that mail to somebody does not arrive."""

from __future__ import annotations

from datetime import date

from django.conf import settings

from incidents.letters.base import Rendered, render
from incidents.models import Person
from tools.plain.daytext import long_day


def unreached(person: Person, *, to: Person, since: date) -> Rendered:
    """Whose mail does not arrive, at which address, and who hears of what is due meanwhile. since: the reader's day."""
    context = {"person": to, "who": person, "since": long_day(since, to.language), "site_url": settings.SITE_URL}
    return render("unreached/told", language=to.language, context=context)
