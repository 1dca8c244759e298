"""What the lists share: the frame around a page of rows, whatever they are of."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from incidents.forms.filters import ListFilterForm
from incidents.queries.paging import COUNTED, Slice


def list_context(form: ListFilterForm, found: Slice, memberships: list, *, clear: str) -> dict[str, Any]:
    """clear: the address of the list without conditions."""
    return {
        "form": form,
        "page": found,
        "query": urlencode(form.chosen()),
        "chosen": form.chosen(),
        "narrowing": form.narrowing(),
        "left_out": form.left_out(),
        "several_teams": len(memberships) > 1,
        "counted": COUNTED,
        "clear": clear,
    }
