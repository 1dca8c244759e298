"""A mail as it came over the wire, taken apart: whom it says it is from, what it says, what it carries. Never raises.

Python's email package splits the parts; headers are decoded here, because its own reader of addresses and encoded
words is made for mails that keep to the rules and takes the square of the length for some that do not. All that is
looked at is bounded: bytes, parts, depth, headers. What lies beyond is left out and said (`flaws`). Plain Python.
"""

from __future__ import annotations

import binascii
import email.message
import email.parser
import quopri
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email._policybase import Compat32
from email.utils import parsedate_to_datetime
from typing import Any

from tools.plain.cleantext import keep
from tools.plain.filenames import cleaned
from tools.plain.htmltext import text_of
from tools.plain.mailcharset import decoded
from tools.plain.mailheaders import LONGEST_HEADER, Address, addresses, parameter, storable, unbase64, unstructured
from tools.plain.oneline import one_line

LARGEST = 25 << 20  # bytes of a whole mail
MOST_PARTS = 200
DEEPEST = 12
LONGEST_TEXT = 200_000  # letters of the text that are read
MOST_THINGS = 5_000  # headers, parts and faults together
# Lines times nested parts that the splitter looks at; above it the parts are not split.
_WORK = 4_000_000


@dataclass(frozen=True)
class Carried:
    """A file in a mail. name: fit to be kept and shown. inline: it stands in the text, as the logo of a signature."""

    name: str
    media_type: str
    content: bytes
    inline: bool = False

    @property
    def is_decoration(self) -> bool:
        """Pictures in the text, signatures of programs: nothing that somebody meant to send along."""
        signed = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
        return self.media_type in signed or (self.inline and self.media_type.startswith("image/"))


@dataclass(frozen=True)
class Report:
    """What a machine-readable part says: (name in small letters, value) of each of its blocks."""

    kind: str
    blocks: tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True)
class Mail:
    """headers: (name in small letters, decoded value) in their order. text: all that is to be read, quotes included.

    flaws: what was left out or could not be read: too_large, too_many_parts, too_deep, too_complex.
    returned: sources of mails and of headers inside it, as text (a bounce carries what came back). markup: its HTML.
    """

    headers: tuple[tuple[str, str], ...] = ()
    sender: Address = Address("", "")
    senders: tuple[Address, ...] = ()
    recipients: tuple[Address, ...] = ()
    subject: str = ""
    message_id: str = ""
    references: tuple[str, ...] = ()
    date: datetime | None = None
    content_type: str = "text/plain"
    text: str = ""
    from_html: bool = False
    files: tuple[Carried, ...] = ()
    reports: tuple[Report, ...] = ()
    returned: tuple[str, ...] = ()
    markup: str = ""
    flaws: frozenset[str] = frozenset()

    def header(self, name: str) -> str:
        """The first header of that name, "" when there is none."""
        return next((value for known, value in self.headers if known == name), "")

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]


class _TooMuch(Exception):
    """More headers, parts or faults than a mail has that somebody wrote."""


class _Bounded(Compat32):
    """Headers as they came, but none longer than what anybody needs; and no mail without an end. One for each mail."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        object.__setattr__(self, "counted", [0])

    def _count(self) -> None:
        self.counted[0] += 1
        if self.counted[0] > MOST_THINGS:
            raise _TooMuch

    def message_factory(self, policy: _Bounded) -> email.message.Message:
        self._count()
        return email.message.Message(policy=policy)

    def register_defect(self, obj: object, defect: Exception) -> None:
        self._count()

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        self._count()
        first = sourcelines[0]
        name, _colon, rest = first.partition(":")
        value, room = [rest.lstrip(" \t")], LONGEST_HEADER
        for line in sourcelines[1:]:
            room -= len(line)
            if room < 0:
                break
            value.append(line)
        return name, "".join(value)[:LONGEST_HEADER].rstrip("\r\n")


@dataclass
class _Found:
    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    files: list[Carried] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    flaws: set[str] = field(default_factory=set)
    parts: int = 0


def parse(raw: bytes) -> Mail:
    """Take a mail apart. Whatever the bytes are, a Mail comes back; a broken part is left out and named in `flaws`."""
    found = _Found()
    if len(raw) > LARGEST:
        found.flaws.add("too_large")
        raw = raw[:LARGEST]
    raw = _without_envelope(raw)
    message = _split(raw, found)
    _walk(message, found, 0)
    if found.plain or found.html:
        text, from_html = _text(found)
    else:
        text, from_html = "", False
    hint = parameter(_raw(message, "content-type"), "charset")
    headers = tuple((name.lower(), storable(unstructured(value, hint))) for name, value in _headers(message))
    senders = tuple(one for n, v in _headers(message) if n.lower() == "from" for one in addresses(v, hint))[:100]
    return Mail(
        headers=headers,
        sender=senders[0] if senders else Address("", ""),
        senders=senders,
        recipients=tuple(_recipients(message)),
        subject=one_line(next((value for name, value in headers if name == "subject"), "")),
        message_id=_id(next((value for name, value in headers if name == "message-id"), "")),
        references=tuple(_references(headers)),
        date=_date(next((value for name, value in headers if name == "date"), "")),
        content_type=_type(message),
        text=text,
        from_html=from_html,
        files=tuple(found.files),
        reports=tuple(found.reports),
        returned=tuple(found.returned),
        markup="\n".join(found.html),
        flaws=frozenset(found.flaws),
    )


def _without_envelope(raw: bytes) -> bytes:
    """Without what a mailbox file or a pipe puts before the headers."""
    raw = raw.lstrip(b"\r\n\x00\xef\xbb\xbf")
    if raw.startswith((b"From ", b">From ")):
        raw = raw.partition(b"\n")[2]
    return raw


def _split(raw: bytes, found: _Found) -> email.message.Message:
    marks = len(re.findall(rb"boundary\s*=|message/(?:rfc822|partial|news)", raw, re.IGNORECASE))
    if marks * raw.count(b"\n") <= _WORK and marks <= 2 * MOST_PARTS:
        # Beside _TooMuch the package raises TypeError, ValueError and more for broken mails.
        with suppress(Exception):
            return email.parser.BytesParser(policy=_Bounded()).parsebytes(raw)
    found.flaws.add("too_complex")
    return _whole(raw)


def _whole(raw: bytes) -> email.message.Message:
    """The mail with its first headers and all else as one text, for what must not be split."""
    gap = re.search(rb"\r?\n\r?\n", raw)
    head, body = (raw[: gap.start()], raw[gap.end() :]) if gap else (raw, b"")
    made = email.message.Message()
    made.set_payload(body.decode("ascii", "surrogateescape"))
    with suppress(Exception):
        first = b"\n".join(head[:262_144].split(b"\n")[:1_000])
        plain = email.parser.BytesHeaderParser(policy=_Bounded()).parsebytes(first + b"\n\n")
        for name, value in plain.raw_items():
            if not name.lower().startswith("content-"):
                made.set_raw(name, value)
    return made


def _walk(part: email.message.Message, found: _Found, depth: int) -> None:
    found.parts += 1
    if found.parts > MOST_PARTS:
        found.flaws.add("too_many_parts")
        return
    if depth > DEEPEST:
        found.flaws.add("too_deep")
        return
    kind, payload = _type(part), part.get_payload()
    if kind in {"message/delivery-status", "message/feedback-report", "message/disposition-notification"}:
        found.reports.append(_report(part, kind))
    elif kind in {"message/rfc822", "message/global", "text/rfc822-headers", "message/partial", "message/news"}:
        _inner(part, kind, found, depth)
    elif isinstance(payload, list):
        for one in payload:
            if isinstance(one, email.message.Message):
                _walk(one, found, depth + 1)
        if kind.startswith("multipart/") and not payload:
            _leaf(part, kind, found)
    else:
        _leaf(part, kind, found)


def _inner(part: email.message.Message, kind: str, found: _Found, depth: int) -> None:
    payload = part.get_payload()
    inside = payload[0] if isinstance(payload, list) and payload else None
    source = _source(inside) if isinstance(inside, email.message.Message) else _bytes(part)
    found.returned.append(decoded(source[:200_000]))
    if isinstance(inside, email.message.Message) and kind != "message/partial":
        name = unstructured(str(inside.get("Subject") or "")) or "mail"
        found.files.append(Carried(cleaned(f"{name[:80]}.eml", nameless="mail"), "message/rfc822", source))


def _source(message: email.message.Message) -> bytes:
    with suppress(Exception):  # flattening a broken mail raises many things
        return message.as_bytes(unixfrom=False)
    return "\n".join(f"{name}: {value}" for name, value in _headers(message)).encode("utf-8", "replace")


def _leaf(part: email.message.Message, kind: str, found: _Found) -> None:
    raw, name, disposition = _bytes(part), _filename(part), _word(part, "content-disposition")
    if not raw.strip():
        return
    is_text = kind in {"text/plain", "text/html", "text/enriched"} or kind.startswith("multipart/")
    if disposition == "attachment" or not is_text or (name and disposition != "inline" and kind != "text/plain"):
        inline = disposition != "attachment" and bool(_raw(part, "content-id"))
        found.files.append(Carried(_named(name, kind), kind, raw, inline))
        return
    if is_text and name and not _is_readable(raw):
        found.files.append(Carried(_named(name, kind), kind, raw))
        return
    text = decoded(raw[: 4 * LONGEST_TEXT], parameter(_raw(part, "content-type"), "charset"))
    if kind == "text/html" or (kind.startswith("multipart/") and "<html" in text[:2000].lower()):
        found.html.append(text[: 2 * LONGEST_TEXT])
    else:
        found.plain.append(_without_uuencoded(text, found))


def _is_readable(raw: bytes) -> bool:
    return b"\0" not in raw


def _text(found: _Found) -> tuple[str, bool]:
    plain = "\n\n".join(found.plain)
    from_html = not plain.strip() and bool(found.html)
    if from_html:
        plain = "\n\n".join(map(text_of, found.html))
    plain = re.sub(r"\r\n?", "\n", plain)
    return keep(plain[:LONGEST_TEXT])[:LONGEST_TEXT].strip("\n"), from_html


def _without_uuencoded(text: str, found: _Found) -> str:
    """Files that stand in the text as Unix once sent them become files; the text keeps the rest."""
    if "\nend" not in text or not re.search(r"^begin [0-7]{3}", text, re.MULTILINE):
        return text
    out, at = [], 0
    lines = text.split("\n")
    while at < len(lines):
        begin = re.match(r"begin [0-7]{3,4} (.{1,200})", lines[at])
        end = _end_of(lines, at) if begin else 0
        if not end:
            out.append(lines[at])
            at += 1
            continue
        content = _uudecoded(lines[at + 1 : end])
        found.files.append(Carried(cleaned(begin[1], nameless="file"), "application/octet-stream", content))
        at = end + 1
    return "\n".join(out)


def _end_of(lines: list[str], begin: int) -> int:
    """Where the file that begins there ends; 0 when it is none. Each line of it says how long it is."""
    for at in range(begin + 1, len(lines)):
        line = lines[at].rstrip("\r")
        if line == "end":
            return at
        if len(line) > 80 or (line and not " " <= line[0] <= "`"):
            return 0
    return 0


def _uudecoded(lines: list[str]) -> bytes:
    out = bytearray()
    for line in lines:
        raw = line.rstrip("\r\n").encode("ascii", "replace")
        try:
            out += binascii.a2b_uu(raw)
        except binascii.Error:
            count = (((raw[0] - 32) & 63) * 4 + 5) // 3 if raw else 0  # a line that somebody trimmed or padded
            try:
                out += binascii.a2b_uu(raw[:count])
            except binascii.Error:
                continue
    return bytes(out)


def _bytes(part: email.message.Message) -> bytes:
    """What a part holds, its transfer encoding undone; as much of it as can be read."""
    payload = part.get_payload()
    if not isinstance(payload, str):
        return b""
    raw = payload.encode("utf-8", "surrogateescape")
    encoding = _word(part, "content-transfer-encoding")
    if encoding == "quoted-printable":
        return quopri.decodestring(raw)
    if encoding == "base64":
        return unbase64(raw)
    if encoding in {"x-uuencode", "uuencode", "uue", "x-uue"}:
        lines = raw.decode("ascii", "replace").split("\n")
        start = next((number for number, line in enumerate(lines) if line.startswith("begin ")), -1)
        if start < 0:
            return raw
        return _uudecoded(lines[start + 1 : _end_of(lines, start) or len(lines)])
    return raw


def _report(part: email.message.Message, kind: str) -> Report:
    """The blocks of `name: value` lines of a report; blank lines part them (RFC 3464 2.1)."""
    payload = part.get_payload()
    blocks = []
    if isinstance(payload, list):
        for one in payload[:MOST_PARTS]:
            pairs = [(name.lower(), unstructured(value)) for name, value in _headers(one)]
            rest = one.get_payload()
            pairs += _pairs(rest) if isinstance(rest, str) else []
            blocks.append(tuple(pairs))
    else:
        for one in re.split(r"\n[ \t\r]*\n", _bytes(part).decode("utf-8", "replace")):
            blocks.append(tuple(_pairs(one)))
    return Report(kind, tuple(block for block in blocks if block))


def _pairs(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line[:1] in {" ", "\t"} and found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}"[:LONGEST_HEADER])
            continue
        name, colon, value = line.partition(":")
        if colon and re.match(r"[\w-]{1,60}\Z", name):
            found.append((name.lower(), value.strip()))
    return found


# Headers ----------------------------------------------------------------------------------------


def _headers(message: email.message.Message) -> Iterator[tuple[str, str]]:
    for name, value in message.raw_items():
        yield name, str(value)


def _raw(part: email.message.Message, name: str) -> str:
    return next((value for known, value in _headers(part) if known.lower() == name), "")


def _word(part: email.message.Message, name: str) -> str:
    return _raw(part, name).partition(";")[0].strip().strip('"').lower()


def _type(part: email.message.Message) -> str:
    kind = _word(part, "content-type")
    found = re.match(r"[a-z0-9.+_-]{1,60}/[a-z0-9.+_-]{1,80}", kind)
    return found[0] if found else "text/plain"


def _filename(part: email.message.Message) -> str:
    return parameter(_raw(part, "content-disposition"), "filename") or parameter(_raw(part, "content-type"), "name")


_ENDINGS = {
    "text/plain": "txt", "text/html": "html", "image/jpeg": "jpg", "image/jpg": "jpg", "image/png": "png",
    "image/gif": "gif", "application/pdf": "pdf", "message/rfc822": "eml", "text/calendar": "ics", "text/csv": "csv",
}  # fmt: skip


def _named(name: str, kind: str) -> str:
    return cleaned(name, nameless="file") if name.strip() else f"file.{_ENDINGS.get(kind, 'bin')}"


_TO = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to", "resent-to")


def _recipients(message: email.message.Message) -> Iterator[Address]:
    for name, value in _headers(message):
        if name.lower() in _TO:
            yield from addresses(value)


def _id(value: str) -> str:
    found = re.search(r"<[^<>\s]{1,250}>", value)
    return found[0] if found else one_line(value)[:250]


def _references(headers: tuple[tuple[str, str], ...]) -> list[str]:
    """Ids of the mails that it answers, the nearest first, at most 50."""
    ids: list[str] = []
    for wanted in ("in-reply-to", "references"):
        for name, value in headers:
            if name == wanted:
                ids += reversed(re.findall(r"<[^<>\s]{1,250}>", value))
    return list(dict.fromkeys(ids))[:50]


def _date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value[:200]) if value else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
