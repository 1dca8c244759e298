"""How fast letters go out, what the engine costs when nothing is due: `make bench-reminders`.

    .venv/bin/python deploy/bench_reminders.py [--total 10000 …] [--due 1000 10000] [--idle N] [--mornings N]

A PostgreSQL of its own and a mail server that only counts (deploy/mail_sink.py). The yardstick is plain Django: each mail
rendered from a template with text and HTML, one open connection, the same server, in turn with the engine within one run.
Printed are mails a second, the ratio to the yardstick, CPU-milliseconds a mail of the sending process, and what a ring
costs the database when nothing is due; then what it costs among a million promises and a million letters sent, and how
long 5,000 digests of one morning take to write. A figure that is not reached is an error.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

TIMES_YARDSTICK, CPU_MS, TICK_MS, SPREAD = 1.2, 1.0, 1.0, 0.15
BUFFERS, MORNINGS_SECONDS = 10, 60


def yardstick(count: int) -> dict[str, float]:
    """What a plain Django project does: render, build, send over one connection."""
    import django
    from django.core.mail import EmailMultiAlternatives, mailers
    from django.template import engines

    django.setup()
    text = engines["django"].from_string(
        "{{ name }} 様\n\n{{ what }} の期限は {{ day }} です。\n{% for one in more %}・{{ one }}\n{% endfor %}\n{{ url }}\n"
    )
    html = engines["django"].from_string(
        "<!doctype html><html lang=ja><body><p>{{ name }} 様</p><p>{{ what }} の期限は {{ day }} です。</p>"
        "<ul>{% for one in more %}<li>{{ one }}</li>{% endfor %}</ul><p><a href='{{ url }}'>開く</a></p></body></html>"
    )
    with mailers["default"] as backend:
        begin, cpu = time.perf_counter(), time.process_time()
        for n in range(count):
            known = {
                "name": f"担当 {n}",
                "what": "請求書の送付を会計ソフトの自動送付に切り替える",
                "day": "11月25日（水）",
                "more": ["宛先を照合する仕組み", "似た名前の得意先に番号", "照合の結果を残す"],
                "url": f"http://127.0.0.1/incidents/K-{n}/",
            }
            message = EmailMultiAlternatives(
                f"今日のお約束 {n}", text.render(known), "うしろ <ushiro@example.jp>", [f"u{n}@example.test"]
            )
            message.attach_alternative(html.render(known), "text/html")
            backend.send_messages([message])
        return {"seconds": time.perf_counter() - begin, "cpu": time.process_time() - cpu}


def engine() -> dict[str, float]:
    """One process that sends all that is due."""
    import django

    django.setup()
    from incidents.tasks import sending

    begin, cpu = time.perf_counter(), time.process_time()
    sent = sending.deliver()
    return {"seconds": time.perf_counter() - begin, "cpu": time.process_time() - cpu, "sent": sent}


def mornings() -> dict[str, float]:
    """One process that writes the digests of all whose morning has come; memory at a tenth of them and at the end."""
    import django

    django.setup()
    from django.utils import timezone

    from incidents.domain import reminder
    from incidents.sample.bench import business_morning

    now, written, memory = business_morning(timezone.now()), 0, []
    begin, cpu = time.perf_counter(), time.process_time()
    while found := len(reminder.write_due_digests(now=now, seconds=1)):
        written += found
        memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return {
        "seconds": time.perf_counter() - begin,
        "cpu": time.process_time() - cpu,
        "written": written,
        "first_mb": memory[0],
        "last_mb": memory[-1],
    }


def idle_plan() -> dict[str, Any]:
    """What PostgreSQL reads to learn that nothing is due."""
    import django

    django.setup()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from incidents.queries.reminder import what_waits

    with CaptureQueriesContext(connection) as asked:
        what_waits(now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {asked.captured_queries[-1]['sql']}")
        plan = cursor.fetchone()[0][0]["Plan"]
    return {
        "buffers": plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
        "sequential": "Seq Scan" in json.dumps(plan),
    }


# Each runs in a process of its own.
PARTS = {"engine": engine, "write-mornings": mornings, "idle-plan": idle_plan}


def own(*arguments: str, environ: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run([sys.executable, __file__, *arguments], env=environ, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit((done.stdout + done.stderr)[-3000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def command(*arguments: str, environ: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], env=environ, cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit((done.stdout + done.stderr)[-3000:])
    return done.stdout.strip()


def one_size(postgres: Any, port: int, log: Path, total: int, due: int, ticks: int) -> tuple[float, list[str]]:
    """Measure one size and print it. log: the mail server's list. Returns times the yardstick, and what is not reached."""
    name = f"bench{total}x{due}"
    environ = database(postgres, log.parent, name, port)
    command("bench_seed", str(total), str(due), environ=environ)
    read = log.stat().st_size if log.exists() else 0
    postgres.run("CHECKPOINT")
    before = own("--yardstick", "1000", environ=environ)
    done = own("--engine", environ=environ)
    after = own("--yardstick", "1000", environ=environ)
    plain = 2000 / (before["seconds"] + after["seconds"])
    rate, cpu = due / done["seconds"], done["cpu"] * 1000 / due
    left = json.loads(command("bench_left", environ=environ))
    tick = json.loads(command("bench_idle", str(ticks), environ=environ))
    print(
        f"{total:>10}{due:>8}{rate:>10.0f}{plain:>11.0f}{rate / plain:>7.2f}{cpu:>8.2f}"
        f"{tick['tick_ms_median']:>9.2f}{tick['tick_ms_best']:>7.2f}",
        flush=True,
    )
    taken = log.read_bytes()[read:].decode().splitlines()
    keys = [line.split()[1] for line in taken if line.split()[1] != "-"]
    failures = []
    for wrong, said in (
        (left != {"open": 0, "sent": due, "dead": 0, "held": 0}, f"left {left}"),
        (len(keys) != len(set(keys)), f"{len(keys) - len(set(keys))} mails went out twice"),
        (rate < plain * TIMES_YARDSTICK, f"{rate / plain:.2f} x the yardstick"),
        (cpu > CPU_MS, f"{cpu:.2f} CPU-ms a mail"),
        (tick["tick_ms_median"] > TICK_MS, f"{tick['tick_ms_median']} ms a ring with nothing due"),
    ):
        if wrong:
            failures.append(f"{total:,} promises, {due:,} due: {said}")
    postgres.run(f"DROP DATABASE {name} WITH (FORCE)")
    return rate / plain, failures


def nothing_due(postgres: Any, folder: Path, total: int, ticks: int) -> list[str]:
    """A ring that finds nothing among so many promises and as many letters sent. Returns what is not reached."""
    environ = database(postgres, folder, "bench_idle")
    command("bench_seed", str(total), "0", "--sent", str(total), environ=environ)
    tick = json.loads(command("bench_idle", str(ticks), environ=environ))
    plan = own("--idle-plan", environ=environ)
    print(
        f"nothing due among {total:,} promises, {total:,} letters sent: {tick['tick_ms_median']:.2f} ms a ring "
        f"(best {tick['tick_ms_best']:.2f}), {plan['buffers']} buffers",
        flush=True,
    )
    postgres.run("DROP DATABASE bench_idle WITH (FORCE)")
    missed = []
    if tick["tick_ms_median"] > TICK_MS:
        missed.append(f"{tick['tick_ms_median']} ms a ring with nothing due")
    if plan["buffers"] > BUFFERS or plan["sequential"]:
        missed.append(f"a ring with nothing due reads {plan}")
    return missed


def digests(postgres: Any, folder: Path, people: int) -> list[str]:
    """So many mornings at once. Returns what is not reached."""
    environ = database(postgres, folder, "bench_mornings")
    command("bench_seed", "1", "0", "--mornings", str(people), environ=environ)
    done = own("--write-mornings", environ=environ)
    print(
        f"{people:,} digests of three promises: {done['seconds']:.1f} s, {done['cpu'] * 1000 / people:.1f} CPU-ms each, "
        f"{done['first_mb']:.0f} MB after the first second, {done['last_mb']:.0f} MB at the end",
        flush=True,
    )
    postgres.run("DROP DATABASE bench_mornings WITH (FORCE)")
    missed = []
    if done["written"] != people:
        missed.append(f"{done['written']} digests were written instead of {people}")
    if done["seconds"] > MORNINGS_SECONDS:
        missed.append(f"{people:,} digests took {done['seconds']:.0f} s")
    if done["last_mb"] > done["first_mb"] * 1.1:
        missed.append(f"memory grew from {done['first_mb']:.0f} to {done['last_mb']:.0f} MB")
    return missed


def database(postgres: Any, folder: Path, name: str, port: int = 1) -> dict[str, str]:
    """The environment of a fresh database with its tables."""
    from tests.servers import base_environ, manage

    postgres.run(f"CREATE DATABASE {name}")
    environ = base_environ(folder, DATABASE_URL=postgres.url(name), SMTP_URL=f"smtp://127.0.0.1:{port}")
    environ["USHIRO_CONSULT_KEY"] = base64.b64encode(bytes(range(32))).decode()
    environ["USHIRO_SECRET_KEY"] = "bench-" + "0123456789abcdefghij" * 3
    environ["DJANGO_SETTINGS_MODULE"] = "ushiro.settings"
    environ["PYTHONPATH"] = str(ROOT)
    manage("migrate", "-v0", environ=environ)
    return environ


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--total", nargs="+", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--due", nargs="+", type=int, default=[1_000, 10_000])
    parser.add_argument("--ticks", type=int, default=300)
    parser.add_argument("--yardstick", type=int, help=argparse.SUPPRESS)
    parser.add_argument(
        "--idle", type=int, default=1_000_000, help="promises and sent letters of the idle ring; 0: none"
    )
    parser.add_argument("--mornings", type=int, default=5_000, help="digests of one morning; 0: none")
    for part in PARTS:
        parser.add_argument(f"--{part}", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.yardstick:
        print(json.dumps(yardstick(options.yardstick)))
        return
    for name, part in PARTS.items():
        if getattr(options, name.replace("-", "_")):
            print(json.dumps(part()))
            return

    from tests.servers import Postgres, free_port

    failures: list[str] = []
    rates: dict[int, list[float]] = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ushiro-bench-")))
        postgres = Postgres(durable=True)
        stack.callback(postgres.stop)
        port = free_port()
        sink = subprocess.Popen(
            [sys.executable, str(ROOT / "deploy" / "mail_sink.py"), "--port", str(port), "--log", str(folder / "taken")]
        )
        stack.callback(sink.kill)
        time.sleep(1)
        print(
            f"{'promises':>10}{'due':>8}{'mails/s':>10}{'yardstick':>11}{'ratio':>7}{'CPU ms':>8}{'tick ms':>9}{'best':>7}"
        )
        for total in options.total:
            for due in options.due:
                if due >= total:
                    continue
                times, missed = one_size(postgres, port, folder / "taken", total, due, options.ticks)
                rates.setdefault(due, []).append(times)
                failures += missed
        if options.idle:
            failures += nothing_due(postgres, folder, options.idle, options.ticks)
        if options.mornings:
            failures += digests(postgres, folder, options.mornings)
    for due, found in rates.items():
        if max(found) > min(found) * (1 + SPREAD):
            failures.append(f"{due:,} due: the ratios lie {max(found) / min(found) - 1:.0%} apart")
    print(f"most memory of a process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB")
    if failures:
        print("\nNot reached:\n  " + "\n  ".join(failures))
        sys.exit(1)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ushiro.settings")
    main()
