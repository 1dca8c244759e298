from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidents.domain import auditor, replan

CHUNK = 200


class Command(BaseCommand):
    """Has every open promise its next step planned, and has nothing fallen silent? The same look as each hour."""

    help = "Compare the ledger of reminders with the open promises; --mend plans anew where there is a gap."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object a line, the summary last")
        parser.add_argument("--mend", action="store_true", help="plan anew what a plan can mend, each with its trace")

    def handle(self, *args: Any, json: bool, mend: bool, **options: Any) -> None:
        tally = auditor.Tally()
        mended, chunk = 0, {}
        for fault in auditor.audit(tally=tally):
            self._say(fault, json)
            if mend and fault.code in replan.MENDABLE:
                chunk[fault.follow_up] = None
                if len(chunk) >= CHUNK:
                    mended += self._mend(chunk)
        mended += self._mend(chunk)
        left = tally.faults
        if mended:
            self._write(json, {"mended": mended}, f"{mended} faults were mended. Looking again.")
            tally = auditor.Tally()
            for fault in auditor.audit(tally=tally):
                self._say(fault, json)
            left = tally.faults
        summary = {"promises": tally.promises, "open": tally.open, "found": left}
        self._write(json, summary, f"{tally.open} open promises of {tally.promises}: {left} faults.")
        if left:
            raise CommandError("The ledger and the promises differ; see above.")

    def _mend(self, chunk: dict[int, None]) -> int:
        found = replan.mend(list(chunk)) if chunk else []
        chunk.clear()
        return len(found)

    def _say(self, fault: auditor.Fault, as_json: bool) -> None:
        self._write(as_json, fault.as_json(), fault.sentence())

    def _write(self, as_json: bool, facts: dict[str, Any], sentence: str) -> None:
        self.stdout.write(json.dumps(facts, ensure_ascii=False) if as_json else sentence)
