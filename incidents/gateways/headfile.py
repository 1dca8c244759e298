"""Heads of the chains as files outside the database, one a day: who rewrites the database does not reach them as well."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings


def folder() -> Path:
    """Where they are kept; nobody but the process's own user reads it."""
    return settings.DATA_DIR / "audit-heads"


def file_of(day: date) -> Path:
    return folder() / f"{day.isoformat()}.json"


def write(day: date, heads: dict[str, Any]) -> bool:
    """Keep the heads of a day. False when there are some already: what was kept is never written over."""
    file = file_of(day)
    if file.exists():
        return False
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}.part")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(heads, out, ensure_ascii=False, indent=1, sort_keys=True)
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, file)  # whole or not at all, and never over another
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def latest() -> date | None:
    """The day of the latest file, or None."""
    days = [file.stem for file in folder().glob("????-??-??.json")]
    return max((date.fromisoformat(day) for day in days), default=None)


def read(*files: Path) -> Iterator[tuple[str, int, int, str]]:
    """(file, chain, seq, hash) of every head in these files, or in all that are kept here.

    Raises OSError, ValueError for a file that is none.
    """
    for file in files or sorted(folder().glob("????-??-??.json")):
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            for one in found["chains"]:
                yield file.name, int(one["chain"]), int(one["seq"]), str(one["hash"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"{file} holds no heads of chains") from error
