from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from incidents.queries import privacy


class Command(BaseCommand):
    """After a model has changed: which lines the inventory of what is kept of people lacks, and its page."""

    help = "Name what the privacy inventory lacks; --write writes docs/privacy.md from it."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--write", action="store_true")

    def handle(self, *args: Any, write: bool, **options: Any) -> None:
        missing, gone = privacy.missing(), privacy.too_many()
        for line in missing:
            self.stdout.write(line)
        for line in gone:
            self.stdout.write(f"take out: {line}")
        if missing or gone:
            raise CommandError("Put these lines into incidents/rules/privacy.toml.")
        if write:
            (Path(settings.BASE_DIR) / "docs" / "privacy.md").write_text(privacy.page(), encoding="utf-8")
        self.stdout.write("Every field has its line.")
