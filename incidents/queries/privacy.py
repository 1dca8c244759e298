"""The inventory of what is kept of people, beside the tables that there are; and its page."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import models

from incidents.rules import privacy

PAGE_HEAD = """# What is kept of people

Written by `manage.py privacy_inventory --write` from `incidents/rules/privacy.toml`; do not edit it by hand. Each field of each table has a line, those of installed packages too. A test fails when a field has none, when a line has no field, and when this page is old.
"""


def stored() -> dict[str, list[str]]:
    """Every table that is stored by its label, with the names of its columns and links."""
    return {
        model._meta.label: [one.name for one in (*model._meta.local_fields, *model._meta.local_many_to_many)]
        for model in sorted(apps.get_models(include_auto_created=True), key=lambda model: model._meta.label)
    }


def missing() -> list[str]:
    """The lines to add, ready to be pasted below their heading; the four words are a guess to be looked at."""
    known = privacy.inventory()
    lines = []
    for label, names in stored().items():
        table = known.get(label)
        new = [name for name in names if table is None or name not in table.fields]
        if new:
            lines.append(f'["{label}"]')
            lines += [f'{name} = "{_guess(label, name)}"' for name in new]
    return lines


def _guess(label: str, name: str) -> str:
    field = apps.get_model(label)._meta.get_field(name)
    if isinstance(field, (models.TextField, models.JSONField)) or field.related_model is apps.get_model(
        "incidents", "Person"
    ):
        return "personal record no keep"
    return "none record no keep"


def too_many() -> list[str]:
    """Lines and keys of the inventory that no table has."""
    there = stored()
    found = []
    for label, table in privacy.inventory().items():
        if label not in there:
            found.append(f'["{label}"]')
            continue
        found += [f"{label}.{name}" for name in table.fields if name not in there[label]]
        names = {one.name for one in apps.get_model(label)._meta.get_fields()} | {"actor_id", "id"}
        found += [f"{label}: {key}" for key in (*table.wrote, *table.named) if key.split("__")[0] not in names]
    return found


def page() -> str:
    """The page docs/privacy.md as Markdown."""
    return "\n".join([PAGE_HEAD, *_words(), *_tables()]) + "\n"


def _words() -> Iterator[str]:
    for title, words in (
        ("Class", privacy.CLASSES),
        ("Retention", privacy.RETENTION),
        ("In a copy", privacy.EXPORT),
        ("When the person is erased", privacy.ERASE),
    ):
        yield f"| {title} | Means |\n| --- | --- |"
        yield from (f"| {word} | {says} |" for word, says in words.items())
        yield ""
    yield "How long the terms are: [privacy](features/privacy.md#how-long). Who can read what: [security](security.md#who-can-read-what).\n"


def _tables() -> Iterator[str]:
    for label, table in privacy.inventory().items():
        yield f"## {label}\n"
        if table.wrote or table.named:
            whose = [f"written by `{key}`" for key in table.wrote] + [f"names `{key}`" for key in table.named]
            yield f"Whose rows: {', '.join(whose)}.\n"
        yield "| Field | Class | Retention | In a copy | When erased |\n| --- | --- | --- | --- | --- |"
        for name, one in table.fields.items():
            yield f"| `{name}` | {one.sort} | {one.retention} | {one.export} | {one.erase} |"
        yield ""
