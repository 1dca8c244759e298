"""What `make up` does with Django before the web server starts: tables, static files, first content.

A process of its own, so that the supervisor stays small and has no database connection, and so that a
fault here ends with a log file and one sentence. Its last line of output is one JSON object.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys


def main(arguments: list[str]) -> int:
    """Migrate, collect static files, and fill an empty database (sample team, or a set-up link)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ushiro.settings")
    os.environ["DATABASE_STATEMENT_TIMEOUT"] = "0"  # a migration takes the time that it takes
    import django
    from django.core.management import call_command, get_commands
    from django.db import DatabaseError

    django.setup()
    from django.conf import settings
    from django.contrib.auth import get_user_model

    answer: dict[str, object] = {"sign_ins": [], "setup_url": ""}
    if "--tables-are-ready" not in arguments:
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except DatabaseError as error:
            first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
            sentence = f"The database cannot be used ({first_line}); check DATABASE_URL or put back a backup."
            sys.stderr.write(f"Ushiro does not start: {sentence}\n")
            return 1
    if "--static-is-ready" not in arguments:
        call_command("collectstatic", interactive=False, verbosity=0)

    if not get_user_model().objects.exists():
        if "--no-sample" not in arguments and "seed_sample" in get_commands():
            call_command("seed_sample", verbosity=0)
            if importlib.util.find_spec("incidents.sample"):
                answer["sign_ins"] = [list(row) for row in importlib.import_module("incidents.sample").SIGN_INS]
        elif importlib.util.find_spec("incidents.domain.setup"):
            answer["setup_url"] = str(
                importlib.import_module("incidents.domain.setup").begin(site_url=settings.SITE_URL)
            )
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
