"""What a mapping (対応表) says, and how the rows of one record become a planned incident. No database here.

A mapping is a TOML file; docs/features/import.md explains every key with examples.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol

from django.utils.translation import gettext as _

from incidents.enums import Certainty
from tools.plain import whens

_OPTION = re.compile(r"value=(?:'((?:[^'\\]|\\.)*)'|\"([^\"]*)\")")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"([^\"]*)\"")
Labelled = tuple[str, str]


class LineLike(Protocol):
    """A row as a gateway hands it over."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def cells(self) -> dict[str, Any]: ...


class GroupLike(Protocol):
    """All rows of one record."""

    @property
    def key(self) -> str: ...
    @property
    def rows(self) -> Sequence[LineLike]: ...
    @property
    def updates(self) -> Sequence[LineLike]: ...


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be taken. `line` is 1-based in `file`; `column` may be empty."""

    file: str
    line: int
    column: str
    reason: str


class BadValue(Exception):
    """A value of a row that the mapping cannot read."""

    def __init__(self, column: str, reason: str):
        super().__init__(reason)
        self.column, self.reason = column, reason


@dataclass(slots=True)
class PlannedEntry:
    """A line of the timeline. `key` is unique within the incident and lasts from import to import."""

    key: str
    at: datetime | None
    at_text: str
    author: str
    certainty: str
    text: str

    def content(self) -> tuple[object, ...]:
        """What must differ for the entry to count as changed."""
        return (self.at and self.at.astimezone(UTC), self.at_text, self.author, self.certainty, self.text)


@dataclass(slots=True)
class PlannedCause:
    key: str
    text: str
    factor: str


@dataclass(slots=True)
class PlannedMeasure:
    key: str
    title: str
    after: str


@dataclass(slots=True)
class Planned:
    """An incident as its source tells it."""

    external_id: str
    fields: dict[str, Any]
    closed: bool
    entries: list[PlannedEntry] = field(default_factory=list)
    causes: list[PlannedCause] = field(default_factory=list)
    measures: list[PlannedMeasure] = field(default_factory=list)

    def digest(self) -> str:
        """Equal exactly when nothing of the record has changed (SHA-256, hex)."""
        content = [
            self.closed,
            [[name, _plain(value)] for name, value in sorted(self.fields.items())],
            [[e.key, *map(_plain, e.content())] for e in self.entries],
            [[c.key, c.text, c.factor] for c in self.causes],
            [[m.key, m.title, m.after] for m in self.measures],
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def _plain(value: object) -> object:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


@dataclass(frozen=True)
class Choice:
    """A column whose values are translated by a table."""

    column: str
    values: dict[str, str]


@dataclass(frozen=True)
class State:
    """When a record counts as closed at its source. `always` overrules the column."""

    column: str = ""
    closed: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()
    always: str = ""


@dataclass(frozen=True)
class Timeline:
    items: str = ""
    key: tuple[str, ...] = ()
    at: str = ""
    at_required: bool = False
    author: str = ""
    text: tuple[str, ...] = ()
    text_leave_out: frozenset[str] = frozenset()
    first: str = ""
    unchanged: str = ""
    watch: tuple[Labelled, ...] = ()

    def columns(self) -> set[str]:
        return {*self.key, self.at, self.author, *self.text, *(column for _label, column in self.watch)} - {"", "#"}


@dataclass(frozen=True)
class Dates:
    zone: str
    order: whens.Order = whens.Order.UNKNOWN
    zone_column: str = ""
    zones: dict[str, str] = field(default_factory=dict)
    day_column: str = ""
    day_pattern: re.Pattern[str] | None = None
    noticed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapping:
    """How the rows of a foreign tracker become incidents."""

    name: str
    label: str
    source: str
    kind: str
    id_column: str
    missing: frozenset[str]
    dates: Dates
    listed: frozenset[str]
    title: tuple[str, ...]
    title_separator: str
    title_otherwise: str
    noticed_at: str
    occurred_at: str
    customer_closed_at: str
    counterparty: str
    process: str
    category: str
    body: tuple[Labelled, ...]
    severity: Choice | None
    state: State
    timeline: Timeline
    updates_id: str = ""
    updates_beside: str = ""
    causes_items: str = ""
    causes_text: str = ""
    causes_factor: str = ""
    measures_items: str = ""
    measures_text: str = ""
    measures_notes: tuple[Labelled, ...] = ()

    @property
    def has_updates(self) -> bool:
        return bool(self.updates_id)

    def columns(self) -> frozenset[str]:
        """Columns wanted of the first file."""
        wanted = {
            *self.title,
            self.noticed_at,
            self.occurred_at,
            self.customer_closed_at,
            self.counterparty,
            self.process,
        }
        wanted |= {column for _label, column in self.body} | {self.state.column, self.dates.zone_column}
        wanted |= {self.dates.day_column, self.severity.column if self.severity else ""}
        if not self.has_updates:
            wanted |= self.timeline.columns()
        return frozenset(wanted - {"", self.id_column})

    def update_columns(self) -> frozenset[str]:
        """Columns wanted of the second file."""
        return frozenset(self.timeline.columns() - {self.updates_id})

    def plan(self, group: GroupLike) -> tuple[Planned | None, list[Problem]]:
        """What becomes of one record.

        Returns:
            The incident (None when no row of it can be used) and its bad rows. The incident holds all but the
            bad rows; whether that is wanted is the caller's decision.
        """
        problems: list[Problem] = []
        if len(group.key) > 120:
            first = group.rows[0]
            return None, [Problem(first.file, first.line, self.id_column, _("番号が長すぎます（120 字まで）。"))]
        planned: Planned | None = None
        entries = _Entries(self)
        usable: LineLike | None = None
        for line in group.rows:
            try:
                self._judge(line.cells)
                if self.kind == "json":
                    planned = self._whole(group.key, line.cells)
                    continue
                if not self.has_updates:
                    entries.add(line.cells, self.dates.zone)
            except BadValue as bad:
                problems.append(Problem(line.file, line.line, bad.column, bad.reason))
                continue
            usable = line
        if usable is not None:  # the last row tells how the record stands now
            planned = Planned(group.key, *self._incident(group.key, usable.cells))
        for line in group.updates:
            try:
                entries.add(line.cells, self.dates.zone)
            except BadValue as bad:
                problems.append(Problem(line.file, line.line, bad.column, bad.reason))
        if planned is not None and self.kind != "json":
            planned.entries = entries.planned
        return planned, problems

    def value(self, cells: dict[str, Any], column: str) -> str:
        """A cell as clean text; empty when the source says that it is missing."""
        if not column:
            return ""
        raw: Any = cells.get(column)
        if raw is None and "." in column and self.kind == "json":
            raw = cells
            for part in column.split("."):
                raw = raw.get(part) if isinstance(raw, dict) else None
        text = _text(raw)
        if text in self.missing:
            return ""
        if column in self.listed and text.startswith("["):
            found = _OPTION.findall(text) or _QUOTED.findall(text)
            text = "、".join(a or b for a, b in found)
        return text

    def when(self, cells: dict[str, Any], column: str, zone: str, *, required: bool) -> datetime | None:
        words = self.value(cells, column)
        if not words:
            if required:
                raise BadValue(column, _("日時がありません。"))
            return None
        at = whens.read(words, zone, self.dates.order).at
        if at is None:
            raise BadValue(column, _("日時として読めません: 「%(value)s」") % {"value": words[:60]})
        return at

    def _judge(self, cells: dict[str, Any]) -> None:
        """Reads all that can be wrong in a row. Every row is judged, though only the last tells how things stand."""
        zone = self.dates.zone
        self._closed(cells)
        self._severity(cells)
        if self.noticed_at:
            self.when(cells, self.noticed_at, zone, required=True)
        for column in (self.occurred_at, self.customer_closed_at):
            if column:
                self.when(cells, column, zone, required=False)

    def _severity(self, cells: dict[str, Any]) -> str:
        if self.severity is None or not (words := self.value(cells, self.severity.column)):
            return ""
        if words not in self.severity.values:
            raise BadValue(self.severity.column, _("対応表にない重大度です: 「%(value)s」") % {"value": words[:60]})
        return self.severity.values[words]

    def _incident(self, key: str, cells: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        zone = self.dates.zone
        closed = self._closed(cells)
        closed_at = self.when(cells, self.customer_closed_at, zone, required=False)
        full = self.title_separator.join(filter(None, (self.value(cells, column) for column in self.title)))
        full = " ".join(full.split()) or self.title_otherwise or key
        parts = [full] if len(full) > 200 else []
        for label, column in self.body:
            if text := self.value(cells, column):
                parts.append(
                    f"{label}: {text}" if label and "\n" not in text else f"{label}:\n{text}" if label else text
                )
        fields: dict[str, Any] = {
            "title": _cut(full, 200),
            "body": "\n".join(parts),
            "process": _cut(self.value(cells, self.process), 120),
            "counterparty": _cut(self.value(cells, self.counterparty), 160),
            "category": self.category,
            "severity": self._severity(cells),
            "occurred_at": self.when(cells, self.occurred_at, zone, required=False),
            "customer_closed_at": closed_at if closed else None,
        }
        if self.noticed_at:
            fields["noticed_at"] = self.when(cells, self.noticed_at, zone, required=True)
        return fields, closed

    def _closed(self, cells: dict[str, Any]) -> bool:
        if self.state.always:
            return self.state.always == "closed"
        words = self.value(cells, self.state.column)
        if words in self.state.closed:
            return True
        if words not in self.state.open:
            raise BadValue(self.state.column, _("対応表にない状態です: 「%(value)s」") % {"value": words[:60]})
        return False

    def _whole(self, key: str, cells: dict[str, Any]) -> Planned:
        """A record that holds its timeline, causes and measures itself."""
        fields, closed = self._incident(key, cells)
        named = self.value(cells, self.dates.zone_column)
        zone = self.dates.zones.get(named, named) or self.dates.zone
        try:
            whens.zone(zone)
        except ValueError:
            raise BadValue(
                self.dates.zone_column, _("知らない時間帯です: 「%(value)s」") % {"value": named[:60]}
            ) from None
        on = self._day(cells)
        entries = _Entries(self, on=on, zone_is_known=bool(named) or not self.dates.zone_column)
        for item in self._items(cells, self.timeline.items):
            entries.add(item if isinstance(item, dict) else {"": item}, zone)
        if "noticed_at" not in fields:
            fields["noticed_at"] = self._noticed(key, [e.at for e in entries.planned if e.at], on, zone)
        planned = Planned(key, fields, closed, entries.planned)
        for n, item in enumerate(self._items(cells, self.causes_items), start=1):
            text = self._of(item, self.causes_text)
            if text:
                planned.causes.append(PlannedCause(f"cause-{n}", text, self.causes_factor))
        for n, item in enumerate(self._items(cells, self.measures_items), start=1):
            if not (text := self._of(item, self.measures_text)):
                continue
            title = " ".join(text.split())
            notes = [text] if len(title) > 300 else []
            notes += [f"{label}: {words}" for label, column in self.measures_notes if (words := self._of(item, column))]
            planned.measures.append(PlannedMeasure(f"measure-{n}", _cut(title, 300), "\n".join(notes)))
        return planned

    def _items(self, cells: dict[str, Any], column: str) -> list[Any]:
        if not column:
            return []
        items = cells.get(column)
        if items is None:
            return []
        if not isinstance(items, list):
            raise BadValue(column, _("一覧（JSON の配列）ではありません。"))
        return items

    def _of(self, item: object, column: str) -> str:
        if not column:
            return _text(item)
        return self.value(item, column) if isinstance(item, dict) else ""

    def _day(self, cells: dict[str, Any]) -> date | None:
        if self.dates.day_pattern is None:
            return None
        found = self.dates.day_pattern.search(self.value(cells, self.dates.day_column))
        at = whens.read(found[1], "UTC").at if found else None
        return at.date() if at else None

    def _noticed(self, key: str, known: list[datetime], on: date | None, zone: str) -> datetime:
        words = self.dates.noticed.get(key) or (on.isoformat() if on and not known else "")
        at = whens.read(words, zone).at if words else None
        if at is None and known:
            at = min(known)
        if at is None:
            raise BadValue(self.timeline.at, _("いつのことか読めません。経緯にも番号にも日付がありません。"))
        return at


class _Entries:
    """Collects the timeline of one record and gives each line its lasting key."""

    def __init__(self, mapping: Mapping, on: date | None = None, zone_is_known: bool = True):
        self._mapping, self._on, self._zone_is_known = mapping, on, zone_is_known
        self._before: list[str] | None = None
        self._uses: dict[str, int] = {}
        self.planned: list[PlannedEntry] = []

    def add(self, cells: dict[str, Any], zone: str) -> None:
        mapping, how = self._mapping, self._mapping.timeline
        words = mapping.value(cells, how.at)
        read = whens.read(words, zone, mapping.dates.order) if words else whens.UNKNOWN
        guessed = not self._zone_is_known
        if read.at is None and words and self._on is not None:
            read, guessed = whens.read(words, zone, mapping.dates.order, self._on), True
        if read.at is None and how.at_required:
            mapping.when(cells, how.at, zone, required=True)
        exact = read.at is not None and read.precision is not whens.Precision.DAY and not guessed
        text = self._words(cells)
        self.planned.append(
            PlannedEntry(
                key=self._key(cells),
                at=read.at,
                at_text="" if exact else words[:60],
                author=mapping.value(cells, how.author)[:120],
                certainty=Certainty.ESTIMATE if guessed and read.at else Certainty.FACT,
                text=text,
            )
        )

    def _words(self, cells: dict[str, Any]) -> str:
        mapping, how = self._mapping, self._mapping.timeline
        said = [mapping.value(cells, column) for column in how.text]
        parts = [": ".join(words for words in said if words and words not in how.text_leave_out)]
        now = [mapping.value(cells, column) for _label, column in how.watch]
        if self._before is None:
            parts.insert(0, how.first)
            parts += [f"{label} {value}" for (label, _c), value in zip(how.watch, now, strict=True) if value]
        else:
            for (label, _c), old, new in zip(how.watch, self._before, now, strict=True):
                if old != new:
                    parts.append(f"{label} {old or '—'} → {new or '—'}")
        self._before = now
        return "、".join(part for part in parts if part) or how.unchanged or "—"

    def _key(self, cells: dict[str, Any]) -> str:
        base = "|".join(_text(cells.get(column)) for column in self._mapping.timeline.key)
        if len(base) > 100 or "~" in base or "#" in base:
            base = "sha256-" + hashlib.sha256(base.encode()).hexdigest()[:32]
        use = self._uses[base] = self._uses.get(base, 0) + 1
        return base if use == 1 and base else f"{base}#{use}"


def _text(raw: Any) -> str:
    if raw is None:
        return ""
    if isinstance(raw, str):
        text = raw.strip()
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, list):
        return "\n".join(f"・{text}" for item in raw if (text := _text(item)))
    if isinstance(raw, dict):
        return "\n".join(f"{key}: {text}" for key, item in raw.items() if (text := _text(item)))
    return str(raw)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
