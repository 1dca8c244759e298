from __future__ import annotations

import logging
import sys
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from incidents.gateways import imap
from incidents.tasks import arrivals, mailbox
from tools.plain.mailparse import LARGEST

log = logging.getLogger(__name__)

# What a mail server understands (sysexits.h): try again later, never again, not set up.
EX_DATAERR, EX_UNAVAILABLE, EX_TEMPFAIL, EX_CONFIG = 65, 69, 75, 78


class Command(BaseCommand):
    help = "Take over one mail from standard input, or with --imap all that wait in the mailbox."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", action="append", default=[], metavar="ADDRESS", help="whom the envelope names")
        parser.add_argument("--imap", action="store_true", help="look into the mailbox of IMAP_HOST instead")

    def handle(self, *args: Any, to: list[str], **options: Any) -> None:
        if not settings.INBOUND_ADDRESS:
            self._end(EX_CONFIG, "INBOUND_ADDRESS is not set, so no mail is taken.")
        if options["imap"]:
            self._poll()
            return
        raw = sys.stdin.buffer.read(LARGEST + 1)
        if not raw.strip():
            self._end(EX_DATAERR, "there is no mail on standard input.")
        if len(raw) > LARGEST:
            self._end(EX_UNAVAILABLE, f"the mail has more than {LARGEST >> 20} MiB.")
        try:
            row = arrivals.take(raw, to=to)
        except (
            Exception
        ) as error:  # whatever it is: the mail server keeps the mail, and whoever sent it hears in the end
            log.exception("a mail could not be taken over")
            self._end(EX_TEMPFAIL, f"not now ({type(error).__name__}); hand it in again.")
        else:
            self.stdout.write(f"{row.kind} {row.state} {row.why}".rstrip())

    def _poll(self) -> None:
        if not settings.IMAP:
            self._end(EX_CONFIG, "IMAP_HOST is not set.")
        try:
            done = mailbox.poll()
        except imap.Trouble as trouble:
            self._end(EX_TEMPFAIL, f"the mailbox could not be read: {trouble}.")
        except (OperationalError, InterfaceError) as error:
            self._end(EX_TEMPFAIL, f"the database is away ({type(error).__name__}).")
        self.stdout.write(f"{done.taken} taken over, {done.left} left in the mailbox.")

    def _end(self, code: int, sentence: str) -> NoReturn:
        """Stop with a code that the mail server understands."""
        raise CommandError(f"receive_mail: {sentence}", returncode=code)
