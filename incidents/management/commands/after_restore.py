from __future__ import annotations

import json
from dataclasses import asdict
from itertools import batched
from typing import Any

from django.core.management.base import BaseCommand

from incidents.domain import auditor, replan, restored

CHUNK = 200


class Command(BaseCommand):
    help = "After a backup was put back, before worker and beat start: empty the outbox and mend the ledger."

    def handle(self, **options: Any) -> None:
        settled = restored.settle()
        faults = [fault.follow_up for fault in auditor.audit() if fault.code in replan.MENDABLE]
        mended = sum(len(replan.mend(list(some))) for some in batched(dict.fromkeys(faults), CHUNK))
        self.stdout.write(json.dumps(asdict(settled) | {"mended": mended}))
