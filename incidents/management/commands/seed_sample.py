from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from incidents import sample
from incidents.models import Person


class Command(BaseCommand):
    help = "Fill an empty installation with a sample team (in Japanese). Does nothing when there are people already."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "The sample's passwords are public; it is not for production. Start with a set-up link instead."
            )
        if Person.objects.exists():
            self.stdout.write("There are people already; nothing was changed.")
            return
        sample.plant()
        for label, email, password in sample.SIGN_INS:
            self.stdout.write(f"{email}  {password}  {label}")
