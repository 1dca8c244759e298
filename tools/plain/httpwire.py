"""One HTTP/1.1 request and its answer as bytes (RFC 9110, 9112); the connection is somebody else's.

>>> print(request("POST", "/in", "hooks.example.jp", {"X-Key": "1"}, b"{}").decode())
POST /in HTTP/1.1\r
Host: hooks.example.jp\r
X-Key: 1\r
Content-Length: 2\r
Connection: close\r
\r
{}
>>> reading = Reading(most=100)
>>> reading.take(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\no")
False
>>> reading.take(b"k")
True
>>> reading.status, reading.body
(200, b'ok')
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MOST_HEAD = 16 * 1024
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[ -~]*", re.ASCII)
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?", re.ASCII)


class BadAnswer(Exception):
    """Bytes that are no answer of HTTP/1.1."""


def request(method: str, target: str, host: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """The bytes of a request after which the connection is closed. ValueError for a header that would make a second line."""
    if method not in {"GET", "POST"} or not _VALUE.fullmatch(target) or " " in target:
        raise ValueError(method)
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(name)
        lines.append(f"{name}: {value}")
    if method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii") + body


class Reading:
    """An answer while it arrives. most: bytes of the body that are kept; what comes after them is not waited for."""

    def __init__(self, *, most: int):
        self._most = most
        self._raw = b""
        self._has_head = False
        self._length: int | None = None
        self._chunked = False
        self._read = 0  # where in a chunked body the next chunk begins
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    def take(self, piece: bytes) -> bool:
        """More bytes of it, or b"" for its end. Whether there is nothing to wait for. Raises BadAnswer."""
        self._raw += piece
        while not self._has_head:
            if not self._take_head():
                if not piece or len(self._raw) > MOST_HEAD:
                    raise BadAnswer
                return False
        if self._chunked:
            done = self._take_chunks()
        else:
            self.body = self._raw[: self._most]
            done = self._length is not None and len(self._raw) >= self._length
        if len(self.body) >= self._most:
            return True
        return done or not piece

    def _take_head(self) -> bool:
        while True:
            head, mark, rest = self._raw.partition(b"\r\n\r\n")
            if not mark:
                head, mark, rest = self._raw.partition(b"\n\n")  # RFC 9112 2.2: a lone line feed may end a line
            if not mark:
                if b"\n" in self._raw and not _STATUS.match(self._raw):
                    raise BadAnswer
                return False
            first, *lines = head.splitlines() or [b""]
            found = _STATUS.fullmatch(first)
            if found is None or len(head) > MOST_HEAD:
                raise BadAnswer
            self._raw, self.status = rest, int(found[1])
            if self.status >= 200:  # 100 and its kind announce the answer, which is still to come
                self._has_head = True
                self._read_headers(lines)
                return True

    def _read_headers(self, lines: list[bytes]) -> None:
        for line in lines:
            name, colon, value = line.decode("latin-1").partition(":")
            if colon and _TOKEN.fullmatch(name):
                self.headers.setdefault(name.lower(), value.strip()[:1000])
        self._chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        length = self.headers.get("content-length", "")
        if not self._chunked and length.isascii() and length.isdigit():
            self._length = int(length[:12])
        if self.status in {204, 304}:
            self._length, self._chunked = 0, False

    def _take_chunks(self) -> bool:
        while True:
            line_end = self._raw.find(b"\r\n", self._read)
            if line_end < 0:
                if len(self._raw) - self._read > 100:
                    raise BadAnswer
                return False
            size = self._raw[self._read : line_end].partition(b";")[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size):
                raise BadAnswer
            count = int(size, 16)
            if not count:
                return True
            begin = line_end + 2
            piece = self._raw[begin : begin + count]
            if len(piece) < count or len(self._raw) < begin + count + 2:
                if len(self.body) + len(piece) >= self._most:
                    self.body = (self.body + piece)[: self._most]
                    return True
                return False
            self.body = (self.body + piece)[: self._most]
            self._read = begin + count + 2
            if len(self.body) >= self._most:
                return True
