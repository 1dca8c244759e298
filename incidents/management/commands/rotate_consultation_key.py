from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidents.domain import sealing


class Command(BaseCommand):
    help = (
        "Seal anew, with the key of now, what older keys have sealed in consultations. Safe beside running processes "
        "and to break off: a second call goes on."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done, unread = 0, 0
        for so_far in sealing.rotate():
            done, unread = so_far
            self.stdout.write(f"{done} rows")
        self.stdout.write(f"Done: {done} rows were sealed anew.")
        if unread:
            raise CommandError(
                f"{unread} rows do not open with the keys that are set; they were left as they are. "
                "Keep the older keys, and put a missing one into USHIRO_CONSULT_KEY_FALLBACKS."
            )
