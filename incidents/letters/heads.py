"""The heads of the chains for somebody outside, as letter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.conf import settings

from incidents.letters.base import Rendered, render
from tools.plain.daytext import long_day


def heads(day: date, chains: Sequence[tuple[str, int, str]], *, language: str) -> Rendered:
    """Of a day the last place and hash of each chain. chains: (team or "" for the organisation, place, hash)."""
    # With its year: it is kept for years.
    said = long_day(day, language, today=date.min)
    context = {"day": said, "chains": chains, "site_url": settings.SITE_URL}
    return render("audit/heads", language=language, context=context)
