from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from incidents.sample import bench


class Command(BaseCommand):
    help = "Say how many letters are open, sent, dead and held."

    def handle(self, **options: Any) -> None:
        self.stdout.write(json.dumps(bench.left()))
