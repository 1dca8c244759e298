"""What an old Office file is: Word, Excel, PowerPoint, an Outlook message, or something locked or with macros.

They are little file systems (MS-CFB): a table of chained sectors and a directory with names. Only the names are read;
each step is bounded, so that a circle or a huge number in a hostile file ends the reading.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from incidents.gateways.archive import Bad

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_SECTORS = 4_096  # of the directory, and of the list of tables: sixteen thousand names are enough
_END_OF_CHAIN = 0xFFFFFFFA  # this and above are marks, no sectors

KINDS = {
    "worddocument": "doc",
    "workbook": "xls",
    "book": "xls",
    "powerpoint document": "ppt",
    "__properties_version1.0": "msg",
}
MACRO_NAMES = {"macros", "_vba_project_cur", "_vba_project", "vba"}
LOCKED = {"encryptedpackage", "encryptioninfo"}
Entry = tuple[str, int, int, int]  # name, left, right, child


def look(stream: BinaryIO, length: int) -> str:
    """The kind of a compound file: doc, xls, ppt or msg. Raises Bad."""
    try:
        entries = _directory(stream, length)
    except struct.error:
        raise Bad("broken") from None
    top = _top(entries)
    if top & LOCKED:
        raise Bad("encrypted")
    if {name for name, *_links in entries} & MACRO_NAMES:
        raise Bad("macros")
    kinds = {kind for name, kind in KINDS.items() if name in top}
    if len(kinds) != 1:
        raise Bad("unknown")
    return kinds.pop()


def _top(entries: list[Entry]) -> set[str]:
    """The names right under the root; what an embedded object holds stands deeper."""
    found, seen, next_ones = set(), set(), [entries[0][3]] if entries else []
    while next_ones:
        number = next_ones.pop()
        if number < len(entries) and number not in seen:
            seen.add(number)
            name, left, right, _child = entries[number]
            found.add(name)
            next_ones += [left, right]
    return found


def _directory(stream: BinaryIO, length: int) -> list[Entry]:
    stream.seek(0)
    header = stream.read(512)
    shift = struct.unpack_from("<H", header, 30)[0]
    if shift not in {9, 12} or length < 3 << shift:
        raise Bad("broken")
    size = 1 << shift
    directory, next_table = struct.unpack_from("<L", header, 48)[0], struct.unpack_from("<L", header, 68)[0]
    tables = [*struct.unpack_from("<109L", header, 76)]

    def sector(number: int) -> bytes:
        stream.seek((number + 1) << shift)
        found = stream.read(size)
        if len(found) < size:
            raise Bad("broken")
        return found

    for _n in range(_MOST_SECTORS):
        if next_table >= _END_OF_CHAIN:
            break
        *more, next_table = struct.unpack(f"<{size // 4}L", sector(next_table))
        tables += more

    entries: list[Entry] = []
    seen: set[int] = set()
    while directory < _END_OF_CHAIN:
        if directory in seen or len(seen) >= _MOST_SECTORS:
            raise Bad("broken")
        seen.add(directory)
        data = sector(directory)
        for at in range(0, size, 128):
            width, left, right, child = struct.unpack_from("<H2xLLL", data, at + 64)
            name = data[at : at + max(0, min(width, 64) - 2)].decode("utf-16-le", "replace").lower()
            entries.append((name, left, right, child))
        table, place = divmod(directory, size // 4)
        if table >= len(tables) or tables[table] >= _END_OF_CHAIN:
            raise Bad("broken")
        directory = struct.unpack_from("<L", sector(tables[table]), place * 4)[0]
    return entries
