#!/usr/bin/env python
"""Every command of Ushiro starts here."""

import os
import sys


def main() -> None:
    # An older interpreter must still be able to read this file, to say what is wrong.
    if sys.version_info < (3, 12):  # noqa: UP036
        sys.exit(
            f"Ushiro needs Python 3.12 or newer, and this is {sys.version.split()[0]}: run `make install`, which looks for one."
        )
    try:
        import django  # noqa: F401

        from ushiro.env import Misconfigured, as_finding, load_embedded
    except ImportError as error:
        sys.exit(
            f"Ushiro's packages are not installed here ({error}): run `make install` first, then use .venv/bin/python."
        )
    if sys.argv[1:2] == ["up"]:
        # Before any Django set-up: `up` is what makes the settings that Django needs.
        from ushiro.up import main as up

        sys.exit(up(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ushiro.settings")
    if sys.argv[1:2] in (["migrate"], ["import_incidents"], ["seed_sample"], ["bench_seed"]):
        os.environ["DATABASE_STATEMENT_TIMEOUT"] = "0"  # they take the time that they take, and nobody waits for a page
    # An operator who types `manage.py ...` beside a running `make up` means that installation:
    # the file `make up` wrote names its data folder, key and broker. Web servers and workers never
    # read it; they take the environment alone.
    load_embedded(os.environ)
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except SystemExit as end:
        if sys.argv[1:2] == ["doctor"] and isinstance(end, Misconfigured):
            sys.stdout.write(as_finding(end.sentence, as_json="--json" in sys.argv))
        raise


if __name__ == "__main__":
    main()
