"""A mail as bytes: headers, a text and its HTML. The same input gives the same bytes, on any day, for ever.

Python's email package spends most of a mail's time on folding headers and on a boundary that it draws anew each time.
A reminder needs one shape: a few headers, and text and HTML in base64. tests/tools/plain/test_mailbytes.py reads each
mail back with the email package, which is the judge of what is written here (RFC 5322, 2045, 2047).
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable

# An encoded word has 75 characters at most, its line 76 (RFC 2047 2): "=?utf-8?b?" and "?=" leave 63, which is 45 bytes
# in base64; the first one shares its line with the header's name.
_WORD_BYTES, _FIRST_BYTES = 45, 36
_LINE = 76
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class BadHeader(ValueError):
    """A header that no mail may have: a line break or another control character in it."""


def _refuse_controls(value: str) -> None:
    if _CONTROLS.search(value):
        raise BadHeader("a control character in a header")


def encoded(value: str) -> str:
    """The text as encoded words, folded (RFC 2047); a letter is never cut in two.

    >>> encoded("見積書")
    '=?utf-8?b?6KaL56mN5pu4?='
    """
    words, piece = [], b""
    for letter in value:
        raw = letter.encode("utf-8", "replace")
        if len(piece) + len(raw) > (_WORD_BYTES if words else _FIRST_BYTES):
            words.append(piece)
            piece = b""
        piece += raw
    words.append(piece)
    return "\r\n ".join(f"=?utf-8?b?{binascii.b2a_base64(word, newline=False).decode()}?=" for word in words)


def unstructured(name: str, value: str) -> str:
    """A header of free text, such as the subject; one line where it is short and plain. Raises BadHeader."""
    _refuse_controls(value)
    if len(name) + 2 + len(value) <= _LINE and value.isascii() and "=?" not in value and value.strip() == value:
        return f"{name}: {value}\r\n"
    return f"{name}: {encoded(value)}\r\n"


def mailbox(name: str, address: str) -> str:
    """`name <address>` for a From or To (RFC 5322 3.4). Raises BadHeader.

    >>> mailbox("O'Brien, Ann", "ann@example.jp")
    '"O\\'Brien, Ann" <ann@example.jp>'
    """
    _refuse_controls(name)
    _refuse_controls(address)
    if not address.isascii() or re.search(r"[\s<>(),;:\\]", address):
        raise BadHeader("an address that cannot stand in a header")
    name = name.strip()
    if not name:
        return address
    if name.isascii() and "=?" not in name and len(name) <= 60:
        if _ATOMS.fullmatch(name) and "  " not in name:  # blanks between words would become one
            return f"{name} <{address}>"
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{encoded(name)}\r\n <{address}>"


def _base64(text: str) -> bytes:
    raw = re.sub("\r\n|\r|\n", "\r\n", text).encode("utf-8", "replace")
    return b"".join(binascii.b2a_base64(raw[at : at + 57], newline=False) + b"\r\n" for at in range(0, len(raw), 57))


def _part(kind: str, text: str) -> bytes:
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return head.encode() + _base64(text)


def mail(
    *,
    sender: tuple[str, str],
    to: tuple[str, str],
    subject: str,
    headers: Iterable[tuple[str, str]],
    text: str,
    html: str,
    boundary: str,
) -> bytes:
    """The whole mail with CRLF line ends, ready for DATA but for dot-stuffing, which base64 does not need.

    sender, to: (name, address), the address in ASCII. headers: further ones, ASCII, each short enough for its line.
    html: "" for a mail of text alone. boundary: ASCII letters and digits that belong to this mail alone.
    Raises BadHeader.
    """
    lines = [
        f"From: {mailbox(*sender)}\r\n",
        f"To: {mailbox(*to)}\r\n",
        unstructured("Subject", subject),
    ]
    for name, value in headers:
        _refuse_controls(value)
        if not value.isascii() or len(value) > 900:
            raise BadHeader(f"{name} cannot stand in a header")
        lines.append(f"{name}: {value}\r\n")
    lines.append("MIME-Version: 1.0\r\n")
    head = "".join(lines).encode()
    if not html:
        return head + _part("plain", text)
    mark = f"--{boundary}".encode()
    return b"".join(
        (
            head,
            f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode(),
            mark, b"\r\n", _part("plain", text),
            mark, b"\r\n", _part("html", html),
            mark, b"--\r\n",
        )
    )  # fmt: skip
