"""What is kept of a person as one file: a ZIP of JSON for machines and one page for people. Nothing of it is stored."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterable
from typing import IO

from django.template.loader import render_to_string

from incidents.queries.personal import Section

IN_MEMORY = 4 * 1024 * 1024  # beyond it the file lies in the folder of temporary files until it is sent


def write(sections: Iterable[Section], *, name: str) -> IO[bytes]:
    """The file, to be read from its beginning; it is gone when it is closed.

    Each table is read twice, once for each form, and never held whole.
    """
    whole = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)
    parts = list(sections)
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as made:
        filled = [one for one in parts if _json(made, one)]
        with made.open("index.html", "w", force_zip64=True) as page:
            page.write(_html("head", name=name, titles=[one.title for one in filled]))
            for one in filled:
                page.write(_html("section", section=one))
            page.write(_html("foot"))
    whole.seek(0)
    return whole


def _json(made: zipfile.ZipFile, section: Section) -> bool:
    """One table as a list of objects. Returns whether it has any rows; a table without leaves no file."""
    names = [name for name, _label in section.heads]
    lines = iter(section.lines())
    first = next(lines, None)
    if first is None:
        return False
    with made.open(f"{section.table}.json", "w", force_zip64=True) as file:
        file.write(b"[\n" + _object(names, first))
        for line in lines:
            file.write(b",\n" + _object(names, line))
        file.write(b"\n]\n")
    return True


def _object(names: list[str], line: list[object]) -> bytes:
    return json.dumps(dict(zip(names, line, strict=True)), ensure_ascii=False).encode()


def _html(part: str, **context: object) -> bytes:
    return render_to_string(f"incidents/person/copy/{part}.html", context).encode()
