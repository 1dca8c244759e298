"""What a sending process has seen the mail server take, on this machine's disk before the database hears of it.

Between a server's 250 and the database's commit a process may be killed; that letter would go out once more. A line in
a file of one's own is written in microseconds, so that gap is a hundred times shorter (RFC 1047 says why it cannot be
closed). Whoever sends next on the same machine reads what a dead one has left behind. Nothing depends on it: without
the file, or from another machine, the claim runs out and the letter is sent again with the same Message-ID.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger(__name__)

_PREFIX = "taken-"


class SentLog:
    """The file of one process, made when there is something to write. It holds a lock on it as long as it lives."""

    def __init__(self, folder: Path):
        self._folder, self._file, self._path = folder, -1, Path()

    def __enter__(self) -> SentLog:
        return self

    def __exit__(self, trouble: type[BaseException] | None, *_: object) -> None:
        """All that was written is in the database, and the file goes; after a trouble it stays for whoever sends next."""
        if self._file >= 0:
            if trouble is None:
                self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1

    def note(self, letter_id: int, claim: str) -> None:
        """The server has taken this letter of this claim. Never raises: what cannot be noted is only not noted."""
        try:
            if self._file < 0:
                self._open()
            os.write(self._file, f"{letter_id} {claim}\n".encode())
        except OSError as error:
            log.warning("what was sent could not be noted in %s: %s", self._folder, error)

    def clear(self) -> None:
        """What was noted so far is safe in the database."""
        if self._file >= 0:
            os.ftruncate(self._file, 0)

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        # Unseen until it is locked: a file that nobody holds belongs to a dead process.
        made, name = tempfile.mkstemp(prefix=".new-", dir=self._folder)
        fcntl.flock(made, fcntl.LOCK_EX)
        self._path = self._folder / f"{_PREFIX}{Path(name).name.removeprefix('.new-')}"
        os.rename(name, self._path)
        fcntl.fcntl(made, fcntl.F_SETFL, fcntl.fcntl(made, fcntl.F_GETFL) | os.O_APPEND)
        self._file = made


def left_behind(folder: Path) -> Iterator[list[tuple[int, str]]]:
    """For each file of a dead process its (letter, claim) lines; the file goes when the caller asks for the next."""
    for path in sorted(folder.glob(f"{_PREFIX}*")) if folder.is_dir() else []:
        try:
            file = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield list(_lines(path))
            path.unlink(missing_ok=True)
        except BlockingIOError:  # its process lives
            continue
        finally:
            os.close(file)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for line in path.read_text(encoding="ascii", errors="replace").splitlines():
        number, _, claim = line.partition(" ")
        if number.isdigit() and len(claim) == 36:  # the last line may have been cut off
            yield int(number), claim
