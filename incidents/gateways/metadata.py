"""What a picture tells beside what it shows (place, device, name, thumbnail) is left out when it is kept.

The picture itself is not touched: no pixel is decoded. Only how it is to be turned stays, else a photo would lie on its
side. Known for JPEG, PNG and WebP; other kinds are kept as they came.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

_EXIF = b"Exif\0\0"
_PNG_TEXTS = {b"eXIf", b"tEXt", b"iTXt", b"zTXt", b"tIME"}
_WEBP_TEXTS = {b"EXIF", b"XMP "}


def pieces(kind: str, stream: BinaryIO) -> Iterator[bytes]:
    """The bytes to keep of a file that filetype.look has found whole."""
    stream.seek(0)
    yield from {"jpeg": _jpeg, "png": _png, "webp": _webp}.get(kind, _rest)(stream)


def _rest(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(262144):
        yield piece


def _jpeg(stream: BinaryIO) -> Iterator[bytes]:
    """Without EXIF and XMP (APP1), IPTC (APP13), comments, and the list of further pictures (MPF)."""
    yield stream.read(2)
    while len(sign := stream.read(2)) == 2:
        while sign == b"\xff\xff":
            sign = b"\xff" + stream.read(1)
        if sign == b"\xff\xda":
            yield sign
            break
        size = stream.read(2)
        data = stream.read(max(0, int.from_bytes(size) - 2))
        if sign == b"\xff\xe1" and data.startswith(_EXIF):
            yield _turned(_turn(data[len(_EXIF) :]))
        elif sign not in {b"\xff\xe1", b"\xff\xed", b"\xff\xfe"} and not (sign == b"\xff\xe2" and data[:4] == b"MPF\0"):
            yield sign + size + data
    yield from _rest(stream)


def _turn(tiff: bytes) -> int:
    """How the picture is to be turned, 1 to 8; 0 when it is not said."""
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        at = struct.unpack_from(order + "L", tiff, 4)[0]
        for n in range(min(struct.unpack_from(order + "H", tiff, at)[0], 200)):
            tag, kind, _count, value = struct.unpack_from(order + "HHLH", tiff, at + 2 + 12 * n)
            if tag == 0x0112 and kind == 3 and 1 <= value <= 8:
                return value
    except struct.error:
        pass  # a damaged note beside a whole picture: nothing of it is kept
    return 0


def _turned(turn: int) -> bytes:
    """An EXIF segment that says nothing else."""
    if turn in {0, 1}:
        return b""
    data = _EXIF + b"MM\0*" + struct.pack(">LHHHLHHL", 8, 1, 0x0112, 3, 1, turn, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data


def _png(stream: BinaryIO) -> Iterator[bytes]:
    yield stream.read(8)
    while len(head := stream.read(8)) == 8:
        size, name = struct.unpack(">L4s", head)
        data = stream.read(size + 4)
        if name not in _PNG_TEXTS:
            yield head + data
        if name == b"IEND":
            return  # what hangs on behind the picture is not part of it


def _webp(stream: BinaryIO) -> Iterator[bytes]:
    stream.seek(12)
    kept = []
    while len(head := stream.read(8)) == 8:
        name, size = head[:4], int.from_bytes(head[4:], "little")
        data = stream.read(size + size % 2)
        if name == b"VP8X" and data:
            data = bytes([data[0] & ~0x0C]) + data[1:]
        if name not in _WEBP_TEXTS:
            kept.append(head + data)
    yield b"RIFF" + struct.pack("<L", 4 + sum(map(len, kept))) + b"WEBP"
    yield from kept
