"""What machines ask: does the process live, can it serve, does the engine run, how far is it. No session, no secret."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare

from incidents.gateways import probe
from incidents.queries import engine
from incidents.queries.engine import Health
from incidents.tasks.signs import rings
from tools.plain.promtext import CONTENT_TYPE, Gauge, Sample, render

AGAIN_AFTER = 2.0  # seconds for which an answer is given again: whoever asks in a hurry costs the servers nothing
_lock = Lock()
_locks: defaultdict[str, Lock] = defaultdict(Lock)
_last: dict[str, tuple[float, Any]] = {}


def _again[Found](name: str, ask: Callable[[], Found]) -> Found:
    """What was found a moment ago, else what is found now. name: of the question.

    One asks at a time, and nobody else waits for it but whoever has no answer yet: a server that hangs must not take all
    threads of the web server with it.
    """
    with _lock:
        lock = _locks[name]
    known = _last.get(name)
    if (known is None or time.monotonic() - known[0] >= AGAIN_AFTER) and lock.acquire(blocking=known is None):
        try:
            # Whoever has waited for the first answer finds it here.
            if known is not None or name not in _last:
                _last[name] = (time.monotonic(), ask())
        finally:
            lock.release()
    return _last[name][1]


def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives and answers. Asks nobody."""
    return JsonResponse({"ok": True})


def readyz(request: HttpRequest) -> HttpResponse:
    """It can serve: database, tables, cache and broker answer within a short time; otherwise 503 and why."""
    return _answer(_again("readyz", _not_ready))


def _not_ready() -> list[str]:
    found = [probe.database() or probe.migrations(), probe.cache(), probe.broker()]
    return [reason for reason in found if reason]


def enginez(request: HttpRequest) -> HttpResponse:
    """For a watchman: 200 while the database answers and the engine runs, 503 otherwise."""
    return _answer([] if _again("enginez", engine.lives) else ["engine_stands_still"])


def _answer(reasons: list[str]) -> HttpResponse:
    if reasons:
        return JsonResponse({"ok": False, "reasons": reasons}, status=503)
    return JsonResponse({"ok": True})


def metrics(request: HttpRequest) -> HttpResponse:
    """Figures of the engine for Prometheus. Not there at all without METRICS_TOKEN; then for its bearer alone."""
    if not settings.METRICS_TOKEN:
        raise Http404
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    text = _again("metrics", lambda: render(gauges(engine.health(rings()))))
    return HttpResponse(text, content_type=CONTENT_TYPE)


def gauges(found: Health) -> list[Gauge]:
    """The figures, each with its unit in its name; a moment that never was has no sample."""
    ran = [("ring", ring.name, ring.ran_at) for ring in found.rings]
    failed = [("ring", ring.name, ring.failed_at) for ring in found.rings]
    beat = found.heartbeat
    return [
        _gauge("ushiro_engine_stands_still", "1 when the engine has stood still for two hours.", found.stands_still),
        _moments("ushiro_ring_done_timestamp_seconds", "When a worker last did what beat rings for.", ran),
        _moments("ushiro_ring_failed_timestamp_seconds", "When it last failed.", failed),
        _moment("ushiro_beat_rang_timestamp_seconds", "When beat last handed a ring to the broker.", found.bell),
        Gauge(
            "ushiro_queue_oldest_due_seconds",
            "How long the oldest row that is due has waited; 0 when nothing is due.",
            tuple(Sample(queue.age.total_seconds(), {"queue": queue.name}) for queue in found.queues),
        ),
        Gauge(
            "ushiro_queue_due",
            f"Rows that are due, counted up to {engine.MOST}.",
            tuple(Sample(queue.due, {"queue": queue.name}) for queue in found.queues),
        ),
        Gauge(
            "ushiro_letters_taken",
            f"Letters that the mail server took within so many hours, counted up to {engine.MOST}.",
            tuple(Sample(flow.taken, {"hours": str(flow.hours)}) for flow in found.flows),
        ),
        Gauge(
            "ushiro_letters_given_up",
            f"Letters that were given up within so many hours, counted up to {engine.MOST}.",
            tuple(Sample(flow.failed, {"hours": str(flow.hours)}) for flow in found.flows),
        ),
        _gauge("ushiro_letters_trying_again", "Letters that wait for their next try.", found.trying_again),
        _gauge("ushiro_letters_failed", "Letters that were given up and stand there still.", found.failed),
        _gauge("ushiro_letters_unconfirmed", "Letters of which nobody knows whether they went out.", found.unconfirmed),
        Gauge(
            "ushiro_letter_taken_timestamp_seconds",
            "When the mail server last took a letter.",
            tuple(Sample(at.timestamp()) for at in [found.last_taken_at] if at),
        ),
        _moment("ushiro_heartbeat_timestamp_seconds", "When the heartbeat last went out.", beat),
        _gauge(
            "ushiro_mail_away",
            "1 while a letter is due and the mail server could not be had the last time.",
            found.mail_is_away,
        ),
        _gauge("ushiro_mail_refuses_all", "1 while letters are refused for good and none is taken.", found.refuses_all),
        _gauge("ushiro_mail_configured", "1 when a mail server is set.", settings.MAIL_CONFIGURED),
    ]


def _gauge(name: str, told: str, value: float) -> Gauge:
    return Gauge(name, told, (Sample(value),))


def _moments(name, told, rows) -> Gauge:
    return Gauge(name, told, tuple(Sample(at.timestamp(), {label: value}) for label, value, at in rows if at))


def _moment(name, told, mark) -> Gauge:
    return Gauge(name, told, (Sample(mark.at.timestamp()),) if mark and mark.at else ())
