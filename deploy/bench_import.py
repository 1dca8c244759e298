"""Measures the import: rows a second and peak memory at 1x and 10x of a log, on SQLite and on PostgreSQL.

    .venv/bin/python deploy/bench_import.py [FILE] [--times 1 10] [--only sqlite|postgresql]

FILE is a ServiceNow event log (default: ../shared/data/incidents/uci_servicenow_events.csv). The 10x file repeats it
with new numbers. Each measurement is a process of its own. PostgreSQL is started in a temporary folder and stopped
afterwards; without its programs that half is left out, and said so.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import getpass
import glob
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = Path(os.environ.get("USHIRO_SHARED") or ROOT.parent / "shared") / "data/incidents/uci_servicenow_events.csv"
GOAL = 1500


def repeated(file: Path, times: int, folder: Path) -> Path:
    """The file `times` over; from the second time on every incident has a new number."""
    made = folder / f"{times}x.csv"
    with made.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        for time_ in range(times):
            with file.open(encoding="utf-8", newline="") as source:
                reader = csv.reader(source)
                header = next(reader)
                if time_ == 0:
                    writer.writerow(header)
                for row in reader:
                    writer.writerow([f"R{time_}-{row[0]}" if time_ else row[0], *row[1:]])
    return made


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL of our own on a free port; yields its address. Empty when the programs are not installed."""
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [
        str(Path(p).parent) for p in [shutil.which("initdb")] if p
    ]
    if not programs:
        yield ""
        return
    tools, data = Path(programs[-1]), folder / "pg"
    data.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    as_user: list[str] = []
    if getpass.getuser() == "root":  # PostgreSQL refuses to run as root
        folder.chmod(0o755)
        shutil.chown(data, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    quiet = {"stdout": subprocess.DEVNULL, "check": True, "cwd": "/"}
    subprocess.run(
        [*as_user, tools / "initdb", "-D", data, "-U", "ushiro", "-A", "trust", "-E", "UTF8", "--no-sync"], **quiet
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {data}"
    control = [*as_user, tools / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-o", options, "-l", data / "log", "start"], **quiet)
    try:
        yield f"postgres://ushiro@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)


def measured(database: str, file: Path) -> dict[str, float]:
    """Import `file` into an empty database, then once more."""
    environment = os.environ | {
        "USHIRO_MODE": "test",
        "DATABASE_URL": database,
        "LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "ushiro.settings",
    }
    manage = [sys.executable, str(ROOT / "manage.py")]
    prepare = (
        "from incidents.models import Organisation, Team\n"
        "Organisation.objects.get_or_create(id=1, defaults={'name': 'Bench'})\n"
        "Team.objects.get_or_create(slug='bench', defaults={'name': 'Bench'})"
    )
    subprocess.run([*manage, "migrate", "-v0"], env=environment, check=True, cwd=ROOT)
    subprocess.run([*manage, "shell", "-v0", "-c", prepare], env=environment, check=True, cwd=ROOT)
    import_ = [sys.executable, __file__, "--measure", str(file)]
    first = json.loads(subprocess.run(import_, env=environment, check=True, cwd=ROOT, capture_output=True).stdout)
    again = json.loads(subprocess.run(import_, env=environment, check=True, cwd=ROOT, capture_output=True).stdout)
    assert not again["created"], again
    return first | {"again_seconds": again["seconds"]}


def measure(file: Path) -> None:
    """Inside the measured process: import and print what it took."""
    import io

    sys.path.insert(0, str(ROOT))
    import django
    from django.core.management import call_command

    django.setup()
    out, start = io.StringIO(), time.perf_counter()
    call_command("import_incidents", str(file), mapping="servicenow", team="bench", json=True, stdout=out)
    seconds = time.perf_counter() - start
    answer = json.loads(out.getvalue())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)
    print(
        json.dumps(
            {
                "rows": answer["rows"],
                "created": answer["timeline_entries"]["created"],
                "seconds": seconds,
                "cpu": time.process_time(),
                "peak_mib": peak,
            }
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--times", nargs="+", type=int, default=[1, 10])
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.file)
        return
    slow = False
    print(f"{'database':<12}{'file':>5}{'rows':>9}{'seconds':>9}{'rows/s':>8}{'peak MiB':>10}{'again s':>9}")
    for name in ("sqlite", "postgresql"):
        if options.only not in {None, name}:
            continue
        for times in options.times:
            with tempfile.TemporaryDirectory(prefix="ushiro-bench-") as folder:
                file = repeated(options.file, times, Path(folder))
                sqlite = contextlib.nullcontext(f"sqlite:///{folder}/bench.sqlite3")
                with sqlite if name == "sqlite" else postgresql(Path(folder)) as database:
                    if not database:
                        print("postgresql: no initdb found, not measured")
                        break
                    found = measured(database, file)
            speed = found["rows"] / found["seconds"]
            slow |= speed < GOAL
            print(
                f"{name:<12}{times:>4}x{found['rows']:>9}{found['seconds']:>9.1f}{speed:>8.0f}"
                f"{found['peak_mib']:>10.0f}{found['again_seconds']:>9.1f}",
                flush=True,
            )
    if slow:
        sys.exit(f"slower than {GOAL} rows a second")


if __name__ == "__main__":
    main()
