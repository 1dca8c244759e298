"""A copy of what is kept of one person, table by table, as the inventory says (hardening 3f.3).

What somebody wrote is theirs wherever it stands. Where they are only named, the row is in the copy while they may read
its record; an administrator's copy leaves out what is the person's alone, and every row of a restricted record that the
administrator may not read (C9).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet

from incidents.models import Countermeasure, Incident, Letter, Person
from incidents.models.incident import open_to
from incidents.rules import privacy

# How a row reaches its record, by the first of these keys that its table has.
WAYS = {
    "incident": "incident",
    "measure": "measure__incident",
    "follow_up": "follow_up__incident",
    "spread": "spread__incident",
}
CHUNK = 500


@dataclass(frozen=True)
class Section:
    """One table's part of the copy. heads: name and label of each field, in the order of a row.

    scrub: takes what acts in somebody's name out of the text of a letter.
    """

    table: str
    title: str
    heads: list[tuple[str, str]]
    rows: QuerySet
    scrub: Callable[[str], str]

    def lines(self) -> Iterator[list[Any]]:
        """The rows as values that JSON can hold; two queries at most for each five hundred."""
        for row in self.rows.iterator(chunk_size=CHUNK):
            yield [plain(row, name, self.scrub) for name, _label in self.heads]

    def labelled(self) -> Iterator[list[tuple[str, Any]]]:
        """The same for people: of each row what is filled in, under its label."""
        labels = [label for _name, label in self.heads]
        for line in self.lines():
            yield [(label, value) for label, value in zip(labels, line, strict=True) if value not in (None, "", [])]


def way_to_record(model: type[models.Model]) -> str | None:
    """How a row of it reaches its incident, as `open_to` takes it; None for what belongs to none."""
    if model is Incident:
        return ""
    keys = {one.name for one in model._meta.local_fields if one.is_relation}
    return next((way for key, way in WAYS.items() if key in keys), None)


def whose(table: privacy.Table, person: Person) -> tuple[Q, Q]:
    """The rows that the person wrote, and those in which they are named."""
    none = Q(pk__in=[])
    wrote, named = none, none
    for key in table.wrote:
        wrote |= Q(**{key: person.pk})
    for key in table.named:
        named |= Q(**{key: person.pk})
    return wrote, named


def sections(person: Person, *, by: Person, scrub: Callable[[str], str]) -> Iterator[Section]:
    """Everything of the person that goes into the copy that `by` makes: themselves, or an administrator."""
    own = by.pk == person.pk
    for label, table in privacy.inventory().items():
        names = [name for name, one in table.fields.items() if one.export == "yes" or (own and one.export == "own")]
        if not names or not (table.wrote or table.named):
            continue
        model = apps.get_model(label)
        rows = _rows(model, table, person, by)
        heads = [(one, str(model._meta.get_field(one).verbose_name)) for one in names]
        yield Section(label, str(model._meta.verbose_name_plural), heads, rows, scrub)


def _rows(model: type[models.Model], table: privacy.Table, person: Person, by: Person) -> QuerySet:
    wrote, named = whose(table, person)
    way = way_to_record(model)
    if way is None:
        chosen = wrote | named
    elif by.pk == person.pk:
        seen = Incident.objects.visible_to(person).values("pk")
        chosen = wrote | (named & Q(**{f"{way or 'pk'}__in": seen}))
    else:
        chosen = (wrote | named) & open_to(by, way)
    keys = [one.name for one in model._meta.local_fields if one.is_relation and one.name in table.fields]
    deeper = [f"{key}__incident" for key in keys if model._meta.get_field(key).related_model is Countermeasure]
    found = model._default_manager.filter(chosen).order_by("pk")
    return found.select_related(*keys, *deeper) if keys else found


def plain(row: models.Model, name: str, scrub: Callable[[str], str]) -> Any:
    """A value as JSON can hold it. Of a record its number alone: its title may be nobody's to take along any more."""
    value = getattr(row, name)
    if isinstance(value, Incident):
        return value.reference
    if isinstance(value, Countermeasure):
        return value.incident.reference
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(row, Letter) and isinstance(value, str):
        return scrub(value)  # a copy lies about longer than a mailbox
    return value
