"""Strings that have run as scripts in other trackers, in what people write: shown as letters, never as anything else.

A dialog, a script error, a report of the content security policy or an element that a text has made fails the test;
the policy would stop most of them, but here nothing may even try.
"""

from __future__ import annotations

import json
import re

import pytest
from django.utils import timezone

from incidents.domain.incident import take_numbers
from incidents.enums import Role
from incidents.models import Countermeasure, Incident, Membership, Person, TimelineEntry, Why
from tests.shared import shared
from tools.plain.cleantext import clean
from tools.plain.oneline import one_line

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OWN = [
    "<svg/onload=alert(1)>",
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "'-alert(1)-'",
    "javascript:alert(1)",
    '<a hx-get="/incidents/" hx-trigger="load" hx-target="body">x</a>',
    '<div data-draft="x" data-submit-on-change hx-on:load="alert(1)">x</div>',
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</select><img src=x onerror=alert(1)>",
    "<base href=//example.com>",
    "<meta http-equiv=refresh content='0;url=//example.com'>",
    "<style>*{display:none}</style>",
    "{{ 7*7 }}{% load x %}${7*7}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]

# What a text could have made of itself: everything of a page that acts, and where it may stand when it is ours.
MADE_BY_TEXT = """() => {
    const found = [];
    for (const one of document.querySelectorAll("*")) {
        const tag = one.tagName.toLowerCase();
        if (/^(iframe|object|embed|base|applet|frame|frameset|video|audio|math|marquee|isindex|xss|bgsound)$/.test(tag))
            found.push(tag);
        if (tag === "script" && !(one.src || one.type === "application/json" || one.nonce)) found.push("script");
        if (tag === "style" && !one.nonce) found.push("style");
        if (tag === "meta" && one.httpEquiv === "refresh") found.push("meta refresh");
        if (tag === "img" && new URL(one.src, location).origin !== location.origin) found.push("img " + one.src);
        for (const {name, value} of one.attributes) {
            if (name.startsWith("on") || name.startsWith("hx-on")) found.push(`${tag} ${name}`);
            if (/^(href|src|action|formaction|xlink:href)$/.test(name) && /^\\s*(javascript|data|vbscript):/i.test(value)
                && !(tag === "img" || tag === "link")) found.push(`${tag} ${name}=${value}`);
            if (/^hx-(get|post|put|delete|patch)$/.test(name) && !/^[/?](?!\\/)/.test(value)) found.push(`${tag} ${name}`);
            if (name === "hx-target" && value === "body" || name === "hx-trigger" && value === "load" && tag === "a")
                found.push(`${tag} ${name}`);
        }
    }
    return [...new Set(found)];
}"""


def strings() -> list[str]:
    """About 250: those of the big list that look as if they would act, and ours."""
    everything = json.loads(shared("data/naughty/blns.json").read_text(encoding="utf-8"))
    acting = re.compile(r"<|javascript:|on\w+=|alert|\{\{|&#|%3C", re.IGNORECASE)
    chosen = [one for one in everything if acting.search(one)] + OWN
    assert len(chosen) > 200
    return [clean(one, lines=False).strip() for one in chosen]


@pytest.fixture
def record(story, bob, team) -> Incident:
    """A record with each string as line, cause and countermeasure; a record and a colleague called by each."""
    texts = strings()
    made = story.with_root(title=texts[-3][:200], who_waits=texts[-2][:160])
    first = take_numbers(len(texts))
    common = {"team": team, "noticed_at": timezone.now(), "recorded_by": bob, "owner": bob}
    Incident.objects.bulk_create(
        Incident(number=first + n, title=text[:200], who_waits=text[:160], **common) for n, text in enumerate(texts)
    )
    people = Person.objects.bulk_create(
        Person(name=one_line(text)[:80], email=f"p{n}@example.jp") for n, text in enumerate(texts)
    )
    Membership.objects.bulk_create(Membership(person=one, team=team, role=Role.MEMBER) for one in people)
    record = made.incident
    Incident.objects.filter(pk=record.pk).update(process=texts[-1][:120], body="\n".join(texts))
    TimelineEntry.objects.bulk_create(
        TimelineEntry(incident=record, text=text, author=one, author_label=one.name[:120])
        for text, one in zip(texts, people, strict=True)
    )
    Why.objects.bulk_create(Why(incident=record, text=text, evidence=text[:300], author=bob) for text in texts)
    promised = {"incident": record, "root": made.root, "status": "committed", "due_on": timezone.localdate()}
    Countermeasure.objects.bulk_create(
        Countermeasure(title=text[:300], before=text, after=text, owner=one, **promised)
        for text, one in zip(texts, people, strict=True)
    )
    return record


class Reader:
    """Opens pages, looks for what a text has made of itself there, and for the text as it was written."""

    def __init__(self, page):
        self.page, self.dialogs = page, []
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def open(self, url: str, *shown: str) -> None:
        answer = self.page.goto(url)
        assert answer.status == 200, url
        assert self.page.url.split("?")[0].endswith(url.split("?")[0]), "a text has led away"
        assert self.page.evaluate(MADE_BY_TEXT) == [], url
        text = plain(self.page.locator("body").text_content())
        assert [one for one in shown if plain(one) not in text] == [], url

    def next_page(self) -> str:
        link = self.page.locator("a[rel=next]")
        return link.first.get_attribute("href") if link.count() else ""


def plain(text: str) -> str:
    return "".join(text.split())


def test_nothing_written_runs_on_any_page(record, alice, story, page_of):
    texts = strings()
    reader = Reader(page_of(alice))
    here = record.get_absolute_url()
    reader.open(here)
    reader.open(f"{here}timeline/?all=1", *texts)
    reader.open(f"{here}causes/", *[one for one in texts if len(one) < 20])
    reader.open(f"{here}edit/", *[one[:80] for one in texts])
    reader.open(f"{here}measures/new/", *[one[:80] for one in texts])
    reader.open(f"{here}history/")
    reader.open(f"/measures/{Countermeasure.objects.last().pk}/hand-over/", *[one[:80] for one in texts])
    for start in ("/incidents/", "/seams/?view=all"):
        url, seen = start, 0
        while url and seen < 9:
            reader.open(url)
            url, seen = reader.next_page(), seen + 1
            url = start.partition("?")[0] + url if url else ""
        assert seen > 4, f"{start} was not read to its end"
    reader.open("/")
    reader.open("/incidents/?q=%3Cscript%3Ealert(1)%3C/script%3E%22onfocus=alert(1)%20autofocus=")
    assert reader.dialogs == []


def test_nothing_runs_for_somebody_who_is_called_like_it(record, page_of):
    """The name stands in the frame of each page, in the menu and in the person's own form."""
    for name in ('"><script>alert(1)</script>', "<img src=x onerror=alert(1)>"):
        person = Person.objects.filter(name=name).first()
        reader = Reader(page_of(person))
        reader.open("/preferences/", name)
        reader.open("/", name)
        reader.open(record.get_absolute_url(), name)
        assert reader.dialogs == []
