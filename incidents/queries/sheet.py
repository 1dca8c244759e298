"""Several reads of a page as one statement, whose text is written once and filled anew each time.

Why: a page such as 今日 asks a dozen small questions. Asked one by one, most of its time goes into Django's composing of
SQL and into the way to the database and back, not into the answers. Here each queryset becomes one JSON column of a
single SELECT; the rows become the same model instances (with `select_related`, annotations and `values_list`) that the
queryset would have given. What a `prefetch_related` would fetch is asked as a queryset of its own and tied by `hang`.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import count
from threading import Lock
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.models.expressions import Expression, RawSQL
from django.db.models.query import ModelIterable, QuerySet, get_related_populators
from django.utils import timezone

MOST_WRITTEN = 2_000  # texts kept in a process; the longest unused goes first
_PLAIN = re.compile(r"\w*", re.ASCII)
_CHUNK = 50  # SQLite takes about a hundred arguments a function
_PARSED = (models.DateField, models.TimeField, models.DurationField, models.DecimalField, models.UUIDField)

_written: OrderedDict[Hashable, _Written] = OrderedDict()
_lock = Lock()


class Slot(Expression):
    """A value that is filled in when the sheet is asked, by its name: a moment, a day, an id."""

    def __init__(self, name: str, output_field: models.Field):
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]

    def filled(self, value: Any, connection: Any) -> Any:
        return self.output_field.get_db_prep_value(value, connection)


def moment(name: str) -> Slot:
    """A slot for an aware instant."""
    return Slot(name, models.DateTimeField())


def day(name: str) -> Slot:
    return Slot(name, models.DateField())


def number(name: str) -> Slot:
    return Slot(name, models.BigIntegerField())


class _Numbers(Slot):
    """Ids, as one value: the text stays the same for one and for a thousand, and so does the plan that is kept."""

    def filled(self, value: Any, connection: Any) -> Any:
        return list(value) if connection.vendor == "postgresql" else json.dumps(list(value))


def one_of(column: str, name: str, *, using: str = "default") -> RawSQL:
    """A condition: the column, a quoted name of ours, holds one of the ids of the slot."""
    which = (
        "= ANY(%s::bigint[])" if connections[using].vendor == "postgresql" else "IN (SELECT value FROM json_each(%s))"
    )
    slot = _Numbers(name, models.BigIntegerField())
    return RawSQL(f"{column} {which}", [slot], output_field=models.BooleanField())  # noqa: S611  ids are a parameter  # nosec B611


def text(name: str) -> Slot:
    return Slot(name, models.CharField())


@dataclass(frozen=True)
class _Column:
    """One queryset as a column: its text, its values and slots, and how its rows become what it promises."""

    name: str
    sql: str
    params: tuple[Any, ...]
    read: Callable[[list[Any]], list[Any]]


@dataclass(frozen=True)
class _Written:
    sql: str
    numbered: str  # the same text with $1, $2 … for its values, as PostgreSQL itself writes them
    params: tuple[Any, ...]
    columns: list[_Column]
    empty: list[str]


def ask(
    key: Hashable, write: Callable[[], dict[str, QuerySet]], *, using: str = "default", **slots: Any
) -> dict[str, list]:
    """The rows of each queryset that `write` gives, by its name; one query.

    key: names the sheet and everything that `write` closes over (a person's id and teams, say): the text is written once
    for each key in each process. What differs from request to request goes through slots, which are filled by name.
    """
    connection = connections[using]
    # Django writes the zone of the reader into the text wherever an instant is compared as a day.
    full_key = (using, connection.vendor, timezone.get_current_timezone_name(), key)
    with _lock:
        written = _written.get(full_key)
        if written is not None:
            _written.move_to_end(full_key)
    if written is None:
        written = _write(write(), using)
        with _lock:
            _written[full_key] = written
            while len(_written) > MOST_WRITTEN:
                _written.popitem(last=False)
    found: dict[str, list] = {name: [] for name in written.empty}
    if written.columns:
        params = [p.filled(slots[p.name], connection) if isinstance(p, Slot) else p for p in written.params]
        with connection.cursor() as cursor:
            cursor.execute(_as_it_takes_it(cursor, written), params)
            row = cursor.fetchone()
        for column, value in zip(written.columns, row, strict=True):
            found[column.name] = column.read(json.loads(value) if isinstance(value, str) else value)
    return found


def _as_it_takes_it(cursor: Any, written: _Written) -> str:
    """The statement's text for this cursor, which is told to take it as it stands where that spares time.

    psycopg takes a long text apart at each call to find its %s (a millisecond for 50 kB) and keeps no answer above 4 kB.
    Its raw cursor does not look. Where queries are logged, or the values are written into the text here, it is left out.
    """
    connection = cursor.db
    bound_there = connection.settings_dict["OPTIONS"].get("server_side_binding")
    if connection.vendor != "postgresql" or not bound_there or connection.queries_logged:
        return written.sql
    from psycopg import RawCursor  # the driver is not there beside SQLite

    cursor.cursor = RawCursor(connection.connection)
    return written.numbered


def hang(parents: Iterable[models.Model], children: Iterable[models.Model], *, by: str, name: str) -> None:
    """Give each parent its children as `prefetch_related(name)` would. by: the children's key, such as "measure_id"."""
    under: dict[int, list[models.Model]] = {}
    for child in children:
        under.setdefault(getattr(child, by), []).append(child)
    field = by.removesuffix("_id")
    for parent in parents:
        found = under.get(parent.pk, [])
        for child in found:
            setattr(child, field, parent)
        rows = getattr(parent, name).all()
        rows._result_cache, rows._prefetch_done = found, True
        parent.__dict__.setdefault("_prefetched_objects_cache", {})[name] = rows


def _write(querysets: dict[str, QuerySet], using: str) -> _Written:
    columns, empty = [], []
    for name, queryset in querysets.items():
        try:
            columns.append(_column(name, queryset, using))
        except EmptyResultSet:
            empty.append(name)
    sql = "SELECT " + ", ".join(column.sql for column in columns)
    return _Written(sql, _numbered(sql), tuple(p for column in columns for p in column.params), columns, empty)


def _numbered(sql: str) -> str:
    place = count(1)
    return re.sub(r"%[%s]", lambda found: "%" if found[0] == "%%" else f"${next(place)}", sql)


def _column(name: str, queryset: QuerySet, using: str) -> _Column:
    connection = connections[using]
    compiler = queryset.query.clone().get_compiler(using=using)
    sql, params = _spelled_out(*compiler.as_sql(with_col_aliases=True))
    names = [alias for _column, _sql, alias in compiler.select]
    quoted = [f"t.{connection.ops.quote_name(alias)}" for alias in names]
    if connection.vendor == "postgresql":
        rows = f"(SELECT COALESCE(json_agg(t), '[]'::json) FROM ({sql}) t)"  # noqa: S608 - Django's own text  # nosec B608
    else:
        parts = [quoted[n : n + _CHUNK] for n in range(0, len(quoted), _CHUNK)]
        array = ", ".join(f"json_array({', '.join(part)})" for part in parts)
        rows = f"(SELECT json_group_array(json_array({array})) FROM ({sql}) t)"  # noqa: S608  # nosec B608
    values = _values(compiler, names, connection)
    return _Column(name, rows, params, _reader(queryset, compiler, values, using))


def _spelled_out(sql: str, params: Iterable[Any]) -> tuple[str, tuple[Any, ...]]:
    """The members of our enums (`state = 'open'`) and what is empty stand in the text instead of among its values.

    PostgreSQL keeps the plan of a statement that comes again, for any values. Of a value it then knows nothing: it
    takes every state for equally frequent, and no partial index. They are the same for everybody, so the text is too.
    """
    values = iter(params)
    kept: list[Any] = []

    def place(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%%"
        value = next(values)
        if isinstance(value, str) and (isinstance(value, Enum) or not value) and _PLAIN.fullmatch(value):
            return f"'{value}'"
        kept.append(value)
        return "%s"

    return re.sub(r"%[%s]", place, sql), tuple(kept)


def _values(compiler: Any, names: list[str], connection: Any) -> Callable[[list[Any]], list[list[Any]]]:
    """How JSON becomes rows of Python values in the order of the select list."""
    expressions = [column for column, _sql, _alias in compiler.select]
    if connection.vendor == "postgresql":
        # The driver hands these over parsed; JSON has them as text.
        parsers = [
            (place, expression.output_field.to_python)
            for place, expression in enumerate(expressions)
            if isinstance(expression.output_field, _PARSED)
        ]

        def of_objects(rows: list[Any]) -> list[list[Any]]:
            found = [[row[name] for name in names] for row in rows]
            for place, parse in parsers:
                for row in found:
                    if row[place] is not None:
                        row[place] = parse(row[place])
            return found

        return of_objects
    converters = compiler.get_converters(expressions)

    def of_arrays(rows: list[Any]) -> list[list[Any]]:
        found = [[value for part in row for value in part] for row in rows]
        return list(compiler.apply_converters(found, converters)) if converters else found

    return of_arrays


def _reader(
    queryset: QuerySet, compiler: Any, values: Callable[[list[Any]], list[list[Any]]], using: str
) -> Callable[[list[Any]], list[Any]]:
    """As django.db.models.query.ModelIterable does it, out of rows that are already here."""
    if queryset._iterable_class is not ModelIterable:
        return lambda rows: [tuple(row) for row in values(rows)]
    select, known, annotations = compiler.select, compiler.klass_info, compiler.annotation_col_map
    first, last = known["select_fields"][0], known["select_fields"][-1] + 1
    model, attributes = known["model"], [column[0].target.attname for column in select[first:last]]
    mode = queryset._fetch_mode
    populators = get_related_populators(known, select, using, mode)

    def instances(rows: list[Any]) -> list[Any]:
        found = []
        for row in values(rows):
            one = model.from_db(using, attributes, row[first:last], fetch_mode=mode)
            for populator in populators:
                populator.populate(row, one)
            for name, place in annotations.items():
                setattr(one, name, row[place])
            found.append(one)
        return found

    return instances
