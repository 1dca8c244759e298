"""Headers of a mail in plain text: encoded words, addresses, parameters, as they are and not only as they should be.

Python's own readers are made for mails that keep to the rules, and take the square of the length for some that do not.
Plain Python (RFC 2047, 2231, 5322 3.4, 6532).
"""

from __future__ import annotations

import binascii
import quopri
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from tools.plain.mailcharset import decoded
from tools.plain.oneline import one_line

LONGEST_HEADER = 16_000  # letters of one header


@dataclass(frozen=True)
class Address:
    """name: decoded, one line. address: in small letters, "" when the header holds none."""

    name: str
    address: str

    @property
    def local(self) -> str:
        return self.address.rpartition("@")[0]


def storable(text: str) -> str:
    """Without what no database keeps: NUL, and halves of letters that UTF-7 and broken mailers bring along."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))


def unbase64(raw: bytes) -> bytes:
    kept = raw.translate(None, _NOT_BASE64)
    kept = kept[:-1] if len(kept) % 4 == 1 else kept
    return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


_PARAMETER = re.compile(r";\s*([\w%-]{1,40}?)(\*(\d{1,2}))?(\*)?\s*=\s*(\"(?:[^\"\\]|\\.)*\"?|[^;]*)", re.DOTALL)


def parameter(header: str, wanted: str) -> str:
    """A parameter of a header: plain, in pieces or with its charset (RFC 2231), or as an encoded word, as many send it."""
    pieces: dict[int, tuple[bool, str]] = {}
    for name, _star, number, coded, value in _PARAMETER.findall(header):
        if name.lower() == wanted:
            value = value.strip()
            if value.startswith('"'):
                value = re.sub(r"\\(.)", r"\1", value[1:-1] if value.endswith('"') and len(value) > 1 else value[1:])
            pieces.setdefault(int(number or 0), (bool(coded), value))
    if not pieces:
        return ""
    if not any(coded for coded, _value in pieces.values()):
        return unstructured("".join(pieces[number][1] for number in sorted(pieces)))
    charset, raw = "", b""
    for place, number in enumerate(sorted(pieces)):
        coded, value = pieces[number]
        if place == 0 and coded and value.count("'") >= 2:
            charset, _language, value = value.split("'", 2)
        raw += unquote_to_bytes(value.encode("utf-8", "surrogateescape")) if coded else _octets(value)
    return decoded(raw, charset)


_ENCODED = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")


def unstructured(value: str, hint: str = "") -> str:
    """A header's text: encoded words and bytes without a label decoded, on one line (RFC 2047, RFC 6532).

    hint: the charset of the mail's text, for bytes that say nothing of their own.
    Words that stand next to each other are joined before they are decoded: some mailers cut a letter in two.

    >>> unstructured("=?iso-2022-jp?B?GyRCOCs=?= =?iso-2022-jp?B?QFEbKEI=?=")
    '見積'
    """
    value = re.sub(r"\r\n?|\n", "", value)
    out: list[str] = []
    at, charset, held = 0, "", b""
    for found in _ENCODED.finditer(value):
        gap = value[at : found.start()]
        label = found[1].partition("*")[0].lower()
        if gap.strip() or label != charset:
            out.append(decoded(held, charset))
            held = b""
            out.append(_plain(gap, hint) if gap.strip() or not charset else "")
        charset = label
        held += _unword(found[2], found[3])
        at = found.end()
    out.append(decoded(held, charset))
    out.append(_plain(value[at:], hint))
    return "".join(out).strip()


def _unword(coding: str, text: str) -> bytes:
    if coding in "bB":
        return unbase64(_octets(text))
    return quopri.decodestring(_octets(text).replace(b" ", b"_"), header=True)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _plain(text: str, hint: str = "") -> str:
    return text if text.isascii() else decoded(_octets(text), hint)


_ADDRESS = re.compile(r"[^\s<>(),;:\"\[\]]{1,64}@[^\s<>(),;:\"\[\]@]{1,190}")


def addresses(value: str, hint: str = "") -> list[Address]:
    """The mailboxes of a From or To header, at most 100; names decoded, comments left out. hint: as `unstructured`."""
    found: list[Address] = []
    for piece in _mailboxes(re.sub(r"\r\n?|\n", "", value)[:LONGEST_HEADER])[:100]:
        inside = re.search(r"<([^<>]*)>", piece)
        name = piece[: inside.start()] if inside else ""
        there = _ADDRESS.findall(inside[1] if inside and "@" in inside[1] else piece)
        if not inside and len(there) > 1:  # several without a comma between them: whose mail it is, nobody can say
            found += [Address("", storable(_plain(one, hint)).lower().strip(".'")) for one in there]
            continue
        if not inside and there:
            name = piece.partition(there[0])[0]
        name = one_line(storable(unstructured(re.sub(r"\\(.)", r"\1", name.strip().strip('"')), hint)).strip('" '))[
            :120
        ]
        if there or name:
            found.append(Address(name, storable(_plain(there[0], hint)).lower().strip(".'") if there else ""))
    return found


def _mailboxes(value: str) -> list[str]:
    """The header cut at its commas, but not inside quotation marks, comments and <>; comments taken out."""
    quoted, comment, angle, escaped = False, 0, False, False
    pieces: list[list[str]] = [[]]
    for letter in value:
        if escaped:
            escaped = False
            if not comment:
                pieces[-1].append("\\" + letter)
            continue
        if letter == "\\":
            escaped = True
        elif letter == '"' and not comment:
            quoted = not quoted
            pieces[-1].append(letter)
        elif letter == "(" and not quoted:
            comment += 1
        elif letter == ")" and comment and not quoted:
            comment -= 1
        elif comment:
            continue
        elif letter in ",;" and not quoted and not angle:
            pieces.append([])
        else:
            angle = letter == "<" or (angle and letter != ">")
            pieces[-1].append(letter)
    return [piece for piece in ("".join(letters).strip() for letters in pieces) if piece]
