"""Measures the sealed trace: what a note costs with and without its seal, and how long verify_audit reads for.

    .venv/bin/python deploy/bench_audit.py [--entries 1000000] [--teams 5] [--only sqlite|postgresql]

Each measurement is a process of its own on a database of its own, which is thrown away. PostgreSQL is started in a
temporary folder; without its programs that half is left out, and said so.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "deploy")]
GOAL = 60  # seconds for a million entries
NOTES = 1_000
BATCH = 5_000


def notes(records: list, by: object, *, sealed: bool) -> tuple[float, float]:
    """Milliseconds and processor milliseconds of one note in a transaction of its own."""
    from django.db import transaction

    from incidents.domain import audit, seal

    off = contextlib.nullcontext() if sealed else mock.patch.object(seal, "at_commit")
    with off:
        wall, work = time.perf_counter(), time.process_time()
        for n in range(NOTES):
            with transaction.atomic():
                audit.note(by, "incident.edited", records[n % len(records)], title=("前の題", "後の題"))
        return (time.perf_counter() - wall) * 1000 / NOTES, (time.process_time() - work) * 1000 / NOTES


def measure(entries: int, teams: int) -> dict[str, float]:
    """In a migrated database. Seconds, milliseconds, MB."""
    import django

    django.setup()
    from django.db import connection
    from django.utils import timezone

    from incidents.domain import audit, search
    from incidents.models import AuditEntry, Incident, Organisation, Person, Team
    from incidents.queries.verify import Tally, verify

    Organisation.objects.get_or_create(id=1, defaults={"name": "Bench"})
    by = Person.objects.create(name="計測 太郎", email="bench@example.test")
    found = [Team.objects.create(name=f"計測 {n}", slug=f"bench-{n}") for n in range(teams)]
    records = [
        Incident.objects.create(
            number=n, team=team, title="計測のための記録", noticed_at=timezone.now(), recorded_by=by, owner=by
        )
        for n, team in enumerate(found, 1)
    ]
    for record in records:
        search.refresh(record.pk)
    told: dict[str, float] = {}
    told["note_plain_ms"], told["note_plain_cpu_ms"] = notes(records, by, sealed=False)
    with connection.cursor() as cursor:  # what was written without a seal is no part of the trace
        if connection.vendor == "sqlite":
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'audit_entry_stays'")
            stays = cursor.fetchone()[0]
            cursor.execute("DROP TRIGGER audit_entry_stays")
            cursor.execute("DELETE FROM incidents_auditentry")
            cursor.execute(stays)
        else:
            cursor.execute("ALTER TABLE incidents_auditentry DISABLE TRIGGER USER")
            cursor.execute("DELETE FROM incidents_auditentry")
            cursor.execute("ALTER TABLE incidents_auditentry ENABLE TRIGGER USER")
    told["note_sealed_ms"], told["note_sealed_cpu_ms"] = notes(records, by, sealed=True)
    began = time.perf_counter()
    for first in range(NOTES, entries, BATCH):
        audit.keep(
            [
                audit.entry(
                    by, "incident.edited", records[n % teams], title=("前の題", f"後の題 {n}"), severity=("S3", "S2")
                )
                for n in range(first, min(first + BATCH, entries))
            ],
            batch_size=500,
        )
    told["written_a_second"] = (entries - NOTES) / (time.perf_counter() - began)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE incidents_auditentry, incidents_auditseal")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tally, began, work = Tally(), time.perf_counter(), time.process_time()
    wrong = len(list(verify(tally=tally)))
    told |= {
        "verify_s": time.perf_counter() - began,
        "verify_cpu_s": time.process_time() - work,
        "verify_more_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        "entries": tally.entries,
        "wrong": wrong,
    }
    assert AuditEntry.objects.count() == tally.entries
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--teams", type=int, default=5)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(measure(asked.entries, asked.teams)))
        return 0
    from bench_import import postgresql

    slow = False
    with tempfile.TemporaryDirectory(prefix="ushiro-bench-") as name:
        folder = Path(name)
        for kind in [asked.only] if asked.only else ["sqlite", "postgresql"]:
            here = (
                contextlib.nullcontext(f"sqlite:///{folder}/bench.sqlite3") if kind == "sqlite" else postgresql(folder)
            )
            with here as database:
                if not database:
                    print("postgresql: not on this machine, NOT measured")
                    continue
                environment = os.environ | {
                    "USHIRO_MODE": "test",
                    "DATABASE_URL": database,
                    "LOG_LEVEL": "ERROR",
                    "DJANGO_SETTINGS_MODULE": "ushiro.settings",
                }
                subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=environment, check=True, cwd=ROOT)
                command = [
                    sys.executable,
                    __file__,
                    "--measure",
                    f"--entries={asked.entries}",
                    f"--teams={asked.teams}",
                ]
                done = subprocess.run(command, env=environment, check=True, cwd=ROOT, stdout=subprocess.PIPE)
                told = json.loads(done.stdout)
                print(kind, ", ".join(f"{name} {value:,.2f}" for name, value in told.items()), flush=True)
                slow |= told["verify_s"] > GOAL * asked.entries / 1_000_000 or told["wrong"] > 0
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
