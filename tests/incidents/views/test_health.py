"""What machines ask: alive, ready, running, figures; with each server really away."""

from __future__ import annotations

import re
import threading
import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidents.enums import LetterState
from incidents.models import EngineMark
from incidents.queries import engine
from incidents.views import health
from tests import servers
from tests.factories import EngineMarkFactory, LetterFactory, OrganisationFactory

TOKEN = "k3Jx9-figures-for-the-scraper-7Qm-ZrW"


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch):
    monkeypatch.setattr(health, "_last", {})


def test_alive_asks_nobody(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/enginez"])
def test_it_is_asked_without_tls_and_says_nothing_else(path, client, db, settings):
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get(path)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get("/metrics").status_code == 301


def test_somebody_who_is_signed_in_is_not_looked_up(client_of, alice, django_assert_num_queries):
    signed_in = client_of(alice)
    with django_assert_num_queries(0):
        assert signed_in.get("/healthz").status_code == 200


def test_ready_when_all_is_there(client, db):
    assert client.get("/readyz").json() == {"ok": True}


def test_each_server_that_is_away_is_named(client, db, settings):
    from django.db.migrations.recorder import MigrationRecorder

    MigrationRecorder.Migration.objects.filter(app="incidents", name__startswith="0001").delete()
    gone = servers.free_port()
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://user:secret@127.0.0.1:{gone}/0",
        }
    }
    settings.CELERY_BROKER_URL = f"redis://user:secret@127.0.0.1:{gone}/1"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ok": False,
        "reasons": ["migrations_missing", "cache_unreachable", "broker_unreachable"],
    }


def test_a_database_that_is_away_is_named_by_all_and_stops_none(client, django_db_blocker):
    url = f"postgres://ushiro:secret@127.0.0.1:{servers.free_port()}/ushiro"
    client.cookies["ushiro_sid"] = "somebody"
    with django_db_blocker.unblock(), servers.work_on(url):
        begun = time.monotonic()
        assert client.get("/healthz").json() == {"ok": True}
        assert client.get("/readyz").json() == {"ok": False, "reasons": ["database_unreachable"]}
        assert client.get("/enginez").json() == {"ok": False, "reasons": ["engine_stands_still"]}
    assert time.monotonic() - begun < 6


def test_a_flood_of_questions_costs_the_servers_nothing(client, db, settings, django_assert_num_queries, monkeypatch):
    assert client.get("/readyz").status_code == 200
    settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{servers.free_port()}/1"
    with django_assert_num_queries(0):
        assert client.get("/readyz").status_code == 200
    monkeypatch.setattr(health, "AGAIN_AFTER", 0)
    assert client.get("/readyz").status_code == 503


def test_a_server_that_hangs_holds_one_question_and_no_more(client, db, monkeypatch):
    monkeypatch.setattr(health, "_last", {"readyz": (-100.0, ["broker_unreachable"])})
    with health._locks["readyz"]:  # somebody asks just now, and the broker hangs
        begun = time.monotonic()
        assert client.get("/readyz").json()["reasons"] == ["broker_unreachable"]
        assert time.monotonic() - begun < 1
    assert client.get("/readyz").status_code == 200


def test_the_engine_that_stands_still_is_told_to_a_watchman(client, clock, organisation, monkeypatch):
    for name in engine.ESSENTIAL:
        EngineMarkFactory(name=name)
    monkeypatch.setattr(health, "AGAIN_AFTER", 0)
    assert client.get("/enginez").status_code == 200
    clock.forward(hours=2, minutes=1)
    answer = client.get("/enginez")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["engine_stands_still"])


@pytest.mark.parametrize("path", ["/readyz", "/enginez", "/metrics"])
def test_each_answer_is_given_again_for_a_moment(client, db, settings, monkeypatch, path):
    settings.METRICS_TOKEN = TOKEN
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with CaptureQueriesContext(connection) as first:
        assert client.get(path, headers=headers).status_code == 200
    assert len(first) > 0
    with CaptureQueriesContext(connection) as again:
        answers = {client.get(path, headers=headers).content for _ in range(20)}
    assert (len(again), len(answers)) == (0, 1)
    monkeypatch.setattr(health, "AGAIN_AFTER", 0)
    with CaptureQueriesContext(connection) as anew:
        client.get(path, headers=headers)
    assert len(anew) > 0


def test_the_figures_that_are_kept_are_for_the_bearer_alone_as_well(client, db, settings):
    settings.METRICS_TOKEN = TOKEN
    assert scrape(client).status_code == 200
    assert scrape(client, "x").status_code == 401
    settings.METRICS_TOKEN = ""
    assert scrape(client).status_code == 404


def test_many_who_ask_first_at_once_are_answered_by_one_question(monkeypatch):
    asked, start = [], threading.Barrier(8)

    def ask():
        asked.append(1)
        time.sleep(0.1)
        return "found"

    def one(answers):
        start.wait()
        answers.append(health._again("x", ask))

    answers: list[str] = []
    threads = [threading.Thread(target=one, args=(answers,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (answers, len(asked)) == (["found"] * 8, 1)


# Figures ---------------------------------------------------------------------------------------

LINE = re.compile(
    r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)"
    r"(?:\{(?P<labels>(?:[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\n]|\\[\\\"n])*\",?)*)\})?"
    r" (?P<value>[0-9.eE+-]+|NaN|[+-]Inf)"
)


def parsed(text: str) -> dict[tuple[str, str], float]:
    """The samples of a text in format 0.0.4; fails on what a scraper would refuse."""
    assert text.endswith("\n") and "\r" not in text
    found, kinds, helped = {}, {}, set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            helped.add(line.split(" ", 3)[2])
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds
            kinds[name] = kind
        else:
            parts = LINE.fullmatch(line)
            assert parts, line
            assert parts["name"] in kinds and parts["name"] in helped
            key = (parts["name"], parts["labels"] or "")
            assert key not in found
            found[key] = float(parts["value"])
    assert set(kinds.values()) == {"gauge"}
    return found


def scrape(client: Client, token: str = TOKEN):
    return client.get("/metrics", headers={"Authorization": f"Bearer {token}"})


def test_without_a_token_there_are_no_figures(client, db, settings):
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics").status_code == 404
    assert scrape(client, "").status_code == 404


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer x", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer 鍵"]
)
def test_figures_are_for_the_bearer_alone(client, db, settings, header, django_assert_num_queries):
    settings.METRICS_TOKEN = TOKEN
    headers = {} if header is None else {"Authorization": header}
    with django_assert_num_queries(0):
        answer = client.get("/metrics", headers=headers)
    assert (answer.status_code, answer.content, answer.headers["WWW-Authenticate"]) == (401, b"", "Bearer")


def test_signed_in_is_no_bearer(client_of, admin, settings):
    settings.METRICS_TOKEN = TOKEN
    assert client_of(admin).get("/metrics").status_code == 401


def test_figures_tell_what_there_is(client, clock, organisation, settings):
    settings.METRICS_TOKEN = TOKEN
    EngineMarkFactory(name="letter.sweep", at=clock.now)
    EngineMarkFactory(name="bell", at=clock.now)
    EngineMark.objects.create(name="reminder.digest", failed_at=clock.now, error="KeyError")
    LetterFactory(state=LetterState.SENT, sent_at=clock.now)
    LetterFactory(state=LetterState.FAILED)
    clock.forward(minutes=2)
    LetterFactory(next_try_at=clock.now)
    clock.forward(seconds=90)
    answer = scrape(client)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = parsed(answer.content.decode())
    at = (clock.now.timestamp()) - 210
    assert found[("ushiro_engine_stands_still", "")] == 0
    assert found[("ushiro_ring_done_timestamp_seconds", 'ring="letter.sweep"')] == at
    assert found[("ushiro_ring_failed_timestamp_seconds", 'ring="reminder.digest"')] == at
    assert ("ushiro_ring_done_timestamp_seconds", 'ring="reminder.digest"') not in found
    assert found[("ushiro_beat_rang_timestamp_seconds", "")] == at
    assert found[("ushiro_queue_oldest_due_seconds", 'queue="letters"')] == 90
    assert found[("ushiro_queue_due", 'queue="letters"')] == 1
    assert found[("ushiro_letters_taken", 'hours="1"')] == 1
    assert found[("ushiro_letters_given_up", 'hours="24"')] == 1
    assert found[("ushiro_letters_failed", "")] == 1
    assert found[("ushiro_letter_taken_timestamp_seconds", "")] == at
    assert found[("ushiro_mail_configured", "")] == 1


def test_an_empty_installation_has_figures(client, db, settings):
    settings.METRICS_TOKEN = TOKEN
    found = parsed(scrape(client).content.decode())
    assert found[("ushiro_queue_oldest_due_seconds", 'queue="mornings"')] == 0
    assert not any("timestamp" in name for name, _labels in found)


def test_figures_name_nobody(client, story, settings):
    settings.METRICS_TOKEN = TOKEN
    OrganisationFactory(name="社外秘商事")
    LetterFactory(state=LetterState.FAILED, error="550 <bob@example.jp> unknown", recipient=story.bob)
    text = scrape(client).content.decode()
    assert "@" not in text and text.isascii()
