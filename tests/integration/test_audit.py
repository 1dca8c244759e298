"""Many writers at once on both databases: no gap in a chain, no fork, no writer that waits for ever."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT, Databases, base_environ

pytestmark = pytest.mark.integration

# Each writer changes two records of two teams and the organisation in one transaction, in an order of its own: with heads
# locked where the trace is written, they would wait for each other in a ring.
WRITERS = r"""
import json, random, sys, threading, time
import django
django.setup()
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from incidents.domain import audit
from incidents.models import AuditEntry, Incident, Organisation, Person, Team
from incidents.queries.verify import Tally, verify

call_command("migrate", verbosity=0)
writers, turns, crossing = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "crossing"
house = Organisation.objects.create(id=1, name="x")
by = Person.objects.create(name="x", email="x@example.test")
teams = [Team.objects.create(name=n, slug=n) for n in "ab"]
records = [Incident.objects.create(number=n, team=team, title="x", noticed_at=timezone.now(), recorded_by=by, owner=by)
           for n, team in enumerate(teams, 1)]
failed = []

def write(number):
    order = random.Random(number)
    try:
        for _ in range(turns):
            targets = [*records, house] if crossing else [records[0]]
            order.shuffle(targets)
            with transaction.atomic():
                for target in targets:
                    audit.keep([audit.entry(by, "incident.edited", target, reason=str(number))])
    except Exception as trouble:
        failed.append(repr(trouble))
    finally:
        connection.close()

threads = [threading.Thread(target=write, args=[n]) for n in range(writers)]
began = time.monotonic()
[one.start() for one in threads]
[one.join() for one in threads]
took = time.monotonic() - began
tally = Tally()
wrong = [(one.kind, one.chain, one.seq) for one in verify(tally=tally)]
print(json.dumps({"failed": failed, "wrong": wrong, "entries": tally.entries, "written": AuditEntry.objects.count(),
                  "heads": sorted(seq for seq, _hash in tally.heads.values()), "rate": tally.entries / took}))
"""


def written(url: str, folder: Path, *how: object) -> dict:
    environ = base_environ(
        folder, DATABASE_URL=url, DATABASE_POOL_MAX="20", USHIRO_SECRET_KEY="audit-" + "0123456789" * 6
    )
    done = subprocess.run(
        [sys.executable, "-c", WRITERS, *map(str, how)],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_fifty_writers_of_one_team_leave_no_gap(kind, tmp_path, databases: Databases, record_property):
    found = written(databases.make(kind), tmp_path, 50, 20, "one")
    record_property("events_a_second", found["rate"])
    print(f"{kind}: {found['rate']:.0f} events a second")
    assert (found["failed"], found["wrong"], found["entries"], found["heads"]) == ([], [], 1000, [1000])


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_writers_of_several_teams_do_not_lock_each_other_out(kind, tmp_path, databases: Databases):
    found = written(databases.make(kind), tmp_path, 20, 10, "crossing")
    assert (found["failed"], found["wrong"], found["entries"], found["heads"]) == ([], [], 600, [200, 200, 200])
