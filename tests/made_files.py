"""Small files of each kind, made here: what a back office sends, and what somebody might send instead."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">LLBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\0\0"))
    + chunk(b"IEND", b"")
)


def exif(turn: int, order: str = ">") -> bytes:
    """A segment with how to turn the picture, and with a place that nobody should learn."""
    head = b"MM\0*" if order == ">" else b"II*\0"
    rows = struct.pack(order + "HHLHH", 0x0112, 3, 1, turn, 0) + struct.pack(order + "HHLL", 0x8825, 4, 1, 38)
    data = b"Exif\0\0" + head + struct.pack(order + "LH", 8, 2) + rows + b"\0\0\0\0GPS 35.6812N 139.7671E"
    return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data


SCAN = b"\xff\xda\x00\x08\x01\x01\0\0?\0" + b"\x12\x34\x56\x78" * 40
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0" + SCAN + b"\xff\xd9"
GIF = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
WEBP = b"RIFF" + struct.pack("<L", 4 + 8 + 10) + b"WEBPVP8L" + struct.pack("<L", 10) + b"/" + b"\0" * 9


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">L", 8 + len(data)) + name + data


def heic(brand: bytes = b"heic") -> bytes:
    return box(b"ftyp", brand + b"\0\0\0\0mif1heic") + box(b"meta", b"\0" * 20) + box(b"mdat", b"\1" * 30)


def tiff(order: str = "<") -> bytes:
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(order + "LHHHLLL", 8, 1, 256, 3, 1, 1, 0)


def zipped(entries: dict[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as book:
        for name, data in entries.items():
            book.writestr(name, data)
    return out.getvalue()


MAIN = {
    "docx": ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"),
    "xlsx": ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"),
    "pptx": (
        "ppt/presentation.xml",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
    ),
    "docm": ("word/document.xml", "application/vnd.ms-word.document.macroEnabled.main+xml"),
    "xlsm": ("xl/workbook.xml", "application/vnd.ms-excel.sheet.macroEnabled.main+xml"),
    "pptm": ("ppt/presentation.xml", "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml"),
    "xlsb": ("xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroEnabled.main"),
    "dotx": ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml"),
}


def office(kind: str, more: dict[str, bytes | str] | None = None, *, coding: str = "utf-8") -> bytes:
    part, media = MAIN[kind]
    types = f'<?xml version="1.0"?><Types><Override PartName="/{part}" ContentType="{media}"/></Types>'
    return zipped({"[Content_Types].xml": types.encode(coding), "_rels/.rels": "<r/>", part: "<w/>", **(more or {})})


def compound(*names: str, deeper: tuple[str, ...] = ()) -> bytes:
    """An old Office file: header, one table, a directory. `names` stand under the root, `deeper` under the first of them."""

    def entry(name: str, kind: int, right: int, child: int) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        free = 0xFFFFFFFF
        return text.ljust(64, b"\0") + struct.pack("<HBBLLL", len(text), kind, 1, free, right, child) + b"\0" * 48

    last, free = len(names), 0xFFFFFFFF
    rows = [entry("Root Entry", 5, free, 1)]
    for n, name in enumerate(names, 1):
        rows.append(entry(name, 2, n + 1 if n < last else free, last + 1 if n == 1 and deeper else free))
    for n, name in enumerate(deeper, last + 1):
        rows.append(entry(name, 2, n + 1 if n < last + len(deeper) else free, free))
    while len(rows) % 4:
        rows.append(b"\0" * 128)
    sectors = len(rows) // 4
    chain = [0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE]
    table = struct.pack("<128L", *chain, *[free] * (128 - len(chain)))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6)
    header += b"\0" * 10 + struct.pack("<LLLLLLLL", 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    return header + struct.pack("<109L", 0, *[free] * 108) + table + b"".join(rows)


def with_flag(data: bytes, flag: int) -> bytes:
    """The zip with a flag set in its table and in the headers, as an encrypted one has."""
    for sign, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = -1
        while (place := data.find(sign, place + 1)) >= 0:
            data = data[: place + at] + bytes([data[place + at] | flag]) + data[place + at + 1 :]
    return data


def with_size(data: bytes, size: int) -> bytes:
    """The zip whose table says that each entry becomes so many bytes."""
    place = -1
    while (place := data.find(b"PK\x01\x02", place + 1)) >= 0:
        data = data[: place + 24] + struct.pack("<L", size) + data[place + 28 :]
    return data


def overlapping(copies: int = 30) -> bytes:
    """Many entries of one table that all point at the same bytes: a small file that becomes a huge one."""
    one = zipped({"a": b"\0" * 1_000_000})
    start, end = one.find(b"PK\x01\x02"), one.find(b"PK\x05\x06")
    row, tail = one[start:end], bytearray(one[end:])
    struct.pack_into("<HHL", tail, 8, copies, copies, len(row) * copies)
    return one[:start] + row * copies + bytes(tail)


MZ = b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" + b"\0" * 44 + b"\x80\0\0\0This program cannot be run in DOS mode."
ELF = b"\x7fELF\2\1\1" + b"\0" * 60
MAIL = "From: sato@example.jp\r\nTo: suzuki@example.jp\r\nSubject: =?UTF-8?B?6KaL56mN?=\r\nDate: Tue, 24 Nov 2026 09:30:00 +0900\r\n\r\n本文です。\r\n"
