"""What `manage.py doctor` finds about the engine: whether it runs, what waits, what does not leave."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from incidents.enums import MirrorState
from incidents.later import later
from incidents.management.finding import FAULT, WARNING, Finding
from incidents.models import EngineMark
from incidents.queries import engine
from incidents.queries import mirror as mirrors
from incidents.queries.calendar import organisation

OVERDUE = timedelta(minutes=30)
BELL_SILENT = timedelta(minutes=3)
UNAUDITED = timedelta(hours=3)


def examine(rung: Mapping[str, float], *, wait: float, broker_is_there: bool) -> Iterator[Finding]:
    """Everything that is wrong with it. rung, wait: as `findings.examine` has them. Raises DatabaseError."""
    answered = broker_is_there and _worker_answers(wait)
    found = engine.health(rung)
    beat_rings = found.bell is not None and found.bell.at is not None and found.now - found.bell.at < BELL_SILENT
    if broker_is_there and not answered:
        yield Finding(
            "worker_silent",
            FAULT,
            f"No worker answered a ring within {wait:g} seconds.",
            "Start a worker, or look at its log. It has to be given the same CELERY_BROKER_URL and DATABASE_URL.",
        )
    if broker_is_there and not beat_rings:
        yield Finding(
            "beat_silent",
            FAULT,
            "Beat has not rung for three minutes.",
            "Start beat, or look at its log. Until then no reminder is written.",
        )
    if answered and beat_rings:
        yield from _rings(found)
    yield from _waiting(found)
    yield from _mail(found)
    yield from _audited(found)
    yield from _heartbeat(found)
    yield from _mirrors()


def _worker_answers(wait: float) -> bool:
    """Ring for a task that leaves a sign, and look whether the sign comes."""
    asked = timezone.now()
    later("housekeeping.answer")
    until = time.monotonic() + wait
    while True:
        if EngineMark.objects.filter(name="answer", at__gte=asked).exists():
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.1)


def _rings(found: engine.Health) -> Iterator[Finding]:
    for ring in found.rings:
        if ring.has_failed:
            yield Finding(
                "ring_failed",
                FAULT,
                f"{ring.name} failed the last time ({ring.error}).",
                "The worker's log tells more; it is tried again at the next ring.",
            )
        elif ring.ran_at is None and ring.name in engine.ESSENTIAL and found.stands_still:
            yield Finding(
                "ring_never",
                FAULT,
                f"{ring.name} has never been done.",
                "Does every worker run this version? Look at the worker's log.",
            )
        elif ring.is_late:
            yield Finding(
                "ring_late",
                FAULT,
                f"{ring.name} should be done every {ring.every:g} seconds, and was last done at {ring.ran_at:%Y-%m-%d %H:%M} UTC.",
                "Does every worker run this version? Are there enough of them? Look at the worker's log.",
            )


def _waiting(found: engine.Health) -> Iterator[Finding]:
    for queue in found.queues:
        if queue.age <= OVERDUE:
            continue
        minutes = int(queue.age.total_seconds() // 60)
        if queue.name != "letters":
            yield Finding(
                "reminders_overdue",
                FAULT,
                f"{queue.due} reminders are due ({queue.name}), the oldest for {minutes} minutes.",
                "Look at the other findings first; then at the worker's log.",
            )
        elif found.mail_is_away:
            error = found.mail.error if found.mail else ""
            yield Finding(
                "mail_away",
                FAULT,
                f"The mail server cannot be had ({error}); a letter has been tried for {minutes} minutes.",
                "530 and 535: user and password in SMTP_URL. A fault without a number: host, port, firewall, certificate.",
            )
        elif found.trying_again >= queue.due:
            yield Finding(
                "letters_put_off",
                WARNING,
                f"The mail server puts {queue.due} letters off, the oldest for {minutes} minutes.",
                "They are tried again by themselves. Greylisting or a full mailbox does this; the console shows what was said.",
            )
        else:
            yield Finding(
                "letters_overdue",
                FAULT,
                f"A letter that is due has waited for {minutes} minutes.",
                "Look at the other findings first; then at the worker's log.",
            )


def _mail(found: engine.Health) -> Iterator[Finding]:
    if found.refuses_all:
        yield Finding(
            "mail_refuses_all",
            FAULT,
            "The mail server has refused the last letters for good, and taken none since.",
            "/console/health/ shows what it said. Relaying denied: let this machine, or the user of SMTP_URL, send through it.",
        )
    if found.failed:
        yield Finding(
            "letters_failed",
            FAULT,
            f"{found.failed} letters were given up and stand there still.",
            "/console/health/: read why, then send them again or take them back.",
        )
    if found.unconfirmed:
        yield Finding(
            "letters_unconfirmed",
            FAULT,
            f"Of {found.unconfirmed} letters nobody knows whether the mail server took them.",
            "/console/health/: ask the recipient, or send them again.",
        )


def _audited(found: engine.Health) -> Iterator[Finding]:
    looked, clean = engine.audited()
    since = looked or organisation().created_at
    if since and found.now - since > UNAUDITED:
        yield Finding(
            "audit_silent",
            FAULT,
            "The hourly comparison of the ledger with the promises has not been made for three hours.",
            "Look at the worker's log for reminder.audit, or run `manage.py audit_reminders`.",
        )
    if looked and (clean is None or clean < looked):
        yield Finding(
            "audit_found",
            FAULT,
            "The hourly comparison found promises of which somebody is not told as they should be.",
            "Run `manage.py audit_reminders`: it names them, and with --mend it puts them right.",
        )


def _heartbeat(found: engine.Health) -> Iterator[Finding]:
    beat = found.heartbeat
    if settings.HEARTBEAT_URL and beat and beat.failed_at and (beat.at is None or beat.failed_at > beat.at):
        yield Finding(
            "heartbeat_failing",
            FAULT,
            f"The heartbeat to {urlsplit(settings.HEARTBEAT_URL).hostname} does not go out ({beat.error}).",
            "docs/features/health.md tells what the word means; mostly the address or the firewall is wrong.",
        )


def _mirrors() -> Iterator[Finding]:
    """Chat channels that take nothing. Mail goes out all the same, so it is a warning."""
    for one in mirrors.in_trouble():
        if one.state == MirrorState.BROKEN:
            yield Finding(
                "mirror_off",
                WARNING,
                f"The {one.kind} channel {one.name!r} of {one.team.slug} was stopped ({one.why}); its lead has a letter.",
                "docs/features/mirror.md tells what the word means; a lead of the team tries it again or puts it away.",
            )
        else:
            yield Finding(
                "mirror_failing",
                WARNING,
                f"The {one.kind} channel {one.name!r} of {one.team.slug} did not take the last {one.failures} messages.",
                "It is tried again by itself. Many of them at once: is the way out to the internet open for the worker?",
            )
