from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.models import Incident
from incidents.sample import load


class Command(BaseCommand):
    help = "Fill an installation with very many made-up records, to measure with. Four timeline lines an incident."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--incidents", type=int, default=100_000, metavar="N")
        parser.add_argument("--seed", type=int, default=1, metavar="N", help="another number makes other records")
        parser.add_argument("--among-real-records", action="store_true", help="also where there are records already")

    def handle(self, *args: Any, incidents: int, seed: int, among_real_records: bool, **options: Any) -> None:
        if incidents < 1:
            raise CommandError("--incidents must be 1 or more.")
        if Incident.objects.exists() and not among_real_records:
            raise CommandError(
                "There are records already, and made-up ones cannot be told from them later. "
                "Say --among-real-records if that is meant."
            )
        if settings.PRODUCTION and not among_real_records:
            raise CommandError("This is a production installation. Say --among-real-records if that is meant.")
        started = time.monotonic()

        def tell(done: int) -> None:
            if done % 10_000 == 0:
                self.stdout.write(f"{done} incidents, {time.monotonic() - started:.0f} s")

        load.load(incidents, seed=seed, progress=tell)
        self.stdout.write(f"{incidents} incidents are there, after {time.monotonic() - started:.0f} s.")
