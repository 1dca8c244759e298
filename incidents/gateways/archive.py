"""What a zip is and whether it can be trusted, without unpacking it to anywhere.

Its table is read by hand, before anything else believes it: zipfile would build an object for each of a million
entries first. The limits are those of the import (hardening.md, section 2): entries, bytes and ratio.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MOST_ENTRIES = 1_000
MOST_BYTES = 100 * 1024 * 1024
MOST_RATIO = 100
STEEP_FROM = 10 * 1024 * 1024  # below it a ratio does no harm: an empty sheet packs well
_TABLE_MOST = 2 * 1024 * 1024
_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED, _AES = 0, 8, 99

PROGRAMS = frozenset(
    "exe dll scr com pif cpl msi msp msix appx bat cmd ps1 psm1 vbs vbe vb js jse mjs ws wsf wsc wsh hta lnk url "
    "reg inf jar class apk sh bash command app dmg pkg deb rpm iso img vhd chm hlp scf sct gadget application "
    "py pyw pl rb php jsp asp aspx".split()
)
MACROS = frozenset("docm dotm xlsm xltm xlam xlsb pptm potm ppam ppsm sldm".split())
ARCHIVES = frozenset("zip 7z rar gz tgz bz2 xz zst tar cab arj lzh lha ace z".split())
OFFICE = {
    b"wordprocessingml.document.main+xml": "docx",
    b"spreadsheetml.sheet.main+xml": "xlsx",
    b"presentationml.presentation.main+xml": "pptx",
}


class Bad(Exception):
    """Why an archive is not taken: broken, bomb, encrypted, macros, program."""

    def __init__(self, flaw: str):
        super().__init__(flaw)
        self.flaw = flaw


@dataclass(frozen=True)
class Entry:
    name: bytes
    flags: int
    method: int
    packed: int
    size: int
    offset: int

    @property
    def ending(self) -> str:
        last = self.name.replace(b"\\", b"/").rsplit(b"/", 1)[-1].rstrip(b". \0").lower()
        return last.rpartition(b".")[2].decode("ascii", "replace") if b"." in last else ""


def end_of_zip(stream: BinaryIO, length: int) -> int:
    """Where the end record stands of a zip that ends with the file; -1 when there is none.

    Asked of every file: what ends as a zip is one for many programs, whatever its first bytes say.
    """
    first = max(0, length - _END.size - 0xFFFF)
    stream.seek(first)
    tail = stream.read(length - first)
    at = len(tail)
    while (at := tail.rfind(b"PK\x05\x06", 0, at)) >= 0:
        if at + _END.size <= len(tail) and at + _END.size + _END.unpack_from(tail, at)[7] == len(tail):
            return first + at
    return -1


def look(stream: BinaryIO, length: int) -> str:
    """The kind of a zip: docx, xlsx, pptx or zip. Raises Bad."""
    entries = _entries(stream, length)
    if any(entry.flags & 0x41 or entry.method == _AES for entry in entries):
        raise Bad("encrypted")
    total = sum(entry.size for entry in entries)
    if total > MOST_BYTES or (total > STEEP_FROM and total > MOST_RATIO * length):
        raise Bad("bomb")
    _refuse_overlaps(stream, entries, length)
    for entry in entries:
        _refuse_lies(stream, entry)
    types = next((entry for entry in entries if entry.name == b"[Content_Types].xml"), None)
    if any(entry.ending in MACROS for entry in entries):
        raise Bad("macros")
    if types is not None:
        return _office(stream, entries, types)
    if any(entry.ending in PROGRAMS | ARCHIVES or _leaves(entry.name) for entry in entries):
        raise Bad("program")
    return "zip"


def _leaves(name: bytes) -> bool:
    """Whether an entry would be unpacked outside of its folder."""
    parts = name.replace(b"\\", b"/").split(b"/")
    return b".." in parts or name[:1] in b"/\\" or name[1:2] == b":" or b"\0" in name


def _entries(stream: BinaryIO, length: int) -> list[Entry]:
    end = end_of_zip(stream, length)
    if end < 0:
        raise Bad("broken")
    stream.seek(end)
    _sign, disk, table_disk, here, count, size, start, _comment = _END.unpack(stream.read(_END.size))
    if count > MOST_ENTRIES or size > _TABLE_MOST:
        raise Bad("bomb")
    # Nothing before the zip, nothing between its table and its end, one volume: what every program reads alike.
    if disk or table_disk or here != count or not count or start + size != end:
        raise Bad("broken")
    stream.seek(start)
    table, at, found = stream.read(size), 0, []
    for _n in range(count):
        if at + _ENTRY.size > size:
            raise Bad("broken")
        sign, _by, _need, flags, method, _t, _d, _crc, packed, plain, n, e, c, _disk, _i, _x, offset = (
            _ENTRY.unpack_from(table, at)
        )
        name = table[at + _ENTRY.size : at + _ENTRY.size + n]
        at += _ENTRY.size + n + e + c
        if sign != b"PK\x01\x02" or at > size or not name:
            raise Bad("broken")
        found.append(Entry(name, flags, method, packed, plain, offset))
    if at != size:
        raise Bad("broken")
    return found


def _data_at(stream: BinaryIO, entry: Entry) -> int:
    """Where the bytes of an entry begin; its own header has to tell the same name as the table."""
    stream.seek(entry.offset)
    header = stream.read(_LOCAL.size)
    if len(header) < _LOCAL.size:
        raise Bad("broken")
    sign, _need, _flags, _method, _t, _d, _crc, _packed, _size, n, e = _LOCAL.unpack(header)
    if sign != b"PK\x03\x04" or stream.read(n) != entry.name:
        raise Bad("broken")
    return entry.offset + _LOCAL.size + n + e


def _refuse_overlaps(stream: BinaryIO, entries: list[Entry], length: int) -> None:
    """Entries that share bytes are how a small file becomes a huge one (Fifield's bomb)."""
    last = 0
    for entry in sorted(entries, key=lambda one: one.offset):
        if entry.offset < last:
            raise Bad("bomb")
        last = _data_at(stream, entry) + entry.packed
        if last > length:
            raise Bad("broken")
    if entries and min(entry.offset for entry in entries) != 0:
        raise Bad("broken")


def _pieces(stream: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """What an entry holds, unpacked in pieces of at most 256 KiB."""
    stream.seek(_data_at(stream, entry))
    left, unpack = entry.packed, zlib.decompressobj(-15)
    while left > 0:
        packed = stream.read(min(left, 65536))
        left -= len(packed)
        if not packed:
            raise Bad("broken")
        if entry.method == _STORED:
            yield packed
            continue
        while packed:
            try:
                yield unpack.decompress(packed, 262144)
            except zlib.error:
                raise Bad("broken") from None
            packed = unpack.unconsumed_tail
    if entry.method == _DEFLATED and not unpack.eof:
        raise Bad("broken")


def _refuse_lies(stream: BinaryIO, entry: Entry) -> None:
    """The table says how large an entry becomes; here it is unpacked, piece by piece and thrown away, to see."""
    if entry.method not in {_STORED, _DEFLATED}:
        raise Bad("broken")
    became = 0
    for piece in _pieces(stream, entry):
        became += len(piece)
        if became > entry.size:
            raise Bad("bomb")
    if became != entry.size:
        raise Bad("broken")


def _office(stream: BinaryIO, entries: list[Entry], types: Entry) -> str:
    if types.size > 1024 * 1024:
        raise Bad("bomb")
    said = b"".join(_pieces(stream, types))
    if said[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        said = said.decode("utf-16", "replace").encode("utf-8", "replace")
    names = {entry.name.replace(b"\\", b"/").rsplit(b"/", 1)[-1].lower() for entry in entries}
    if b"macroenabled" in said.lower() or b"vbaproject" in said.lower() or names & {b"vbaproject.bin", b"vbadata.xml"}:
        raise Bad("macros")
    kinds = {kind for sign, kind in OFFICE.items() if sign in said}
    if len(kinds) != 1:
        raise Bad("unknown")
    if any(entry.ending in PROGRAMS or _leaves(entry.name) for entry in entries):
        raise Bad("program")
    return kinds.pop()
