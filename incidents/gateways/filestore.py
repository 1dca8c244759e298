"""Where the bytes of attachments lie: under the data folder, named by their hash, outside of every web root.

A file appears whole or not at all: it is written beside its place, forced to the disk, then renamed. The same bytes
have the same name, so a second writer replaces them by themselves.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

FOLDER, INCOMING = "attachments", "incoming"
ORPHAN_AFTER = 3600.0  # seconds that bytes may lie without a row: longer than any request lasts
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NAME = re.compile(r"[0-9a-f]{64}\Z")


class NotStored(Exception):
    """The disk took nothing. full: there is no room; otherwise it cannot be written."""

    def __init__(self, *, full: bool):
        super().__init__("full" if full else "unwritable")
        self.full = full

    @classmethod
    def because(cls, error: OSError) -> NotStored:
        return cls(full=error.errno in _FULL)


@dataclass(frozen=True)
class Stored:
    name: str  # below MEDIA_ROOT, as the row keeps it
    sha256: str
    size: int


def name_of(sha256: str) -> str:
    return f"{FOLDER}/{sha256[:2]}/{sha256}"


def _path(sha256: str) -> Path:
    return Path(settings.MEDIA_ROOT) / name_of(sha256)


def hash_of(stream: BinaryIO) -> str:
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest()


def incoming() -> Path:
    """The folder for what is on its way in; on the same disk as the place where it will lie."""
    place = Path(settings.MEDIA_ROOT) / INCOMING
    place.mkdir(mode=0o750, parents=True, exist_ok=True)
    return place


def store(pieces: Iterable[bytes], *, look: Callable[[Path], None]) -> Stored:
    """Keep the bytes that come in pieces. `look` sees the whole file before it gets its place, and may raise.

    Raises NotStored, and what `look` raises; then nothing is left behind.
    """
    try:
        number, beside = tempfile.mkstemp(dir=incoming())
    except OSError as error:
        raise NotStored.because(error) from error
    try:
        digest, size = hashlib.sha256(), 0
        with os.fdopen(number, "wb") as out:
            for piece in pieces:
                digest.update(piece)
                size += out.write(piece)
            out.flush()
            os.fchmod(out.fileno(), 0o640)
            os.fsync(out.fileno())
        look(Path(beside))
        place = _path(digest.hexdigest())
        place.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        os.replace(beside, place)
        _sync(place.parent)
    except OSError as error:
        raise NotStored.because(error) from error
    finally:
        with suppress(OSError):
            os.unlink(beside)
    return Stored(name_of(digest.hexdigest()), digest.hexdigest(), size)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def opened(sha256: str, size: int) -> BinaryIO | None:
    """The kept bytes to read; None when they are not there or not as many as the row says."""
    if not _NAME.match(sha256):
        return None
    try:
        found = _path(sha256).open("rb")
    except OSError:
        return None
    if os.fstat(found.fileno()).st_size != size:
        found.close()
        return None
    return found


def sweep(is_known: Callable[[str], bool], *, older_than: float) -> int:
    """Remove what no row knows and what an upload left behind, when it is older than so many seconds.

    A file is moved aside before it is judged a last time: somebody who keeps the same bytes at this very moment
    either made it young again, and it goes back, or writes it anew. Returns how many were removed.
    """
    root, gone, oldest = Path(settings.MEDIA_ROOT), 0, time.time() - older_than
    for file in _old(root / INCOMING, oldest):
        file.unlink(missing_ok=True)
        gone += 1
    for file in _old(root / FOLDER, oldest):
        if not _NAME.match(file.name) or is_known(file.name):
            continue
        aside = incoming() / f"swept-{file.name}"
        with suppress(FileNotFoundError):
            os.replace(file, aside)
            if is_known(file.name) or aside.stat().st_mtime > oldest:
                os.replace(aside, file)
            else:
                aside.unlink()
                gone += 1
    return gone


def _old(folder: Path, oldest: float) -> Iterator[Path]:
    for top, _folders, names in os.walk(folder):
        for name in names:
            file = Path(top, name)
            with suppress(FileNotFoundError):
                if file.stat().st_mtime <= oldest:
                    yield file
