"""Every address that answers, found by walking the URL table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, get_resolver
from django.urls.resolvers import URLResolver

# Django's console has two kinds of addresses without a name. Nobody else's may be without one.
OLD_ADDRESS = "<path:object_id>/"  # of a record, from before Django 1.9; leads on to its page
CATCH_ALL = "(?P<url>.*)$"


@dataclass(frozen=True)
class Route:
    name: str
    pattern: str
    arguments: tuple[str, ...]
    callback: object

    @property
    def model(self) -> str:
        """The model of a page of the console about one; "" for other addresses."""
        parts = self.pattern.removeprefix("console/").split("/")
        return parts[1] if self.name.startswith("admin:") and parts[0] == "incidents" and len(parts) > 2 else ""


def routes() -> list[Route]:
    """In the order of the URL table. A route without a name bears "" behind its namespace."""
    return list(_walk(get_resolver().url_patterns, "", ""))


def _walk(patterns: list, space: str, before: str) -> Iterator[Route]:
    for one in patterns:
        whole = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _walk(one.url_patterns, f"{space}{one.namespace}:" if one.namespace else space, whole)
        elif isinstance(one, URLPattern):
            arguments = tuple(one.pattern.converters) or tuple(one.pattern.regex.groupindex)
            yield Route(space + _name(one, whole), whole, arguments, one.callback)


def _name(one: URLPattern, whole: str) -> str:
    if one.name:
        return one.name
    if whole.startswith("console/incidents/") and str(one.pattern) == OLD_ADDRESS:
        return f"incidents_{whole.split('/')[2]}_old"
    if whole.startswith("console/") and str(one.pattern) == CATCH_ALL:
        return "catch_all"
    return ""


def unnamed() -> list[str]:
    return [one.pattern for one in routes() if one.name.rpartition(":")[2] == ""]
