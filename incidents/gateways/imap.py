"""The only place that talks IMAP: mail is fetched, and moved when whoever asked for it has taken it over (RFC 9051).

By UID and in the order of arrival. Nothing is deleted: what was taken over goes to a folder of its own, and so does what
cannot be taken over. A mail leaves the inbox only after the commit; a process that dies in between finds it there again.
"""

from __future__ import annotations

import imaplib
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from django.conf import settings

SECONDS = 30.0
DONE, KEPT = "Ushiro/Done", "Ushiro/Kept"
# Fetched whole; a larger one stays where a person finds it, and only its headers are looked at.
LARGEST = 25 << 20


class Trouble(Exception):
    """The mailbox cannot be had: the word says why (unreachable, tls, password, folder, odd)."""

    def __init__(self, word: str):
        super().__init__(word)
        self.word = word


@dataclass(frozen=True)
class Waiting:
    """A mail in the mailbox. size: in bytes, as the server says. arrived: when the server took it, where it says so."""

    uid: str
    size: int
    arrived: datetime | None = None


class Mailbox:
    """A mailbox, opened; use as a context manager. Raises Trouble for whatever a server or a network does."""

    def __init__(self, place: dict[str, Any] | None = None, *, seconds: float = SECONDS):
        self._place, self._seconds = place or settings.IMAP, seconds
        self._line: imaplib.IMAP4 | None = None
        self._delimiter = "/"
        self._moves = False

    def __enter__(self) -> Mailbox:
        self._line = self._open()
        try:
            self._sign_in()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take leave; what was flagged and not moved stays where it is."""
        line, self._line = self._line, None
        if line is not None:
            try:
                line.logout()
            except (imaplib.IMAP4.error, OSError):
                line.shutdown()

    def _open(self) -> imaplib.IMAP4:
        host, port = str(self._place["host"]), int(self._place["port"])
        try:
            if self._place["security"] == "tls":
                return imaplib.IMAP4_SSL(host, port, ssl_context=ssl.create_default_context(), timeout=self._seconds)
            line = imaplib.IMAP4(host, port, timeout=self._seconds)
            if self._place["security"] == "starttls":
                line.starttls(ssl.create_default_context())
            return line
        except ssl.SSLError as error:
            raise Trouble("tls") from error
        except OSError as error:
            raise Trouble("unreachable") from error
        except imaplib.IMAP4.error as error:
            raise Trouble("tls" if self._place["security"] == "starttls" else "odd") from error

    def _sign_in(self) -> None:
        try:
            user, password = str(self._place["user"]), str(self._place["password"])
            _quoted(password)  # the library quotes it, and looks for no line ends in it
            self._line.login(_quoted(user), password)
        except (imaplib.IMAP4.error, UnicodeError) as error:  # the protocol's LOGIN takes ASCII alone
            raise Trouble("password") from error
        except OSError as error:
            raise Trouble("unreachable") from error
        self._moves = "MOVE" in self._line.capabilities or b"MOVE" in self._ask("CAPABILITY")[0].upper().split()
        status, _said = self._try("SELECT", _quoted(str(self._place["folder"])))
        if status != "OK":
            raise Trouble("folder")
        listed = self._ask("LIST", '""', '""')
        found = re.search(rb'\) "(.)" ', listed[0] or b"") if listed and isinstance(listed[0], bytes) else None
        self._delimiter = found[1].decode() if found else "/"

    def _try(self, command: str, *words: str) -> tuple[str, list[Any]]:
        """One command of the protocol, and what the server said. Raises Trouble when there is no server any more."""
        line = self._line
        try:
            if command == "SELECT":
                return line.select(words[0])
            if command == "CAPABILITY":
                return line.capability()
            if command in {"LIST", "CREATE", "SUBSCRIBE"}:
                return getattr(line, command.lower())(*words)
            return line.uid(command, *words)
        except imaplib.IMAP4.abort as error:
            raise Trouble("unreachable") from error
        except imaplib.IMAP4.error as error:
            return "NO", [str(error).encode()]
        except OSError as error:
            raise Trouble("unreachable") from error

    def _ask(self, command: str, *words: str) -> list[Any]:
        status, said = self._try(command, *words)
        if status != "OK":
            raise Trouble("odd")
        return said

    def waiting(self) -> Iterator[Waiting]:
        """Everything in the folder, the oldest first: whether somebody has looked at it says nothing of whether it was taken."""
        found = self._ask("SEARCH", "UNDELETED")
        uids = (found[0] or b"").decode("ascii", "replace").split()
        for start in range(0, len(uids), 200):
            chunk = uids[start : start + 200]
            sizes = {}
            for one in self._ask("FETCH", ",".join(chunk), "(UID RFC822.SIZE INTERNALDATE)"):
                text = one if isinstance(one, bytes) else one[0] if isinstance(one, tuple) else b""
                uid, size = re.search(rb"UID (\d+)", text), re.search(rb"RFC822\.SIZE (\d+)", text)
                if uid and size:
                    sizes[uid[1].decode()] = (int(size[1]), _when(text))
            yield from (Waiting(uid, *sizes[uid]) for uid in chunk if uid in sizes)

    def fetch(self, uid: str, *, most: int = LARGEST + 1) -> bytes:
        """The mail's bytes, at most so many; "" when it has gone meanwhile. It is not marked as read."""
        for one in self._ask("FETCH", uid, f"(BODY.PEEK[]<0.{most}>)"):
            if isinstance(one, tuple):
                return bytes(one[1])
        return b""

    def move(self, uid: str, folder: str) -> None:
        """Put a mail into another folder (RFC 6851); where a server cannot, a copy goes there and the mail is deleted."""
        name = _quoted(folder.replace("/", self._delimiter))
        if self._moves:
            status, _said = self._try("MOVE", uid, name)
            if status == "OK":
                return
            self._make(folder)
            self._ask("MOVE", uid, name)
            return
        status, _said = self._try("COPY", uid, name)
        if status != "OK":
            self._make(folder)
            self._ask("COPY", uid, name)
        self._ask("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        self._try("EXPUNGE", uid)  # of this mail alone (RFC 4315); without it somebody else's clean-up takes it along

    def _make(self, folder: str) -> None:
        """The folder and the one above it; they may be there already."""
        above = ""
        for part in folder.split("/"):
            above = f"{above}{self._delimiter}{part}" if above else part
            self._try("CREATE", _quoted(above))
            self._try("SUBSCRIBE", _quoted(above))


def _when(line: bytes) -> datetime | None:
    """INTERNALDATE of a line of FETCH, aware."""
    found = imaplib.Internaldate2tuple(line)  # on this machine's wall
    return datetime.fromtimestamp(time.mktime(found), UTC) if found else None


def _quoted(text: str) -> str:
    """A string of the protocol. Raises Trouble for what no server takes in one."""
    if re.search(r"[\r\n\0]", text):
        raise Trouble("odd")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def check(place: dict[str, Any], seconds: float) -> str:
    """Whether the mailbox could be read now: "", or the word of Trouble."""
    try:
        with Mailbox(place, seconds=seconds) as box:
            next(iter(box.waiting()), None)
    except Trouble as trouble:
        return trouble.word
    return ""
