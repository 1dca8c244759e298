from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidents.gateways import filestore
from incidents.queries import attachment


class Command(BaseCommand):
    """After a restore, or when a disk is suspected: is each file there, with the bytes that were once hashed?"""

    help = "Compare every attachment with its file; --sweep also removes files that no attachment tells of."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--sweep", action="store_true")

    def handle(self, *args: Any, sweep: bool, **options: Any) -> None:
        bad = good = 0
        for reference, name, sha256, size in attachment.all_files():
            found = filestore.opened(sha256, size)
            if found is None or filestore.hash_of(found) != sha256:
                self.stderr.write(f"{reference} {name}: missing or changed ({filestore.name_of(sha256)})")
                bad += 1
            else:
                good += 1
            if found is not None:
                found.close()
        self.stdout.write(f"{good} files are right, {bad} are not.")
        if sweep:
            gone = filestore.sweep(attachment.is_known, older_than=filestore.ORPHAN_AFTER)
            self.stdout.write(f"{gone} files without an attachment were removed.")
        if bad:
            raise CommandError("Put the missing files back from a backup of the folder media/.")
