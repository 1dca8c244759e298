from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings

from incidents.domain import engine, heads
from incidents.domain import retention as terms
from incidents.gateways import filestore, headfile
from incidents.gateways import heartbeat as outside
from incidents.queries import attachment
from incidents.queries import engine as signs

log = logging.getLogger(__name__)


@shared_task(name="housekeeping.beat_mark")
def beat_mark() -> None:
    """Beat rang and a worker answered: the engine lives."""
    engine.mark("beat")


@shared_task(name="housekeeping.answer")
def answer() -> None:
    """Somebody rang to hear whether a worker is there (`manage.py doctor`)."""
    engine.mark("answer")


@shared_task(name="housekeeping.heartbeat")
def heartbeat() -> None:
    """Tell the watching service outside that the engine works; silence is what raises its alarm."""
    if not settings.HEARTBEAT_URL:
        return
    error = signs.why_not_working() or outside.ping(settings.HEARTBEAT_URL)
    if error:
        log.warning("the heartbeat did not go out: %s", error)
        engine.mark_failed("heartbeat", error)
    else:
        engine.mark("heartbeat")


@shared_task(name="housekeeping.audit_heads")
def audit_heads() -> None:
    """Once a day the heads of the trace are kept outside the database."""
    if kept := heads.of_today():
        headfile.write(*kept)
        heads.send(*kept)


@shared_task(name="housekeeping.sweep_files")
def sweep_files() -> None:
    """What no row tells of goes an hour later: of an upload that came to nothing, of a mail whose term is over."""
    filestore.sweep(attachment.is_known, older_than=filestore.ORPHAN_AFTER)


@shared_task(name="housekeeping.retention")
def retention() -> None:
    """What is past its term goes, once a day."""
    terms.run_if_due()
