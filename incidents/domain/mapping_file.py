"""Reading a mapping (対応表) out of its TOML file; each key that nobody asks for is refused by name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from incidents.domain.mapping import Choice, Dates, Labelled, Mapping, State, Timeline
from incidents.enums import Category, Factor, Severity
from incidents.errors import Refused
from tools.plain import whens

FOLDER = Path(__file__).resolve().parent.parent / "mappings"


def names() -> list[str]:
    """Mappings that come with Ushiro."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str) -> Mapping:
    """A mapping by name (`servicenow`) or by the path of a TOML file.

    Raises:
        Refused: `mapping_unknown`, or `mapping_bad` with the place and what is wrong there.
    """
    path = Path(name) if name.endswith(".toml") or "/" in name else FOLDER / f"{name}.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(
            "mapping_unknown",
            _("対応表「%(name)s」が見つかりません。") % {"name": name},
            _("使える名前: %(names)s。または TOML ファイルの場所。") % {"names": ", ".join(names())},
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _bad(name, str(error)) from error
    return _build(path.stem, _Part(name, "", data))


def _bad(name: str, why: str) -> Refused:
    return Refused("mapping_bad", _("対応表「%(name)s」が読めません: %(why)s") % {"name": name, "why": why})


class _Part:
    """A table of the TOML file that knows which of its keys nobody has asked for."""

    def __init__(self, name: str, place: str, data: dict[str, Any]):
        self._name, self._place, self._data = name, place, dict(data)

    def take(self, key: str, default: Any, kind: type | tuple[type, ...] = str) -> Any:
        value = self._data.pop(key, default)
        if value is default and default is not ...:
            return default
        if value is ...:
            raise _bad(self._name, _("%(key)s がありません") % {"key": self._place + key})
        if not isinstance(value, kind):
            raise _bad(self._name, _("%(key)s の形が違います") % {"key": self._place + key})
        return value

    def words(self, key: str) -> tuple[str, ...]:
        value = self.take(key, [], list)
        if not all(isinstance(item, str) for item in value):
            raise _bad(self._name, _("%(key)s の形が違います") % {"key": self._place + key})
        return tuple(value)

    def labelled(self, key: str) -> tuple[Labelled, ...]:
        value = self.take(key, [], list)
        if not all(isinstance(item, list) and [type(part) for part in item] == [str, str] for item in value):
            raise _bad(self._name, _("%(key)s は [見出し, 列] の一覧です") % {"key": self._place + key})
        return tuple((item[0], item[1]) for item in value)

    def table(self, key: str) -> dict[str, str]:
        value = self.take(key, {}, dict)
        if not all(isinstance(item, str) for item in value.values()):
            raise _bad(self._name, _("%(key)s の形が違います") % {"key": self._place + key})
        return dict(value)

    def part(self, key: str) -> _Part:
        return _Part(self._name, f"{self._place}{key}.", self.take(key, {}, dict))

    def has(self, key: str) -> bool:
        return key in self._data

    def one_of(self, key: str, default: Any, allowed: Sequence[str]) -> str:
        value = str(self.take(key, default))
        if value not in allowed:
            known = {"key": self._place + key, "allowed": ", ".join(word for word in allowed if word)}
            raise _bad(self._name, _("%(key)s は %(allowed)s のどれかです") % known)
        return value

    def done(self) -> None:
        if self._data:
            raise _bad(self._name, _("知らない項目です: %(key)s") % {"key": self._place + next(iter(self._data))})

    def bad(self, why: str) -> Refused:
        return _bad(self._name, why)


def _build(stem: str, top: _Part) -> Mapping:
    file, updates, clean, causes = top.part("file"), top.part("updates"), top.part("clean"), top.part("causes")
    incident, measures = top.part("incident"), top.part("countermeasures")
    state, kind = incident.part("state"), file.one_of("kind", "table", ("table", "json"))
    severity = None
    if incident.has("severity"):
        part = incident.part("severity")
        severity = Choice(part.take("column", ...), part.table("values"))
        part.done()
        if unknown := set(severity.values.values()) - set(Severity.values):
            raise top.bad(_("重大度は S1〜S4 です: %(value)s") % {"value": min(unknown)})
    mapping = Mapping(
        name=stem,
        label=top.take("label", stem),
        source=top.take("source", ...),
        kind=kind,
        id_column=file.take("id", ...),
        missing=frozenset(top.words("missing")) | {""},
        dates=_dates(top),
        listed=frozenset(clean.words("listed")),
        title=incident.words("title"),
        title_separator=incident.take("title_separator", " / "),
        title_otherwise=incident.take("title_otherwise", ""),
        noticed_at=incident.take("noticed_at", "" if kind == "json" else ...),
        occurred_at=incident.take("occurred_at", ""),
        customer_closed_at=incident.take("customer_closed_at", ""),
        counterparty=incident.take("counterparty", ""),
        process=incident.take("process", ""),
        category=incident.one_of("category", "", ("", *Category.values)),
        body=incident.labelled("body"),
        severity=severity,
        state=State(
            column=state.take("column", ""),
            closed=frozenset(state.words("closed")),
            open=frozenset(state.words("open")),
            always=state.one_of("always", "", ("", "open", "closed")),
        ),
        timeline=_timeline(top.part("timeline")),
        updates_id=updates.take("id", ""),
        updates_beside=updates.take("beside", ""),
        causes_items=causes.take("items", ""),
        causes_text=causes.take("text", ""),
        causes_factor=causes.one_of("factor", Factor.PROCEDURE.value, Factor.values),
        measures_items=measures.take("items", ""),
        measures_text=measures.take("text", ""),
        measures_notes=measures.labelled("notes"),
    )
    for part in (state, incident, file, updates, clean, causes, measures, top):
        part.done()
    if not mapping.state.always and not mapping.state.column:
        raise top.bad(_("incident.state に column か always が要ります"))
    if len(mapping.source) > 40:
        raise top.bad(_("source は 40 字までです"))
    return mapping


def _dates(top: _Part) -> Dates:
    part = top.part("dates")
    pattern = part.take("day_pattern", "")
    try:
        dates = Dates(
            zone=part.take("zone", ...),
            order=whens.Order(part.one_of("order", "unknown", [order.value for order in whens.Order])),
            zone_column=part.take("zone_column", ""),
            zones=part.table("zones"),
            day_column=part.take("day_column", ""),
            day_pattern=re.compile(pattern) if pattern else None,
            noticed=part.table("noticed"),
        )
        for zone in (dates.zone, *dates.zones.values()):
            whens.zone(zone)
    except (re.error, ValueError) as error:
        raise top.bad(str(error)) from error
    part.done()
    return dates


def _timeline(part: _Part) -> Timeline:
    timeline = Timeline(
        items=part.take("items", ""),
        key=part.words("key"),
        at=part.take("at", ""),
        at_required=part.take("at_required", False, bool),
        author=part.take("author", ""),
        text=part.words("text"),
        text_leave_out=frozenset(part.words("text_leave_out")),
        first=part.take("first", ""),
        unchanged=part.take("unchanged", ""),
        watch=part.labelled("watch"),
    )
    part.done()
    return timeline
