"""CSV of what a list shows: the same rows, conditions and order, for the same person, with heads in their language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.domain import export as verbs
from incidents.errors import Refused
from incidents.forms.filters import ListFilterForm
from incidents.models import Countermeasure, Incident, SavedView
from incidents.queries import countermeasure as measures
from incidents.queries import incident as incidents
from incidents.queries import search
from incidents.queries.calendar import today_of
from incidents.queries.paging import chunks
from incidents.views.base import page, say_refusal
from incidents.views.lists import INCIDENTS, MEASURES, PAGES, filter_form
from tools.plain import csvsafe

Column = tuple[Any, Callable[[Any], Any]]


def _field(model: type[models.Model], name: str, read: Callable[[Any], Any] | None = None) -> Column:
    """A column under the field's own name; of a field with choices the words."""
    field = model._meta.get_field(name)
    shown = f"get_{name}_display"
    usual = (lambda row: getattr(row, shown)()) if field.choices else (lambda row: getattr(row, name))
    return field.verbose_name, read or usual


def incident_columns() -> list[Column]:
    of = Incident
    return [
        _field(of, "number", lambda i: i.reference),
        *(_field(of, name) for name in ("title", "stage", "kind", "category", "severity", "team", "owner")),
        *(_field(of, name) for name in ("process", "counterparty", "who_waits", "occurred_at", "noticed_at")),
        *(_field(of, name) for name in ("first_report_due_at", "first_reported_at")),
        (gettext_lazy("次の期限"), incidents.next_due_on),
        (gettext_lazy("約束した対策"), lambda i: i.seams.promised),
        (gettext_lazy("金になった対策"), lambda i: i.seams.gold),
        *(_field(of, name) for name in ("mended_at", "customer_closed_at", "restricted")),
    ]


def measure_columns() -> list[Column]:
    """Of SeamLines: what the countermeasure says, then its record."""

    def of_measure(*names: str) -> list[Column]:
        return [_through(_field(Countermeasure, name), lambda line: line.measure) for name in names]

    def of_record(*names: str) -> list[Column]:
        return [_through(_field(Incident, name), lambda line: line.measure.incident) for name in names]

    return [
        (gettext_lazy("番号"), lambda line: line.measure.incident.reference),
        *of_record("title"),
        *of_measure("title", "status", "strength", "kind", "before", "after", "owner", "backup", "due_on"),
        (gettext_lazy("残りの営業日"), lambda line: line.days),
        *of_measure("promised_outside", "committed_at", "done_at", "done_note"),
        (gettext_lazy("真因"), lambda line: line.measure.root.why.text if line.measure.root else ""),
        *of_record("team", "category", "severity", "stage"),
    ]


def _through(column: Column, way: Callable[[Any], Any]) -> Column:
    head, read = column
    return head, lambda row: read(way(row))


def text_of(value: Any) -> str:
    """A value as a cell says it, in the language and zone that are set."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("はい") if value else _("いいえ")
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def lines(columns: list[Column], found: Iterator[list[Any]]) -> Iterator[str]:
    """The file piece by piece. It is made after the page's own language and zone are gone, so it carries them along."""
    language, zone = translation.get_language(), timezone.get_current_timezone()

    def rendered(rows: list[Any]) -> str:
        with translation.override(language), timezone.override(zone):
            return "".join(csvsafe.line(text_of(read(row)) for _head, read in columns) for row in rows)

    with translation.override(language):
        head = csvsafe.BOM + csvsafe.line(str(head) for head, _read in columns)

    def pieces() -> Iterator[str]:
        yield head
        for rows in found:
            yield rendered(rows)

    return pieces()


def _file(
    request: HttpRequest, of: str, form: ListFilterForm, *, columns: list[Column], rows: Any, found: Iterator
) -> HttpResponse:
    try:
        count = rows[: verbs.MOST + 1].count()
        verbs.export(by=request.user, of=of, conditions=form.chosen(), rows=count, records=rows)
    except Refused as refusal:
        say_refusal(request, refusal)
        return HttpResponseRedirect(f"{reverse(PAGES[of])}?{form.encoded() or 'all=1'}")
    answer = StreamingHttpResponse(lines(columns, found), content_type="text/csv; charset=utf-8")
    filename = f"{SavedView.Of(of).label}_{today_of(request.user):%Y-%m-%d}.csv"
    answer.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=filename)
    return answer


@page
def incident_csv(request: HttpRequest) -> HttpResponse:
    form = filter_form(request, INCIDENTS, request.GET)
    filters = incidents.Filters(**form.filters())
    words = search.found_by(request.user, filters.q)
    rows = incidents.incident_rows(by=request.user, filters=filters, found=words)
    rows = rows.select_related("team", "owner", "index")
    found = (incidents.with_seams(some) for some in chunks(rows, filters.order))
    return _file(request, INCIDENTS, form, columns=incident_columns(), rows=rows, found=found)


@page
def seam_csv(request: HttpRequest) -> HttpResponse:
    form = filter_form(request, MEASURES, request.GET)
    filters = measures.Filters(**form.filters())
    calendars = measures.calendars_of(request.user)
    words = search.found_by(request.user, filters.q)
    rows = measures.seam_rows(by=request.user, filters=filters, calendars=calendars, found=words)
    rows = rows.select_related("incident__team", "owner", "backup", "root__why")
    found = (measures.seam_lines(some, request.user, calendars) for some in chunks(rows, filters.order))
    return _file(request, MEASURES, form, columns=measure_columns(), rows=rows, found=found)
