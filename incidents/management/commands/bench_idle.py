from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from incidents.sample import bench


class Command(BaseCommand):
    help = "Measure what the engine asks of the database when nothing is due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ticks", type=int)

    def handle(self, *, ticks: int, **options: Any) -> None:
        self.stdout.write(json.dumps(bench.idle(max(ticks, 1))))
