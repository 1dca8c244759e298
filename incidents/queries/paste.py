"""Pasted texts, line by line, with what has been taken over from them."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Expression, QuerySet
from django.db.models.functions import Left, Length
from django.db.models.lookups import GreaterThan

from incidents.models import Incident, Paste, Person, TimelineEntry
from incidents.queries.calendar import zone_of
from tools.plain.chatlines import ChatLine, chat_lines

START = 20_000
PAGE_SIZE = 100  # three fields a line; a form of the whole would be refused as too large


@dataclass(frozen=True)
class PasteLine:
    """A line of a pasted text; `entry` is what it has become in the timeline, or None."""

    line: ChatLine
    entry: TimelineEntry | None


def lines_page(paste: Paste, *, by: Person, page: str | int = 1) -> Page:
    """One page of the lines that are not empty, in one query. Times are read in the person's zone, days from the record."""
    zone = zone_of(by)
    on = (paste.incident.occurred_at or paste.incident.noticed_at).astimezone(zone).date()
    found = Paginator(chat_lines(paste.text, zone=zone.key, on=on), PAGE_SIZE).get_page(page)
    numbers = [line.number for line in found.object_list]
    taken = {entry.paste_line: entry for entry in TimelineEntry.objects.filter(paste=paste, paste_line__in=numbers)}
    found.object_list = [PasteLine(line, taken.get(line.number)) for line in found.object_list]
    return found


def page_of_line(paste: Paste, number: str) -> int:
    """The page on which the line with this number stands; 1 when there is no such line."""
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return 1
    before = sum(1 for line in chat_lines(paste.text, zone="UTC") if line.number < int(number))
    return before // PAGE_SIZE + 1


def paste_rows(incident: Incident | Expression) -> QuerySet[Paste]:
    """The pasted texts of a record, newest first: the first START characters as `start`; `cut` says that there is more."""
    rows = Paste.objects.filter(incident=incident).select_related("author").defer("text").order_by("-id")
    return rows.annotate(start=Left("text", START), cut=GreaterThan(Length("text"), START))


def pastes_of(incident: Incident) -> list[Paste]:
    return list(paste_rows(incident))
