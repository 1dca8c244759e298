"""Seed a PostgreSQL of its own, then measure the pages people wait for beside a bare Django page.

    .venv/bin/python deploy/bench_pages.py [--sizes 1000 10000 100000] [--rounds 60] [--explain]

One gunicorn worker a size answers both: the bare page is a signed-in view that renders 25 rows of one indexed query,
with the product's middleware and nothing else around it. Pages, bare page and sizes take turns within one run, so a
machine that is busy for a while slows all alike. Printed are the median milliseconds, the ratio to the bare page and to
the smallest size, the queries and the bytes. At the largest size each query is explained into a file, twice: for its
values, and as the plan that PostgreSQL keeps for any values once a statement has come often. A sequential scan of a
large table in either is an error, as is a figure that is not reached.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import itertools
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PERSON = "load-orders-1@example.jp"  # a member of the team that holds most of the records
BARE = "/bench-bare/"
LARGE = 5_000  # rows from which on a table is large
RARE = "text, rare"  # fills a page of the large installation alone: its growth is that of the page, and is not judged
MOST_QUERIES, MOST_TIMES_BARE, MOST_GROWTH, MOST_SEED_SECONDS = 12, 4.0, 1.3, 300


# Inside the server -----------------------------------------------------------------------------------------


def wsgi():
    """What gunicorn serves: the product's application and the bare page beside it."""
    _django()
    from django.contrib.auth.decorators import login_required
    from django.http import HttpResponse
    from django.template import engines
    from django.urls import path

    from incidents.models import Incident
    from ushiro import urls
    from ushiro.wsgi import application

    template = engines["django"].from_string(
        "<!doctype html><title>bare</title><table>{% for row in rows %}<tr><td>{{ row.number }}<td>{{ row.title }}"
        "<td>{{ row.stage }}<td>{{ row.noticed_at }}</tr>{% endfor %}</table>"
    )

    @login_required
    def bare(request):
        rows = Incident.objects.order_by("-noticed_at", "-number")[:25]
        return HttpResponse(template.render({"rows": rows}, request=None))

    urls.urlpatterns.append(path(BARE.strip("/") + "/", bare))
    return application


# Inside a process of its own per question --------------------------------------------------------------------


def _django() -> None:
    import django

    django.setup()


def sign_in() -> None:
    """Print the session's cookie and the addresses to measure."""
    _django()
    from django.conf import settings
    from django.test import Client

    from incidents.models import Incident, Person

    person = Person.objects.get(email=PERSON)
    client = Client()
    client.force_login(person)
    team = person.memberships.get().team
    rows = Incident.objects.filter(team=team, stage="mended").order_by("noticed_at")
    record = rows[rows.count() // 2]
    print(
        json.dumps(
            {
                "cookie": f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}",
                "pages": {
                    "今日": "/",
                    "list": "/incidents/",
                    "filtered list": f"/incidents/?team={team.slug}&stage=measures_committed&severity=S2",
                    "text filter": f"/incidents/?q={quote('請求書')}",
                    RARE: f"/incidents/?q={quote('白樺食品の給与明細')}",
                    "incident": record.get_absolute_url(),
                    "seams": "/seams/",
                },
            }
        )
    )


def count(addresses: list[str], explain: bool) -> None:
    """Print how many queries each address costs, and the plans that read a large table from end to end."""
    _django()
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from incidents.models import Person

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Person.objects.get(email=PERSON))
    found = {}
    for address in addresses:
        client.get(address)
        with CaptureQueriesContext(connection) as seen:
            answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        assert not (answer.context or {}).get("left_out"), (address, answer.context["left_out"])
        queries, scans, plans = len(seen), [], []  # counted now: the next request empties the log
        if explain:
            with connection.cursor() as cursor:
                large = _large_tables(cursor)
                for query in seen.captured_queries:
                    if query["sql"].startswith("SELECT"):
                        text = query["sql"].replace("%", "%%")
                        cursor.execute("EXPLAIN (FORMAT JSON) " + text)
                        scans += [(table, query["sql"]) for table in _scanned(cursor.fetchone()[0][0]["Plan"], large)]
                        cursor.execute("EXPLAIN ANALYZE " + text)
                        plans.append(query["sql"] + "\n" + "\n".join(line for (line,) in cursor.fetchall()))
            for sql, plan, told in _kept_plans(lambda address=address: client.get(address)):
                scans += [(f"{table} (kept plan)", sql) for table in _scanned(plan, large)]
                plans.append(f"kept for any values: {sql}\n{told}")
        found[address] = {"queries": queries, "scans": scans, "plans": plans}
    print(json.dumps(found))


def _large_tables(cursor: Any) -> set[str]:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= %s AND relname LIKE %s",
        [LARGE, "incidents%"],
    )
    return {name for (name,) in cursor.fetchall()}


def _scanned(plan: dict, large: set[str]) -> list[str]:
    """Large tables that this plan reads from end to end."""
    own = [plan["Relation Name"]] if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] in large else []
    return own + [table for part in plan.get("Plans", []) for table in _scanned(part, large)]


def _kept_plans(ask: Callable[[], Any]) -> Iterator[tuple[str, dict, str]]:
    """Text, plan and told plan of each statement that `ask` sends, planned for any values, with the driver's own types."""
    from django.db import connection
    from psycopg import sql
    from psycopg.adapt import PyFormat, Transformer

    sent: list[tuple[str, Sequence[Any]]] = []

    def spy(execute: Callable, text: str, params: Any, many: bool, context: dict) -> Any:
        if text.startswith("SELECT"):
            sent.append((text, list(params or ())))
        return execute(text, params, many, context)

    with connection.execute_wrapper(spy):
        ask()
    driver = connection.connection
    with driver.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        for text, params in sent:
            place = itertools.count(1)
            numbered = (
                text
                if "$1" in text
                else re.sub(r"%[%s]", lambda found, n=place: "%" if found[0] == "%%" else f"${next(n)}", text)
            )
            transformer = Transformer(driver)
            transformer.dump_sequence(params, [PyFormat.AUTO] * len(params))
            types = [
                driver.execute(sql.SQL("SELECT {}::oid::regtype::text").format(oid)).fetchone()[0] if oid else "unknown"
                for oid in transformer.types or ()
            ]
            head = f"PREPARE kept ({', '.join(types)})" if types else "PREPARE kept"
            cursor.execute((head + " AS " + numbered).encode())
            call = sql.SQL("EXECUTE kept")
            if params:
                call += sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Literal, params)))
            plan = cursor.execute(sql.SQL("EXPLAIN (FORMAT JSON) {}").format(call)).fetchone()[0][0]["Plan"]
            told = "\n".join(line for (line,) in cursor.execute(sql.SQL("EXPLAIN {}").format(call)).fetchall())
            cursor.execute("DEALLOCATE kept")
            yield text, plan, told
        cursor.execute("RESET plan_cache_mode")


# Outside ----------------------------------------------------------------------------------------------------


class Page:
    """One address asked over a connection that stays open."""

    def __init__(self, port: int, cookie: str):
        self._link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Cookie": cookie, "Accept-Language": "ja", "Accept-Encoding": "identity"}

    def ask(self, address: str) -> tuple[float, int]:
        """Milliseconds until the last byte, and bytes."""
        begin = time.perf_counter()
        self._link.request("GET", address, headers=self._headers)
        answer = self._link.getresponse()
        body = answer.read()
        assert answer.status == 200, (address, answer.status, body[:200])
        return (time.perf_counter() - begin) * 1000, len(body)


def measure(sites: dict[int, Site], rounds: int) -> dict[int, dict[str, tuple[float, float, int]]]:
    """Median milliseconds, times the bare page, and bytes of each page of each size; after some rounds to warm up."""
    pages = {size: Page(site.port, site.cookie) for size, site in sites.items()}
    took: dict[tuple[int, str], list[float]] = {}
    length = {}
    for n in range(rounds + 5):
        for name in next(iter(sites.values())).addresses:
            for size, site in sites.items():
                spent, length[size, name] = pages[size].ask(site.addresses[name])
                if n >= 5:
                    took.setdefault((size, name), []).append(spent)
    middle = {key: statistics.median(values) for key, values in took.items()}
    return {
        size: {
            name: (middle[size, name], middle[size, name] / middle[size, "bare"], length[size, name])
            for name in site.addresses
        }
        for size, site in sites.items()
    }


def own(*arguments: str, environ: dict[str, str]) -> dict:
    """What a process of its own found."""
    done = subprocess.run([sys.executable, __file__, *arguments], env=environ, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit((done.stdout + done.stderr)[-3000:])
    return json.loads(done.stdout)


@dataclass
class Site:
    """A seeded installation that answers: how long the seeding took, and what `count` found of each page."""

    size: int
    seconds: float
    port: int
    cookie: str
    addresses: dict[str, str]
    counted: dict[str, dict]


def site_of(postgres: Any, stack: contextlib.ExitStack, size: int, *, explain: bool) -> Site:
    """Seed a database of this size and serve it until the stack closes."""
    from tests.servers import Installation, base_environ, manage

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ushiro-bench-")))
    postgres.run(f"CREATE DATABASE bench{size}")
    environ = base_environ(folder, DATABASE_URL=postgres.url(f"bench{size}"))
    environ["USHIRO_CONSULT_KEY"] = base64.b64encode(bytes(range(32))).decode()
    environ["USHIRO_SECRET_KEY"] = "bench-" + "0123456789abcdefghij" * 3
    manage("migrate", "-v0", environ=environ)
    manage("collectstatic", "--noinput", environ=environ)
    begin = time.monotonic()
    subprocess.run(
        [sys.executable, "manage.py", "seed_load", "--incidents", str(size)],
        env=environ,
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    seconds = time.monotonic() - begin
    postgres.run("CHECKPOINT")
    environ |= {"PYTHONPATH": f"{ROOT}:{ROOT / 'deploy'}"}
    known = own("--sign-in", environ=environ)
    counted = own("--count", *known["pages"].values(), *(["--explain"] if explain else []), environ=environ)
    installation = Installation(folder, environ=environ, broker=None, mail=type("None", (), {"inbox": None})())
    stack.callback(installation.stop)
    installation.web(app="bench_pages:wsgi()")
    return Site(
        size=size,
        seconds=seconds,
        port=installation.port,
        cookie=known["cookie"],
        addresses={"bare": BARE, **known["pages"]},
        counted={name: counted[address] for name, address in known["pages"].items()},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=[1_000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument(
        "--explain", action="store_true", help="explain the queries at every size, not the largest alone"
    )
    parser.add_argument("--plans", type=Path, default=ROOT / "var" / "bench-plans.txt", help="where the plans go")
    parser.add_argument("--sign-in", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--count", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.sign_in:
        return sign_in()
    if options.count:
        return count(options.count, options.explain)

    from tests.servers import Postgres

    options.plans.parent.mkdir(parents=True, exist_ok=True)
    options.plans.write_text("", encoding="utf-8")
    failures: list[str] = []
    with contextlib.ExitStack() as stack:
        postgres = Postgres()
        stack.callback(postgres.stop)
        sites = {}
        for size in sorted(options.sizes):
            explain = options.explain or size == max(options.sizes)
            sites[size] = site_of(postgres, stack, size, explain=explain)
            print(f"{size:,} incidents, seeded in {sites[size].seconds:.0f} s", flush=True)
        figures = measure(sites, options.rounds)
    for size, site in sites.items():
        failures += told(site, figures[size], figures[min(sites)])
        with open(options.plans, "a", encoding="utf-8") as file:
            for name, found in site.counted.items():
                if found["plans"]:
                    file.write(f"== {name}, {size:,} incidents\n\n" + "\n\n".join(found["plans"]) + "\n\n")
    print(f"\nEvery plan: {options.plans}")
    if failures:
        print("\nNot reached:\n  " + "\n  ".join(failures))
        sys.exit(1)


def told(site: Site, figures: dict, smallest: dict) -> list[str]:
    """Print the figures of one size; what is not reached, a line each."""
    print(
        f"\n{site.size:,} incidents; bare page {figures['bare'][0]:.1f} ms, growth {_growth(figures, smallest, 'bare'):.2f}"
    )
    print(f"{'page':<16}{'p50 ms':>8}{'x bare':>8}{'growth':>8}{'queries':>9}{'bytes':>9}")
    failures = []
    if site.size >= 100_000 and site.seconds > MOST_SEED_SECONDS:
        failures.append(f"seeding {site.size:,} took {site.seconds:.0f} s, not {MOST_SEED_SECONDS}")
    for name, found in site.counted.items():
        middle, times, length = figures[name]
        growth, queries = _growth(figures, smallest, name), found["queries"]
        print(f"{name:<16}{middle:>8.1f}{times:>8.1f}{growth:>8.2f}{queries:>9}{length:>9}", flush=True)
        for wrong, said in (
            (queries > MOST_QUERIES, f"{queries} queries"),
            (times > MOST_TIMES_BARE, f"{times:.1f} x the bare page"),
            (growth > MOST_GROWTH and name != RARE, f"grew to {growth:.2f}"),
        ):
            if wrong:
                failures.append(f"{site.size:,} {name}: {said}")
        failures += [
            f"{site.size:,} {name}: reads {table} from end to end: {sql[:2000]}" for table, sql in found["scans"]
        ]
    return failures


def _growth(figures: dict, smallest: dict, name: str) -> float:
    return figures[name][0] / smallest[name][0]


if __name__ == "__main__":
    main()
