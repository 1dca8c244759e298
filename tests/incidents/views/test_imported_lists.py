"""The 2,584 real ServiceNow records and the real post-mortems beside them, in every list, filter and order."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.enums import Severity, Stage
from incidents.models import Incident
from incidents.queries import countermeasure as measures
from incidents.queries import incident as incidents
from incidents.queries.paging import COUNTED, PAGE_SIZE, chunks
from tests.incidents.views.test_costs import LIST, SEAMS
from tests.shared import shared

pytestmark = pytest.mark.django_db

FILES = {
    "servicenow": ("data/incidents/uci_servicenow_events.csv", 2584),
    "postmortems": ("data/postmortems/postmortems.json", 67),
}
MANY = sum(count for _file, count in FILES.values())
IDEAS = 222
ASK_INDEX = 1  # one query more with words


def cost(client, url: str, query: dict[str, str]) -> tuple[int, object]:
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(url, query)
    assert answer.status_code == 200, (url, query)
    return len(seen), answer


def walk(client, url: str, query: dict[str, str]) -> list[int]:
    """The ids of all rows, page by page, as the links lead."""
    found, after = [], ""
    while True:
        page = client.get(url, {**query, "after": after}).context["page"]
        found += [getattr(row, "measure", row).pk for row in page.rows]
        if not (after := page.after):
            return found


def test_imported_records_stay_usable_in_every_list(client_of, alice, carol, team):
    for mapping, (file, _count) in FILES.items():
        call_command("import_incidents", str(shared(file)), mapping=mapping, team=team.slug, stdout=io.StringIO())
    assert planner_knows() in {None, MANY}
    client = client_of(alice)
    client.get("/incidents/"), client.get("/seams/")  # the first visit fills what is filled once a process

    every_condition_costs_the_same_and_is_right(client)
    every_order_holds_each_row_once(client, alice)
    words_find_them(client)
    files_hold_all_of_them(client)
    ended_records_are_not_handed_over(client)
    for url in ("/incidents/", "/seams/?view=all"):
        assert client_of(carol).get(url).context["page"].rows == []


def planner_knows() -> int | None:
    """For how many records PostgreSQL plans; SQLite does not count them."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'incidents_incident'::regclass")
        return int(cursor.fetchone()[0])


def every_condition_costs_the_same_and_is_right(client) -> None:
    for url, most, base in (("/incidents/", LIST, {}), ("/seams/", SEAMS, {"view": "all"})):
        whole, answer = cost(client, url, {**base, "all": "1"})
        assert (whole, answer.context["page"].counted_out, len(answer.context["page"].rows)) == (most, True, PAGE_SIZE)
        form = answer.context["form"]
        for name, field in form.fields.items():
            for value, _label in getattr(field, "choices", []):
                asked, answer = cost(client, url, {**base, "all": "1", name: value})
                assert asked <= most, (url, name, value, asked)
                assert answer.context["left_out"] == []
    by_severity = Counter(Incident.objects.values_list("severity", flat=True))
    for severity in (Severity.S1, Severity.S2, Severity.S4):
        _asked, answer = cost(client, "/incidents/", {"severity": severity})
        assert answer.context["page"].count == min(by_severity[severity], COUNTED)
    _asked, answer = cost(client, "/incidents/", {"stage": "open", "kind": "incident"})
    assert answer.context["page"].count == Incident.objects.open().count()


def every_order_holds_each_row_once(client, alice) -> None:
    shown = walk(client, "/incidents/", {"all": "1"})
    assert (len(shown), len(set(shown))) == (MANY, MANY)
    shown = walk(client, "/seams/", {"view": "all", "sort": "strong"})
    assert (len(shown), len(set(shown))) == (IDEAS, IDEAS)
    for sort, order in incidents.SORTS.items():
        rows = incidents.incident_rows(by=alice, filters=incidents.Filters(sort=sort), found=None)
        ids = [one.pk for some in chunks(rows, order) for one in some]
        assert (sort, len(ids), len(set(ids))) == (sort, MANY, MANY)
    for sort, order in measures.SORTS.items():
        filters = measures.Filters(view="ideas", sort=sort)
        rows = measures.seam_rows(by=alice, filters=filters, calendars={}, found=None)
        ids = [one.pk for some in chunks(rows, order, size=50) for one in some]
        assert (sort, len(ids), len(set(ids))) == (sort, IDEAS, IDEAS)


def words_find_them(client) -> None:
    one = Incident.objects.filter(external_source="servicenow").order_by("number")[1000]
    asked, answer = cost(client, "/incidents/", {"q": one.external_id})
    assert (asked, one in answer.context["page"].rows) == (LIST + ASK_INDEX, True)
    asked, answer = cost(client, "/incidents/", {"q": "category"})
    assert asked <= LIST + ASK_INDEX
    asked, answer = cost(client, "/seams/", {"view": "all", "q": "存在しないことば"})
    assert (asked <= SEAMS + ASK_INDEX, answer.context["page"].rows) == (True, [])


def files_hold_all_of_them(client) -> None:
    for url, count in (("/incidents/csv/", MANY), ("/seams/csv/?view=all", IDEAS)):
        text = b"".join(client.get(url)).decode("utf-8-sig")
        assert len(list(csv.reader(io.StringIO(text, newline="")))) == count + 1


def ended_records_are_not_handed_over(client) -> None:
    page = client.get("/incidents/", {"stage": Stage.REPAIRED_ONLY}).context["page"]
    shown = [row.pk for row in page.rows]
    asked = client.get("/incidents/hand-over/", {"shown": shown, "page": "1"})
    owner = asked.context["form"].fields["owner"].queryset[0]
    answer = client.post("/incidents/hand-over/", {"row": shown, "owner": owner.pk, "reason": "異動のため"})
    outcome = answer.context["outcome"]
    assert (len(outcome.moved), {refusal.code for _one, refusal in outcome.refused}) == (0, {"ended"})
    assert len(outcome.refused) == PAGE_SIZE
