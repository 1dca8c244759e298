"""A new installation makes its tables in one step; they are those of an installation that came the long way."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT, Databases, base_environ

pytestmark = [pytest.mark.soak, pytest.mark.integration]

SCHEMA = r"""
import json, re, sys
import django
django.setup()
from django.core.management import call_command
from django.db import connection, migrations
from django.db.migrations import loader
if sys.argv[1] == "the long way":
    plain = loader.MigrationLoader.load_disk
    def load_disk(self):
        plain(self)
        del self.disk_migrations["incidents", "0001_everything_up_to_0031"]
    loader.MigrationLoader.load_disk = load_disk
call_command("migrate", verbosity=0)

def pieces(sql):
    found, depth, piece = [], 0, ""
    for sign in sql:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 1:
            found.append(piece); piece = ""
        else:
            piece += sign
    return sorted(" ".join(one.split()) for one in [*found, piece])

with connection.cursor() as cursor:
    def rows(sql):
        cursor.execute(sql)
        return [list(map(str, row)) for row in cursor.fetchall()]
    if connection.vendor == "sqlite":
        found = [[name, *pieces(re.sub(r"^[^(]*\(|\)$", "", sql and f"({sql[sql.index('('):]}" or ""))]
                 for name, sql in cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'").fetchall()]
        found += rows("SELECT name, sql FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL")
    else:
        found = rows("SELECT table_name, column_name, data_type, is_nullable, column_default, character_maximum_length, is_identity FROM information_schema.columns WHERE table_schema = 'public'")
        found += rows("SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace")
        found += rows("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")
        found += rows("SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
        found += rows("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
    cursor.execute("SELECT name, place FROM incidents_helpline")
    found += [list(map(str, row)) for row in cursor.fetchall()]
print(json.dumps(sorted(found), ensure_ascii=False))
"""


def schema(url: str, way: str, folder: Path) -> list[list[str]]:
    environ = base_environ(folder, DATABASE_URL=url, USHIRO_SECRET_KEY="tables-" + "0123456789" * 6)
    done = subprocess.run(
        [sys.executable, "-c", SCHEMA, way], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return [[_nameless(one) for one in row] for row in json.loads(done.stdout)]


def _nameless(text: str) -> str:
    """Without what Django makes up from the order of things: the hash at the end of a name, the order of a set."""
    text = re.sub(r"_[0-9a-f]{8}(_|\b)", r"_#\1", text)
    return re.sub(
        r"(?<=ARRAY\[)[^]]*(?=])|(?<= IN \()[^()]*(?=\))", lambda m: ", ".join(sorted(m[0].split(", "))), text
    )


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_one_step_makes_what_thirty_one_made(kind, tmp_path, databases: Databases):
    urls = [f"sqlite:///{tmp_path / way}.sqlite3" for way in ("short", "long")]
    if kind == "postgres":
        for name in ("short_way", "long_way"):
            databases.postgres.run(f"CREATE DATABASE {name}")
        urls = [databases.postgres.url(name) for name in ("short_way", "long_way")]
    short, long = (schema(url, way, tmp_path) for url, way in zip(urls, ("one step", "the long way"), strict=True))
    assert len(short) > 100
    assert [row for row in short if row not in long] == [row for row in long if row not in short] == []
