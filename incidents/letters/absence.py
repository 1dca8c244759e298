"""The letter to whoever stands in for somebody away."""

from __future__ import annotations

from datetime import date

from django.conf import settings

from incidents.letters.base import Rendered, render
from incidents.models import Absence
from tools.plain.daytext import long_day


def stand_in(absence: Absence, *, today: date) -> Rendered:
    """Who is away from when until when, and what comes of it. today: the reader's."""
    to = absence.stand_in
    context = {
        "person": to,
        "who": absence.person,
        "starts": long_day(absence.starts_on, to.language, today=today),
        "ends": long_day(absence.ends_on, to.language, today=today),
        "site_url": settings.SITE_URL,
    }
    return render("absence/stand_in", language=to.language, context=context)
