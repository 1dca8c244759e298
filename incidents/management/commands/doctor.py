from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from incidents.management import findings
from incidents.management.finding import FAULT, WARNING, Finding
from incidents.tasks.signs import rings


class Command(BaseCommand):
    """Settings that refuse to load are told by manage.py itself, because nothing of Django runs then."""

    help = "Look at everything Ushiro leans on and name what is wrong, in plain words and with what to do."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
        parser.add_argument("--wait", type=float, default=15, metavar="SECONDS", help="for a worker's answer (15)")

    def handle(self, *args: Any, json: bool, wait: float, **options: Any) -> None:
        found = list(findings.examine(rings(), wait=wait))
        faults = sum(one.level == FAULT for one in found)
        if json:
            self._print_json(found, faults)
        else:
            self._print(found, faults)
        if faults:
            sys.exit(1)

    def _print_json(self, found: list[Finding], faults: int) -> None:
        told = {"ok": not faults, "faults": faults, "warnings": _warnings(found)}
        self.stdout.write(json.dumps({**told, "findings": [asdict(one) for one in found]}, ensure_ascii=False))

    def _print(self, found: list[Finding], faults: int) -> None:
        for one in found:
            self.stdout.write(f"{one.level.upper():8}{one.code}: {one.what}\n        {one.do}")
        self.stdout.write(
            f"Faults: {faults}. Warnings: {_warnings(found)}."
            if faults or _warnings(found)
            else "Nothing wrong was found."
        )


def _warnings(found: list[Finding]) -> int:
    return sum(one.level == WARNING for one in found)
