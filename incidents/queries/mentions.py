"""Where texts still name somebody: for whoever corrects them by an addendum, because nothing recorded changes (invariant 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models
from django.db.models import Q

from incidents.models import Incident, Person
from incidents.models.incident import open_to
from incidents.queries.personal import way_to_record
from incidents.rules import privacy

MOST = 200
SHORTEST = 2  # a name of one character would be found in every second word


@dataclass(frozen=True)
class Mention:
    """A text that holds one of the words: on which record, and in which part of it; never the text itself."""

    incident: Incident
    part: str
    field: str


def find(words: list[str], *, by: Person) -> list[Mention]:
    """Texts of records that hold one of these words, two hundred at most.

    by: an administrator; restricted records that they may not read are left out (C9).
    """
    wanted = [one for one in dict.fromkeys(word.strip() for word in words) if len(one) >= SHORTEST]
    found: list[Mention] = []
    for model, fields, way in _texts() if wanted else ():
        for field in fields:
            holds = Q()
            for word in wanted:
                holds |= Q(**{f"{field.name}__icontains": word})
            rows = model._default_manager.filter(holds & open_to(by, way)).values_list(
                f"{way}__pk" if way else "pk", flat=True
            )
            part, name = str(model._meta.verbose_name), str(field.verbose_name)
            ids = list(rows.order_by("pk")[: MOST - len(found)])
            records = Incident.objects.in_bulk(ids)
            found += [Mention(records[pk], part, name) for pk in ids]
            if len(found) >= MOST:
                return found
    return found


def spellings(person: Person) -> list[str]:
    """How a person may be named in a text: the whole name with and without its spaces, the family name, the address."""
    name = person.name.replace("\u3000", " ")
    family = name.split(" ")[0]
    return [name, name.replace(" ", ""), name.replace(" ", "\u3000"), person.email, f"{family}さん"]


def _texts() -> Iterator[tuple[type[models.Model], list[models.Field], str]]:
    """The free texts of records, by the inventory: personal, without choices, and long enough for a name."""
    for label, table in privacy.inventory().items():
        if not label.startswith("incidents.") or label == "incidents.IncidentIndex":
            continue
        model = apps.get_model(label)
        way = way_to_record(model)
        named = [
            model._meta.get_field(name)
            for name, one in table.fields.items()
            if one.sort == "personal" and one.erase == "keep"
        ]
        fields = [
            one
            for one in named
            if isinstance(one, (models.TextField, models.CharField))
            and not one.choices
            and not isinstance(one, models.FileField)
        ]
        if way is not None and fields:
            yield model, fields, way
