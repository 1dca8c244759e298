"""A mail on its way in: looked at, its bytes kept, taken over. Pipe and mailbox come by here; nothing of it needs a broker.

It is taken over when `take` returns, and not before: whoever holds the mail keeps it until then. A second time it
is known and changes nothing, so a process may die at any point and the mail is simply handed in again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.core.files.base import ContentFile
from django.utils.translation import override

from incidents.domain import inbound
from incidents.enums import MailState, MailWhy
from incidents.errors import Refused
from incidents.gateways import filestore, intake, scan
from incidents.letters import secrets
from incidents.models import Person, ReceivedMail
from incidents.queries import inbound as mails
from tools.plain.mailparse import LARGEST, Mail

log = logging.getLogger(__name__)


class NotNow(Exception):
    """The mail could not be taken over for a reason that passes: disk, scanner. It has to be handed in again."""


class NotScanned(NotNow):
    """The scanner had no answer; it may be the mail's fault, so that others fare better (`put_aside`)."""


def take(raw: bytes, *, to: Sequence[str] = ()) -> ReceivedMail:
    """Take one mail over, whatever it is. to: whom the mail server says it is for, beside what the headers say.

    Raises NotNow, and what a database raises that is away; then nothing has happened.
    """
    arrival = inbound.read(raw, to=to)
    if (there := inbound.known(arrival)) is not None:
        return there
    outcome = inbound.judge(arrival)
    if outcome.is_strangers and (len(raw) > mails.STRANGERS_BYTES or mails.strangers_kept() >= mails.STRANGERS_A_DAY):
        return _row_alone(arrival, replace(outcome, why=MailWhy.NOT_KEPT))
    why = MailWhy.TOO_LARGE if len(raw) > LARGEST else _keep(raw)
    if why:
        return _row_alone(arrival, inbound.Outcome(outcome.kind, MailState.REFUSED, why, outcome.person))
    files, left_out = _files(arrival.mail, outcome.person) if outcome.takes_files else ([], [])
    row, is_new = inbound.receive(arrival, files=files, left_out=left_out)
    if is_new:
        log.info("mail %s: %s, %s %s", row.pk, row.kind, row.state, row.why)
    return row


def put_aside(raw: bytes, *, to: Sequence[str] = ()) -> ReceivedMail:
    """Take over what can be taken of a mail that was never scanned: its words. Whoever holds it keeps it for a person."""
    arrival = inbound.read(raw, to=to)
    if (there := inbound.known(arrival)) is not None:
        return there
    left_out = [one.name for one in arrival.mail.files if not one.is_decoration]
    row, _new = inbound.receive(
        arrival, outcome=inbound.judge(arrival).put_aside(), keeps_original=False, left_out=left_out
    )
    log.error("mail %s could not be scanned and was put aside: %s", row.pk, row.state)
    return row


def _row_alone(arrival: inbound.Arrival, outcome: inbound.Outcome) -> ReceivedMail:
    """The row that a mail came, with nothing of what it holds."""
    bare = replace(outcome, text="", quoted="")
    row, _new = inbound.receive(arrival, outcome=bare, keeps_original=False)
    log.info("mail %s of %s bytes was not kept: %s", row.pk, arrival.size, row.why)
    return row


def _keep(raw: bytes) -> str:
    """Put the original where attachments lie. Returns why it was not kept: INFECTED, or "" when it was."""
    try:
        filestore.store([raw], look=scan.refuse_infected)
    except filestore.NotStored as fault:
        raise NotNow(f"the file store is {fault}") from fault
    except Refused as refusal:
        if refusal.code == "file_infected":
            return MailWhy.INFECTED
        raise NotScanned(refusal.code) from refusal
    return ""


def _files(mail: Mail, person: Person | None) -> tuple[list[intake.Received], list[str]]:
    """The files that somebody sent along, looked at and stored; and of those that are not taken, which and why."""
    kept, left_out = [], []
    with override(person.language if person else None):
        for upload in uploads(mail):
            try:
                kept.append(intake.receive(upload))
            except Refused as refusal:
                if refusal.code == "scan_failed":
                    raise NotScanned(refusal.code) from refusal
                if refusal.code in {"storage_full", "storage_unwritable"}:
                    raise NotNow(refusal.code) from refusal
                left_out.append(intake.named(upload, refusal))
    return kept, left_out


def uploads(mail: Mail) -> Iterator[ContentFile]:
    """The files of a mail as an upload comes, without pictures that belong to the text, and without our secrets."""
    wanted = [one for one in mail.files if not one.is_decoration]
    for one in wanted[: inbound.MOST_FILES]:
        yield ContentFile(secrets.file(one), name=one.name)
