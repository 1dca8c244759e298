"""The timeline as the pages show it: each line with its addenda and with what it counts for now (R1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils.functional import Promise

from incidents import rules
from incidents.enums import Certainty, EntryKind, Verdict
from incidents.models import Incident, Question, TimelineEntry
from incidents.queries.sheet import Slot

PAGE_SIZE = 100
ORDERS = ("event", "-event", "recorded", "-recorded")
_MARKS = {EntryKind.FIRST_REPORT: "mail", EntryKind.FINAL_REPORT: "mail", EntryKind.PROOF: "gold", EntryKind.END: "bad"}


@dataclass(frozen=True)
class Line:
    """A line of the timeline. `standing` is a Certainty, or Verdict.REFUTED when it was found not to be so."""

    entry: TimelineEntry
    standing: str
    addenda: list[TimelineEntry] = field(default_factory=list)
    at: datetime | None = None

    @property
    def refuted(self) -> bool:
        return self.standing == Verdict.REFUTED

    @property
    def is_fact(self) -> bool:
        return self.standing == Certainty.FACT

    @property
    def is_open(self) -> bool:
        """Nobody knows yet, or it is only supposed: worth a question."""
        return self.standing in {Certainty.UNKNOWN, Certainty.ESTIMATE}

    @property
    def mark(self) -> str:
        return _MARKS.get(self.entry.kind, "")

    @property
    def says(self) -> str | Promise:
        """What stands beside the line in words; nothing beside what its writer saw as fact."""
        if self.refuted:
            return Verdict.REFUTED.label
        if self.is_fact:
            return Verdict.CONFIRMED.label if self.entry.certainty != Certainty.FACT else ""
        return Certainty(self.standing).label


def lines_of(entries: Iterable[TimelineEntry]) -> list[Line]:
    """Lines with their addenda in the order of recording; lines stay in the order in which they come."""
    rows = list(entries)
    under: dict[int, list[TimelineEntry]] = {}
    for row in sorted(rows, key=lambda one: (one.recorded_at, one.pk)):
        if row.addendum_to_id is not None:
            under.setdefault(row.addendum_to_id, []).append(row)
    found = []
    for row in rows:
        if row.addendum_to_id is None:
            addenda = under.get(row.pk, [])
            standing = rules.standing_certainty(row.certainty, [one.verdict for one in addenda])
            found.append(Line(row, standing, addenda, row.event_at))
    return found


def facts_of(entries: Iterable[TimelineEntry]) -> list[TimelineEntry]:
    """What stands as fact now, in the order of the lines: the lines that do, and what refuted the others.

    The one place to ask for reports, so that a guess that proved wrong never reaches the other side.
    """
    facts: list[TimelineEntry] = []
    for line in _facts(lines_of(entries)):
        facts += [line.entry, *line.addenda]
    return facts


def _facts(lines: list[Line]) -> list[Line]:
    """The lines that stand as fact with their factual addenda; what refuted another line stands for itself."""
    found = []
    for line in lines:
        known = [one for one in line.addenda if one.certainty == Certainty.FACT]
        if line.is_fact:
            found.append(Line(line.entry, line.standing, known, line.at))
        elif line.refuted:
            found += [Line(one, Certainty.FACT, [], line.at) for one in known]
    return found


@dataclass(frozen=True)
class TimelineFilters:
    """What the timeline page may be narrowed by: fixed words only.

    show: "" all, "facts" what stands as fact now, or a standing. addenda: "", "with", "without".
    order: one of ORDERS; without a time a line stands last whichever way.
    """

    show: str = ""
    kind: str = ""
    addenda: str = ""
    order: str = "event"


def timeline_page(incident: Incident, filters: TimelineFilters, *, page: str | int = 1, whole: bool = False) -> Page:
    """Lines of one record, filtered and sorted; one query. whole: all on one page, to print."""
    lines = lines_of(TimelineEntry.objects.filter(incident=incident))
    if filters.show == "facts":
        lines = _facts(lines)
    lines = [line for line in lines if _wanted(line, filters)]
    lines = _in_order(lines, filters.order)
    return Paginator(lines, max(len(lines), 1) if whole else PAGE_SIZE).get_page(1 if whole else page)


def _wanted(line: Line, filters: TimelineFilters) -> bool:
    if filters.show not in {"", "facts"} and line.standing != filters.show:
        return False
    if filters.kind and line.entry.kind != filters.kind:
        return False
    return not filters.addenda or bool(line.addenda) == (filters.addenda == "with")


def _in_order(lines: list[Line], order: str) -> list[Line]:
    backwards = order.startswith("-")

    def moment(line: Line) -> datetime | None:
        return line.at if order.endswith("event") else line.entry.recorded_at

    timed = [line for line in lines if moment(line) is not None]
    timed.sort(key=lambda one: (moment(one), one.entry.recorded_at, one.entry.pk), reverse=backwards)
    return timed + [line for line in lines if moment(line) is None]


def ask_rows(incident: Slot) -> QuerySet[TimelineEntry]:
    """What the other side asks for (A-22), with its addenda: also where the timeline of the page is cut before it."""
    asked = Q(kind=EntryKind.REQUEST, addendum_to__isnull=True) | Q(addendum_to__kind=EntryKind.REQUEST)
    return TimelineEntry.objects.filter(asked, incident=incident)


def asks_of(entries: Iterable[TimelineEntry]) -> list[Line]:
    """The lines of what is asked for that nobody found not to be so."""
    return [line for line in lines_of(entries) if not line.refuted]


def questions_in_order(rows: list[Question]) -> list[Question]:
    """Questions of a record, the open ones first by day."""
    return sorted(rows, key=lambda one: (one.follow_up.state != "open", one.follow_up.due_on, one.pk))


def entry_of(incident: Incident, pk: str) -> TimelineEntry | None:
    """The line of this record with the number `pk` as an address gives it, or None."""
    if not (pk.isascii() and pk.isdigit() and len(pk) < 16):
        return None
    return TimelineEntry.objects.filter(incident=incident, addendum_to__isnull=True, pk=int(pk)).first()


def line_of(entry: TimelineEntry) -> Line:
    """One line as it stands now, with its addenda."""
    return lines_of(TimelineEntry.objects.filter(Q(pk=entry.pk) | Q(addendum_to=entry)))[0]
