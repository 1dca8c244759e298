"""The trace is append-only; how tests get around that, as somebody with all rights over the database would.

The product knows no exception. A test that commits is cleaned up by emptying every table: around that, and around what a
test does to the trace on purpose, the triggers are taken away by what only the owner of the tables may do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

TABLES = ("incidents_auditentry", "incidents_auditseal", "incidents_auditchain")


def _statements() -> tuple[list[str], list[str]]:
    """What takes the triggers away, and what brings them back."""
    if connection.vendor == "postgresql":
        return tuple([f"ALTER TABLE {table} {word} TRIGGER USER" for table in TABLES] for word in ("DISABLE", "ENABLE"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%'")
        found = cursor.fetchall()
    return [f"DROP TRIGGER {name}" for name, _sql in found], [sql for _name, sql in found]


def let_tests_flush() -> None:
    """Put the two around every emptying of the tables."""
    plain = type(connection.ops).sql_flush

    def sql_flush(self: Any, style: Any, tables: Any, **options: Any) -> list[str]:
        statements = plain(self, style, tables, **options)
        if not statements or TABLES[0] not in tables:
            return statements
        away, back = _statements()
        return [*away, *statements, *back]

    connection.ops.sql_flush = sql_flush.__get__(connection.ops)


@contextmanager
def unguarded() -> Iterator[Any]:
    """A cursor without the triggers in its way."""
    away, back = _statements()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA foreign_keys = OFF")
        for statement in away:
            cursor.execute(statement)
        try:
            yield cursor
        finally:
            for statement in back:
                cursor.execute(statement)
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA foreign_keys = ON")
