"""What a file really is, by its own bytes and never by its name or by what a browser says of it (C8).

Only what a back office sends to and fro is known; everything else is "unknown" and not taken. Nothing is rendered,
unpacked to anywhere or handed to a library that could be surprised by it.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from incidents.gateways import archive, compound
from incidents.gateways.archive import Bad


@dataclass(frozen=True)
class Kind:
    """endings: what its name may end with. media_type: kept with the row. served: what it is sent as; a doubtful
    type, one that some program would like to interpret, goes as plain bytes."""

    endings: tuple[str, ...]
    media_type: str
    served: str = "application/octet-stream"


_OOXML = "application/vnd.openxmlformats-officedocument"
KINDS = {
    "pdf": Kind(("pdf",), "application/pdf", "application/pdf"),
    "png": Kind(("png",), "image/png", "image/png"),
    "jpeg": Kind(("jpg", "jpeg", "jpe", "jfif"), "image/jpeg", "image/jpeg"),
    "gif": Kind(("gif",), "image/gif", "image/gif"),
    "webp": Kind(("webp",), "image/webp", "image/webp"),
    "heic": Kind(("heic", "heif"), "image/heic", "image/heic"),
    "tiff": Kind(("tif", "tiff"), "image/tiff", "image/tiff"),
    "docx": Kind(("docx",), f"{_OOXML}.wordprocessingml.document", f"{_OOXML}.wordprocessingml.document"),
    "xlsx": Kind(("xlsx",), f"{_OOXML}.spreadsheetml.sheet", f"{_OOXML}.spreadsheetml.sheet"),
    "pptx": Kind(("pptx",), f"{_OOXML}.presentationml.presentation", f"{_OOXML}.presentationml.presentation"),
    "doc": Kind(("doc",), "application/msword"),
    "xls": Kind(("xls",), "application/vnd.ms-excel"),
    "ppt": Kind(("ppt",), "application/vnd.ms-powerpoint"),
    "msg": Kind(("msg",), "application/vnd.ms-outlook"),
    "zip": Kind(("zip",), "application/zip", "application/zip"),
    # A table or a note may begin as a mail does; the other way round it is no mail.
    "eml": Kind(("eml", "txt", "log", "csv", "tsv"), "message/rfc822"),
    "text": Kind(("txt", "log", "csv", "tsv"), "text/plain"),
}
_SERVED = {kind.media_type: kind.served for kind in KINDS.values()}


def served(media_type: str) -> str:
    """The Content-Type that a kept file of this type goes out with."""
    return _SERVED.get(media_type, "application/octet-stream")


_PROGRAMS = (
    b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
    b"\x00asm", b"dex\n", b"L\x00\x00\x00\x01\x14\x02\x00", b"ITSF\x03", b"#!", b"MSCF", b"\x1bLua", b"!<arch>\n",
)  # fmt: skip
_PAGE = re.compile(
    rb"\s*(<!doctype|<html|<head|<body|<script|<iframe|<svg|<style|<title|<h[1-6][\s>]|<div|<font|<table|<a\s|<b>|<br|<p>|<p\s"
    rb"|<img|<object|<embed|<form|<link|<meta|<base|<frameset|<!--|<\?xml|<\?php|<\?=|<%|<hta:|<math|<x:|<xsl:)",
    re.IGNORECASE,
)
_PAGE_INSIDE = re.compile(rb"<script|<html|<!doctype\s+html|<svg|<\?php|<iframe", re.IGNORECASE)
_MAIL = re.compile(
    r"(from|to|subject|date|received|return-path|message-id|mime-version|delivered-to|x-[\w-]+|content-type):", re.I
)
_HEADER = re.compile(r"[!-9;-~]+:|[ \t]|From ")
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def look(stream: BinaryIO, length: int) -> str:
    """The kind of a file, a key of KINDS. Raises Bad with what is wrong: empty, program, page, macros, encrypted,
    bomb, broken, double, unknown."""
    if not length:
        raise Bad("empty")
    stream.seek(0)
    head = stream.read(1024)
    if head.startswith(_PROGRAMS) or (head.startswith(b"MZ") and b"\0" in head):
        raise Bad("program")
    if head.startswith(b"PK\x03\x04"):
        return archive.look(stream, length)
    for magic, kind, whole in _BINARY:
        if magic(head):
            if _PAGE_INSIDE.search(head) or archive.end_of_zip(stream, length) >= 0:
                raise Bad("double")
            return whole(stream, length) or kind
    return _text(stream, head)


def fits(kind: str, ending: str) -> bool:
    """Whether a name may end so."""
    return ending in KINDS[kind].endings


# What is whole, by kind -----------------------------------------------------------------------


def _pdf(stream: BinaryIO, length: int) -> str:
    stream.seek(max(0, length - 2048))
    if b"%%EOF" not in stream.read():
        raise Bad("broken")
    return "pdf"


def _png(stream: BinaryIO, length: int) -> str:
    at = 8
    for _n in range(100_000):
        stream.seek(at)
        header = stream.read(8)
        if len(header) < 8:
            break
        size, name = struct.unpack(">L4s", header)
        at += 12 + size
        if at > length or (_n == 0 and name != b"IHDR"):
            break
        if name == b"IEND":
            return "png"
    raise Bad("broken")


def _jpeg(stream: BinaryIO, length: int) -> str:
    """Segments up to the picture, then its end: a picture that was cut off has none behind its thumbnail."""
    at = 2
    for _n in range(1_000):
        stream.seek(at)
        header = stream.read(4)
        if len(header) < 4 or header[0] != 0xFF:
            break
        if header[1] == 0xFF:
            at += 1
            continue
        size = int.from_bytes(header[2:])
        if size < 2:
            break
        at += 2 + size
        if header[1] == 0xDA:
            last = b""
            for piece in _from(stream, at):
                if b"\xff\xd9" in last + piece:
                    return "jpeg"
                last = piece[-1:]
            break
    raise Bad("broken")


def _gif(stream: BinaryIO, length: int) -> str:
    stream.seek(max(0, length - 64))
    if not stream.read().rstrip(b"\0").endswith(b";") or length < 26:
        raise Bad("broken")
    return "gif"


def _webp(stream: BinaryIO, length: int) -> str:
    stream.seek(4)
    if int.from_bytes(stream.read(4), "little") + 8 > length or length < 20:
        raise Bad("broken")
    return "webp"


def _heic(stream: BinaryIO, length: int) -> str:
    at, names = 0, set()
    for _n in range(1_000):
        stream.seek(at)
        header = stream.read(16)
        if len(header) < 8:
            break
        size, name = int.from_bytes(header[:4]), header[4:8]
        size = int.from_bytes(header[8:16]) if size == 1 else size or length - at
        if size < 8 or at + size > length:
            raise Bad("broken")
        names.add(name)
        at += size
        if at == length:
            break
    if at != length or b"meta" not in names:
        raise Bad("broken")
    return "heic"


def _tiff(stream: BinaryIO, length: int) -> str:
    stream.seek(0)
    head = stream.read(8)
    order = "little" if head[:2] == b"II" else "big"
    first = int.from_bytes(head[4:8], order)
    stream.seek(first)
    count = int.from_bytes(stream.read(2), order)
    if first < 8 or not count or first + 2 + 12 * count + 4 > length:
        raise Bad("broken")
    return "tiff"


Magic = Callable[[bytes], bool]
_BINARY: tuple[tuple[Magic, str, Callable[[BinaryIO, int], str]], ...] = (
    (lambda head: head.startswith(b"%PDF-"), "pdf", _pdf),
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), "png", _png),
    (lambda head: head.startswith(b"\xff\xd8\xff"), "jpeg", _jpeg),
    (lambda head: head.startswith((b"GIF87a", b"GIF89a")), "gif", _gif),
    (lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP", "webp", _webp),
    (lambda head: head[4:8] == b"ftyp" and head[8:12] in _HEIC, "heic", _heic),
    (lambda head: head.startswith((b"II*\0", b"MM\0*")), "tiff", _tiff),
    (lambda head: head.startswith(compound.MAGIC), "", compound.look),
)


# Text -------------------------------------------------------------------------------------------


def _from(stream: BinaryIO, at: int) -> Iterator[bytes]:
    stream.seek(at)
    while piece := stream.read(262144):
        yield piece


_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# What no text holds but a binary file soon does; tab, line breaks, form feed and old DOS's end are text.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x19\x1c-\x1f\x7f-\x9f\uf8f0-\uf8f3]|\x1b(?![$(])")


def _is_text(stream: BinaryIO, coding: str) -> bool:
    decoder = codecs.getincrementaldecoder(coding)()
    try:
        for piece in _from(stream, 0):
            text = decoder.decode(piece)
            # The sign after an escape may stand in the next piece.
            if _CONTROLS.search(text if not text.endswith("\x1b") else text[:-1]):
                return False
        return not _CONTROLS.search(decoder.decode(b"", True))
    except UnicodeError:
        return False


def _text(stream: BinaryIO, head: bytes) -> str:
    mark = next((mark for mark in _MARKS if head.startswith(mark)), b"")
    codings = [_MARKS[mark]] if mark else ["utf-8", "cp932"]
    coding = next((one for one in codings if _is_text(stream, one)), "")
    if not coding:
        raise Bad("unknown")
    start = head.decode(coding, "ignore").lstrip("\ufeff")
    if _PAGE.match(start.encode("utf-8", "replace")):
        raise Bad("page")
    if start.startswith("#!"):
        raise Bad("program")
    return "eml" if _is_mail(start) else "text"


def _is_mail(start: str) -> bool:
    """A few lines of headers, one of them such as every mail has."""
    lines = start.splitlines()
    lines = lines[: lines.index("")] if "" in lines else lines[:-1]
    return bool(lines) and all(map(_HEADER.match, lines)) and any(map(_MAIL.match, lines))
