"""Each form through its page: what is good is taken, what is broken comes back as it was typed, and nothing is a fault."""

from __future__ import annotations

import copy
from contextlib import contextmanager, suppress
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import transaction
from django.forms import BaseForm, CheckboxInput, HiddenInput, Textarea
from django.forms.widgets import Input
from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.html import escape

from incidents.domain import (
    cause,
    containment,
    countermeasure,
    due_request,
    nameless,
    outside,
    paste,
    promise,
    question,
    spread,
    timeline,
)
from incidents.enums import MailAct
from incidents.letters import links
from incidents.models import FollowUp, SpreadAnswer
from incidents.queries.nameless import door_path
from tests.factories import AttachmentFactory, IncidentFactory, MembershipFactory, NamelessNoteFactory

pytestmark = pytest.mark.django_db

NASTY = [
    "",
    " ",
    "\x00",
    "\ud800",
    "9" * 400,
    "-1",
    "0",
    "99999999999999999999",
    "1e400",
    "NaN",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "0001-01-01T00:00",
    "9999-12-31T23:59",
    "令和8年11月20日",
    "<script>alert(1)</script>",
    "{{ 7*7 }}{% load x %}",
    "javascript:alert(1)",
    "../../etc/passwd",
    "\u202egnp.exe",
    "a\r\nBcc: x@example.jp",
    "%00%0a",
    "' OR 1=1 --",
    "あ" * 60_000,
]


@pytest.fixture
def forms(alice, bob, carol, crack, story, team, other_team):
    """Each address that takes a form, with a form that it takes."""
    due = (timezone.localdate() + timedelta(days=10)).isoformat()
    later = (timezone.localdate() + timedelta(days=40)).isoformat()
    idea = story.proposed(title="案")
    running = story.promised(owner=alice, checker=bob)
    done = story.done()
    link = links.done_url(running.follow_up, alice).removeprefix("http://testserver")
    key = running.incident.reference
    entry = timeline.record(running.incident, by=alice, text="e", event_at=None, certainty="unknown")
    asked = [
        question.ask(running.incident, by=alice, text="q", owner=alice, due_on=timezone.localdate(), entry=entry)
        for _ in range(3)
    ]
    third = MembershipFactory(team=team).person
    bare = story.with_root()
    door, note = door_path(team), NamelessNoteFactory(team=team)
    asked_why = cause.ask_why(running.incident, by=alice, text="w")
    kept = containment.record(running.incident, by=alice, text="c", done_at=timezone.now())
    told = story.reported()
    said = {"closed_at": timezone.now(), "channel": "phone", "agreed": "a"}
    settled = outside.close(story.reported(), by=alice, **said)
    done_with = {
        "note": "n",
        "evidence_name": "m",
        "evidence_version": "v3",
        "evidence": "https://example.jp/",
    }
    measure = {
        "title": "画面を足す",
        "root": running.root_id,
        "before": "前",
        "after": "後",
        "strength": "4",
        "kind": "corrective",
        "owner": bob.pk,
        "backup": "",
        "helpers": third.pk,
        "due_on": due,
        "check_what": "件数",
        "check_threshold": "0件",
        "checker": alice.pk,
        "check_on": later,
        "weak_reason": "",
        "commit": "1",
    }
    # After the records above: a minute that turned between them would make a report older than its record.
    now = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    return {
        "/incidents/new/": {
            "title": "t",
            "noticed_at": now,
            "who_waits": "w",
            "kind": "incident",
            "pasted": "b",
            "team": team.slug,
        },
        f"/incidents/{key}/edit/": {
            "title": "t",
            "severity": "S2",
            "category": "billing",
            "counterparty": "c",
            "who_waits": "w",
            "process": "p",
            "occurred_at": now,
            "noticed_at": now,
            "owner": bob.pk,
            "body": "b",
        },
        f"/incidents/{crack.reference}/first-report/": {
            "channel": "phone",
            "reported_at": now,
            "note": "n",
            "next_at": "",
            "no_next": "r",
        },
        f"/incidents/{crack.reference}/first-report/waive/": {"reason": "r"},
        f"/incidents/{key}/timeline/": {"text": "t", "event_at": now, "certainty": "fact"},
        f"/entries/{entry.pk}/addendum/": {"text": "t", "verdict": "refuted", "certainty": "fact"},
        f"/incidents/{key}/paste/": {"text": "10:12 t"},
        f"/pastes/{paste.keep(running.incident, by=alice, text='10:12 t').pk}/": {
            "1-take": "on",
            "1-certainty": "fact",
            "1-at": now,
        },
        f"/incidents/{key}/questions/new/?entry={entry.pk}": {"text": "t", "owner": bob.pk, "due_on": due},
        f"/questions/{asked[0].pk}/due/": {"due_on": due, "reason": "r"},
        f"/questions/{asked[0].pk}/hand-over/": {"owner": bob.pk},
        f"/questions/{asked[1].pk}/answer/": {"answer": "a", "verdict": ""},
        f"/questions/{asked[2].pk}/drop/": {"reason": "r"},
        f"/incidents/{key}/containment/": {"text": "t", "done_at": now},
        f"/containments/{kept.pk}/lift/": {"note": "n"},
        f"/attachments/{AttachmentFactory(incident=running.incident).pk}/withdraw/": {"reason": "r"},
        f"/incidents/{key}/whys/": {"text": "t", "parent": "", "track": "occurrence", "evidence": "e"},
        f"/incidents/{key}/whys/hint/": {"text": "t"},
        f"/whys/{running.root.why_id}/evidence/": {"evidence": "e"},
        f"/whys/{asked_why.pk}/withdraw/": {"reason": "r"},
        f"/roots/{bare.root.pk}/unmark/": {"reason": "r"},
        f"/whys/{asked_why.pk}/root-cause/": {"factor": "tool"},
        f"/roots/{bare.root.pk}/accept/": {"reason": "r", "review_on": later},
        f"/incidents/{key}/measures/new/": measure,
        f"/measures/{idea.pk}/": measure | {"root": idea.root_id},
        f"/measures/{running.pk}/due/": {"due_on": due, "reason": "r"},
        f"/measures/{running.pk}/hand-over/": {"owner": third.pk, "reason": "r"},
        f"/measures/{running.pk}/not-doing/": {"reason": "r", "review_on": later},
        f"/measures/{running.pk}/terms/": {
            "backup": third.pk,
            "promised_outside": "on",
            "promised_to": "t",
            "promised_what": "w",
            "reason": "r",
        },
        f"/measures/{running.pk}/done/": done_with,
        f"/incidents/{key}/readers/": {"readers": alice.pk},
        f"/incidents/{key}/spread/": {"teams": other_team.pk, "title": "t", "body": "b", "due_on": due},
        f"/measures/{running.pk}/helpers/": {"helpers": third.pk},
        f"{told.get_absolute_url()}outside/": {"agreed": "a", "channel": "phone", "closed_at": now, "note": "n"},
        f"{settled.get_absolute_url()}outside/reopen/": {"reason": "r"},
        f"/checks/{done.checks.get().pk}/": {"outcome": "partly", "note": "n", "again_on": later},
        f"/incidents/{key}/end/": {"end": "duplicate", "duplicate_of": crack.reference, "reason": "r"},
        "/jottings/new/": {"text": "t", "next": "/"},
        door: {"text": "t", "category": "billing", "process": "p"},
        f"{door}answer/": {"receipt": nameless.write(team, text="w")},
        f"/nameless/{note.pk}/record/": {"title": "t", "kind": "concern", "noticed_at": now},
        f"/nameless/{note.pk}/reply/": {"text": "t"},
        f"/nameless/{note.pk}/aside/": {"reason": "r"},
        **more_forms(story, carol, third, running, done),
        "/preferences/": {
            "name": "n",
            "language": "ja",
            "time_zone": "Asia/Tokyo",
            "digest_hour": "9",
            "quiet_from": "19",
            "quiet_until": "8",
            "theme": "auto",
        },
        link: done_with,
        **mail_forms(story, due, later),
    }


def mail_forms(story, due: str, later: str) -> dict[str, dict]:
    """What bob can say from his mail."""
    follow_up, bob = story.promised().follow_up, story.bob
    said = {"due": {"due_on": later, "reason": "r"}, "help": {"words": "w"}, "not_mine": {"words": "w"}}
    whole = {links.act_url(MailAct(act), follow_up, bob): typed for act, typed in said.items()}
    whole[links.away_url(bob)] = {"starts_on": due, "ends_on": later, "stand_in": "佐藤"}
    whole[links.absolute("/preferences/away/")] = {"starts_on": due, "ends_on": later, "stand_in": bob.pk}
    return {url.removeprefix("http://testserver"): typed for url, typed in whole.items()}


def more_forms(story, carol, third, running, done) -> dict[str, dict]:
    """What is promised, asked of others, settled and noted."""
    alice, key = story.alice, running.incident.reference
    soon = (timezone.localtime() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    now = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    later = (timezone.localdate() + timedelta(days=60)).isoformat()
    due_on = timezone.localdate() + timedelta(days=9)
    for _turn in range(2):
        asking = IncidentFactory(team=carol.memberships.get().team, recorded_by=carol)
        spread.spread(asking, by=carol, teams=[story.team], title="t", body="", due_on=due_on)
    asked_here, taken_on = SpreadAnswer.objects.filter(team=story.team).order_by("pk")
    spread.answer(taken_on, by=alice, reply="action", note="n", owner=alice, due_on=due_on)
    told = promise.promise(running.incident, by=alice, text="p", due_at=timezone.now() + timedelta(hours=2))
    wish = due_request.ask(story.promised(), by=story.bob, due_on=timezone.localdate() + timedelta(days=60), reason="r")
    countermeasure.not_doing(
        story.proposed(), by=alice, reason="r", review_on=timezone.localdate() + timedelta(days=60)
    )
    review = FollowUp.objects.get(kind="not_doing_review")
    return {
        f"/incidents/{story.reported().reference}/recurrence/": {"original": running.incident.reference},
        f"/incidents/{key}/promises/new/": {"text": "t", "due_at": soon, "to_whom": "w", "owner": alice.pk},
        f"/incidents/{key}/report/": {
            "channel": "phone",
            "reported_at": now,
            "note": "n",
            "next_at": soon,
            "no_next": "",
        },
        f"/promises/{told.pk}/keep/": {"note": "n"},
        f"/promises/{told.pk}/move/": {"due_at": soon, "reason": "r", "told": "on"},
        f"/promises/{told.pk}/hand-over/": {"owner": third.pk},
        f"/spreads/{asked_here.pk}/": {"reply": "action", "note": "n", "owner": alice.pk, "due_on": later},
        f"/spreads/{taken_on.pk}/done/": {"note": "n"},
        f"/due-requests/{wish.pk}/grant/": {"note": "n"},
        f"/due-requests/{wish.pk}/refuse/": {"note": "n"},
        f"/follow-ups/{review.pk}/review/": {"answer": "stays", "again_on": later, "reason": "r"},
        f"/checks/{done.checks.get().pk}/hand-over/": {"checker": third.pk},
    }


class _Undone(Exception):
    """Ends a transaction that nobody will miss."""


@contextmanager
def undone():
    """What is written inside is gone afterwards: each post meets the record as the fixture left it."""
    with suppress(_Undone), transaction.atomic():
        yield
        raise _Undone


def send(client, url: str, data: dict) -> HttpResponse:
    if url.startswith("/m/"):  # what the page itself carries
        data = {**data, "page_token": links.page_token(url.rstrip("/").rpartition("/")[2])}
    body = urlencode(data, doseq=True, errors="surrogatepass")
    with undone():
        return client.post(url, body, content_type="application/x-www-form-urlencoded")


def forms_in(answer: HttpResponse) -> list[BaseForm]:
    """The forms that a page shows as they were sent, lines of a table of forms included."""
    found: dict[int, BaseForm] = {}
    for context in answer.context or []:
        for layer in getattr(context, "dicts", [context]):
            for value in layer.values():
                for form in [value, *getattr(value, "rows", [])] if hasattr(value, "rows") else [value]:
                    if isinstance(form, BaseForm) and form.is_bound:
                        found[id(form)] = form
    return list(found.values())


def form_with(answer: HttpResponse, names: set[str]) -> BaseForm | None:
    return next((form for form in forms_in(answer) if names & {form.add_prefix(name) for name in form.fields}), None)


def errors_of(form: BaseForm, data: dict, name: str) -> list[str]:
    """What the form says about one field when it is sent `data`."""
    again = copy.copy(form)
    again.data = QueryDict(mutable=True)
    for key, value in data.items():
        again.data.setlist(key, value if isinstance(value, list) else [value])
    again._errors, again.cleaned_data, again._bound_fields_cache = None, {}, {}
    again.full_clean()
    return again.errors.get(name.removeprefix(f"{form.prefix}-"), [])


def texts_of(form: BaseForm) -> set[str]:
    """Names of the fields into which somebody types."""
    return {
        form.add_prefix(name)
        for name, field in form.fields.items()
        if isinstance(field.widget, Input | Textarea) and not isinstance(field.widget, CheckboxInput | HiddenInput)
    }


BROKEN_POSTS, TAKEN_POSTS = 4, 3


def broken(good: dict, turn: int) -> dict:
    """Every field broken at once, each in another way, in each turn in another."""
    return {name: NASTY[(7 * place + 6 * turn + 1) % len(NASTY)] for place, name in enumerate(good)}


def taken(form: BaseForm, good: dict) -> list[dict]:
    """Every field with what the form takes in it although it looks bad: a text takes a third of the list at once."""
    posts = [dict(good) for _turn in range(TAKEN_POSTS)]
    for name in good:
        passed = [one for one in NASTY if one and not errors_of(form, good | {name: one}, name)]
        for turn, data in enumerate(posts):
            mine = passed[turn::TAKEN_POSTS]
            together = " ".join(mine)
            if name in texts_of(form) and together and not errors_of(form, data | {name: together}, name):
                data[name] = together
            elif mine:
                data[name] = mine[0]
    return posts


def one_by_one(good: dict) -> list[dict]:
    """For the few pages that show no form: there is nothing to ask beforehand."""
    return [good | {name: nasty} for name in good for nasty in NASTY]


def test_each_form_is_taken_when_it_is_good(client_of, alice, forms):
    """Otherwise the next test would break what is broken already."""
    client = client_of(alice)
    refused = []
    for url, good in forms.items():
        answer = send(client, url, good)
        if answer.status_code >= 400 or forms_in(answer):
            refused.append(f"{url} {answer.status_code} {[dict(form.errors) for form in forms_in(answer)]}")
    assert refused == []


def test_each_form_takes_anything_in_its_fields_without_a_fault(client_of, alice, forms):
    """Through the pages: what is broken comes back as it was typed, and what passes the form meets the verb."""
    client = client_of(alice)
    for url, good in forms.items():
        shown = None
        for turn in range(BROKEN_POSTS):
            data = broken(good, turn)
            answer = send(client, url, data)
            assert answer.status_code < 500, (url, data)
            form = form_with(answer, set(good))
            if form is None:
                continue
            shown = shown or form
            page = answer.content.decode()
            for name in texts_of(form) & set(data):
                typed = data[name].encode("utf-8", "surrogatepass").decode("utf-8", "replace")
                assert escape(typed) in page, (url, name)
        for data in taken(shown, good) if shown else one_by_one(good):
            assert send(client, url, data).status_code < 500, (url, data)
