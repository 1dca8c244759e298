"""The rounds through the mailbox: fetch, take over, move; each mail for itself (habit 7)."""

from __future__ import annotations

import logging
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from incidents.gateways import imap, scan
from incidents.tasks import arrivals

log = logging.getLogger(__name__)

SECONDS = 50.0  # of one round; what is left waits for the next
MOST = 500
# After so many rounds of one process, or when it has lain for so long, a mail that cannot be scanned is put aside.
TRIES, PATIENCE = 5, timedelta(hours=1)
_tries: Counter[tuple[str, str]] = Counter()


@dataclass
class Done:
    taken: int = 0
    left: int = 0
    scanner_answers: bool | None = None  # asked once in a round, and only where one mail has found no answer


def poll(*, seconds: float = SECONDS) -> Done:
    """Take over what waits in the mailbox. A mail leaves the inbox when its row is committed, and not before.

    One that makes us stumble goes to the folder of those kept for a person, so that it does not stop the others for
    ever. One that the scanner has no answer for waits for the others, and goes there later, its words to a lead; while
    the scanner answers nothing at all, everything waits. Raises imap.Trouble, and what a database raises that is away;
    then what was not moved is still there.
    """
    done, until = Done(), time.monotonic() + seconds
    with imap.Mailbox() as box:
        waiting = sorted(box.waiting(), key=lambda one: _tries[_mark(one)])  # what failed before comes last
        for gone in set(_tries) - set(map(_mark, waiting)):
            del _tries[gone]
        for number, one in enumerate(waiting):
            if number >= MOST or time.monotonic() > until:
                done.left += 1
                continue
            _one(box, one, done)
    return done


def _mark(one: imap.Waiting) -> tuple[str, str]:
    return one.uid, f"{one.size} {one.arrived}"


def _not_scanned(box: imap.Mailbox, one: imap.Waiting, raw: bytes, done: Done) -> None:
    if done.scanner_answers is None:
        done.scanner_answers = scan.answers()
    if not done.scanner_answers:
        raise arrivals.NotNow("scan_failed")
    _tries[_mark(one)] += 1
    lay = timezone.now() - one.arrived if one.arrived else timedelta(0)
    if _tries[_mark(one)] < TRIES and lay < PATIENCE:
        done.left += 1
        return
    arrivals.put_aside(raw)
    box.move(one.uid, imap.KEPT)
    done.taken += 1


def _one(box: imap.Mailbox, one: imap.Waiting, done: Done) -> None:
    if one.size > imap.LARGEST:
        box.move(one.uid, imap.KEPT)
        log.warning("a mail of %s bytes was put aside", one.size)
        done.taken += 1
        return
    raw = box.fetch(one.uid)
    if not raw:
        return  # somebody else has it
    try:
        arrivals.take(raw)
    except arrivals.NotScanned:
        try:
            _not_scanned(box, one, raw, done)
        except (OperationalError, InterfaceError, arrivals.NotNow):
            raise
        except Exception:
            log.exception("mail %s could not be put aside with a row", one.uid)
            box.move(one.uid, imap.KEPT)
        return
    except (OperationalError, InterfaceError, arrivals.NotNow):
        raise  # it passes, and meanwhile the others would fare no better
    except Exception:
        log.exception("mail %s could not be taken over and was put aside", one.uid)
        box.move(one.uid, imap.KEPT)
        return
    box.move(one.uid, imap.DONE)
    done.taken += 1
