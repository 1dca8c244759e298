"""Who changed what: every change can be reached, whole, at the cost of a page."""

from __future__ import annotations

import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.domain import countermeasure, due_request, incident
from incidents.models import AuditEntry
from tests.factories import AuditEntryFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def changes(crack, count: int) -> None:
    AuditEntry.objects.bulk_create(
        AuditEntryFactory.build(
            incident_id=crack.pk,
            team_id=crack.team_id,
            verb="incident.edited",
            target_type="incident",
            target_id=crack.pk,
            target_label=str(crack),
            changes={"process": ["", f"業務その{n}。"]},
        )
        for n in range(count)
    )


def shown(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"業務その(\d+)。", text)]


def step(text: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]*)"', text)
    return html.unescape(found[1]) if found else ""


def test_pages_of_a_hundred_hold_every_change_once(client_of, vera, crack):
    changes(crack, 250)
    url, pages, texts = f"{crack.get_absolute_url()}history/", [], []
    query = ""
    while True:
        text = client_of(vera).get(url + query).content.decode()
        pages.append(shown(text))
        texts.append(text)
        query = step(text, "next")
        if not query:
            break
    assert [len(one) for one in pages] == [100, 100, 50]
    assert sum(pages, []) == list(range(249, -1, -1))
    assert "割れを記録しました" in texts[-1]  # the very first line is reached as well
    back = client_of(vera).get(url + step(texts[-1], "prev")).content.decode()
    assert shown(back) == pages[1]


def test_a_page_is_swapped_by_htmx_and_followed_without_it(client_of, vera, crack):
    changes(crack, 101)
    text = client_of(vera).get(f"{crack.get_absolute_url()}history/").content.decode()
    link = re.search(r'<a[^>]*rel="next"[^>]*>', text)[0]
    assert 'hx-target="#list"' in link and 'hx-select="#list"' in link
    assert '<div id="list">' in text
    answer = client_of(vera, **{"HX-Request": "true"}).get(f"{crack.get_absolute_url()}history/{step(text, 'next')}")
    assert '<div id="list">' in answer.content.decode()


@pytest.mark.parametrize("query", ["?after=x", "?before=1~", "?after=99999999999~1", "?after=0~0", "?before=%00"])
def test_a_made_up_place_is_no_fault(client_of, vera, crack, query):
    assert client_of(vera).get(f"{crack.get_absolute_url()}history/{query}").status_code == 200


def cost(client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_the_page_costs_the_same_for_every_length(client_of, alice, story):
    measure = story.promised()
    urls = [f"{measure.incident.get_absolute_url()}history/", f"/measures/{measure.pk}/history/"]
    few = [cost(client_of(alice), url) for url in urls]
    changes(measure.incident, 250)
    assert [cost(client_of(alice), url) for url in urls] == few
    assert max(few) <= 8


def test_a_long_value_stands_whole_in_its_fold(client_of, bob, vera, crack):
    long = "<b>".join(["長い経過をここに書きます。"] * 1538)[:20_000]
    assert len(long) == 20_000
    incident.edit(crack, by=bob, body=long)
    text = client_of(vera).get(f"{crack.get_absolute_url()}history/").content.decode()
    folds = re.findall(r"<details\b[^>]*>(.*?)</details>", text, re.S)
    (fold,) = [one for one in folds if "長い経過" in one]
    summary, whole = fold.split("</summary>")
    assert html.escape(long) in whole
    assert len(html.unescape(summary)) < 300


def test_lines_of_a_value_stay_lines(client_of, bob, vera, crack):
    incident.edit(crack, by=bob, body="一行目\n二行目")
    text = client_of(vera).get(f"{crack.get_absolute_url()}history/").content.decode()
    assert "一行目<br>二行目" in text


def test_a_countermeasure_has_a_history_of_its_own(client_of, bob, vera, carol, story):
    measure, other = story.promised(title="画面で止める"), story.promised(title="別の対策")
    due_request.ask(measure, by=bob, due_on=measure.due_on.replace(month=12, day=28), reason="部品待ちのため")
    countermeasure.start(measure, by=bob)
    countermeasure.start(other, by=bob)
    url = f"/measures/{measure.pk}/history/"

    text = client_of(vera).get(url).content.decode()
    assert "部品待ちのため" in text and "対策に取りかかりました" in text and "対策を約束しました" in text
    assert "別の対策" not in text and "割れを記録しました" not in text
    assert url in client_of(vera).get(measure.incident.get_absolute_url()).content.decode()
    assert client_of(carol).get(url).status_code == 404
