from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from incidents.domain import search


class Command(BaseCommand):
    help = "Write the search index of every incident anew. Safe at any time, beside running processes."

    def handle(self, *args: Any, **options: Any) -> None:
        def tell(done: int) -> None:
            if done % 10_000 < search.BATCH:
                self.stdout.write(f"{done} incidents")

        self.stdout.write(f"The index holds {search.rebuild(tell)} incidents.")
