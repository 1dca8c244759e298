from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from incidents.models import Incident
from incidents.sample import bench


class Command(BaseCommand):
    help = "Make TOTAL promises, the first DUE of them due now with their letters, to measure the engine with."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("total", type=int)
        parser.add_argument("due", type=int)

        parser.add_argument("--sent", type=int, default=0, help="so many were told before, with their letters")
        parser.add_argument("--mornings", type=int, default=0, help="so many people more, each with a promise of today")

    def handle(self, *, total: int, due: int, sent: int, mornings: int, **options: Any) -> None:
        if not 0 <= due <= total or total < 1:
            raise CommandError("TOTAL must be 1 or more, and DUE between 0 and TOTAL.")
        if not 0 <= sent <= total - due or mornings < 0:
            raise CommandError("At most one step of each promise that is not due can have been told before.")
        if Incident.objects.exists():
            raise CommandError("There are records already. Measure with a database of its own.")
        bench.seed(total, due, sent=sent, mornings=mornings)
        self.stdout.write(f"{total} promises, {due} of them due")
