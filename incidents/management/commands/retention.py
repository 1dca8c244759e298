from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from incidents.domain import retention


class Command(BaseCommand):
    """What is past its term, class by class; the same round as beat rings for each day."""

    help = "Say what is past its term and what of it is held; --apply lets the rest go."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--apply", action="store_true", help="let it go; without it nothing changes but the report")

    def handle(self, *args: Any, apply: bool, **options: Any) -> None:
        made = retention.run(apply=apply)
        self.stdout.write(f"{'class':<12}{'past':>8}{'held':>8}{'gone':>8}")
        for name, one in made.counts.items():
            self.stdout.write(f"{name:<12}{one['past']:>8}{one['held']:>8}{one['gone']:>8}")
        if not apply:
            self.stdout.write("Dry run: nothing has gone. --apply lets it go.")
        elif retention.has_more(made):
            self.stdout.write("More is left: run it again, or let beat go on.")
