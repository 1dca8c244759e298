"""A picture is kept without what it tells beside what it shows; how it is turned stays."""

from __future__ import annotations

import io
import struct
import tempfile

import pytest

from incidents.gateways import filetype, intake, metadata
from tests.incidents.gateways.test_filetype import TAKEN, upload
from tests.made_files import JPEG, PNG, WEBP, chunk, exif

XMP = b"\xff\xe1" + struct.pack(">H", 2 + 40) + b"http://ns.adobe.com/xap/1.0/\0<GPS 35.68>"
IPTC = b"\xff\xed" + struct.pack(">H", 2 + 18) + b"Photoshop 3.0\0GPS3"
ICC = b"\xff\xe2" + struct.pack(">H", 2 + 12) + b"ICC_PROFILE\0"
MPF = b"\xff\xe2" + struct.pack(">H", 2 + 8) + b"MPF\0GPS2"
COMMENT = b"\xff\xfe" + struct.pack(">H", 2 + 9) + "佐藤".encode() + b"GPS"


def kept(kind: str, data: bytes) -> bytes:
    return b"".join(metadata.pieces(kind, io.BytesIO(data)))


def with_segments(*segments: bytes) -> bytes:
    return JPEG[:20] + b"".join(segments) + JPEG[20:]


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_photo_loses_its_place_and_keeps_its_turn(turn, order):
    made = kept("jpeg", with_segments(exif(turn, order), XMP, IPTC, ICC, MPF, COMMENT))

    assert b"GPS" not in made
    wanted = (
        b""
        if turn == 1
        else b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1" + bytes([0, turn, 0, 0, 0, 0, 0, 0])
    )
    assert made == with_segments(wanted, ICC)
    assert filetype.look(io.BytesIO(made), len(made)) == "jpeg"


def test_spoiled_note_is_left_out_whole():
    for at in range(10, 60):
        segment = exif(6)
        spoiled = segment[:at] + b"\xff" * (len(segment) - at)
        assert b"GPS" not in kept("jpeg", with_segments(spoiled))


def test_drawing_loses_its_texts_and_what_hangs_on_behind():
    more = b"".join(chunk(name, b"GPS") for name in (b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"tIME"))
    assert kept("png", PNG[:33] + more + PNG[33:] + b"GPS behind") == PNG


def test_webp_loses_its_texts_and_says_its_new_length():
    whole = WEBP[12:]
    marked = b"VP8X" + struct.pack("<L", 10) + b"\x1c" + b"\0" * 9
    more = b"".join(name + struct.pack("<L", 3) + b"GPS\0" for name in (b"EXIF", b"XMP "))
    body = b"WEBP" + marked + whole + more
    made = kept("webp", b"RIFF" + struct.pack("<L", len(body)) + body)

    plain = b"WEBP" + b"VP8X" + struct.pack("<L", 10) + b"\x10" + b"\0" * 9 + whole
    assert made == b"RIFF" + struct.pack("<L", len(plain)) + plain
    assert filetype.look(io.BytesIO(made), len(made)) == "webp"


@pytest.mark.parametrize(("name", "data", "_type"), TAKEN, ids=[one[0] for one in TAKEN])
def test_what_tells_nothing_beside_stays_as_it_is(name, data, _type):
    assert kept(filetype.look(io.BytesIO(data), len(data)), data) == data


def test_kept_photo_is_the_one_without_its_place(media):
    received = intake.receive(upload("写真.jpg", with_segments(exif(6))))
    on_disk = (media / received.path).read_bytes()
    assert (b"GPS" in on_disk, received.size) == (False, len(on_disk))


def test_hostile_lengths_end():
    for data in (
        with_segments(b"\xff\xe0\x00\x00"),
        PNG[:8] + b"\xff\xff\xff\xffIDAT",
        WEBP[:12] + b"EXIF\xff\xff\xff\xff",
    ):
        for kind in ("jpeg", "png", "webp"):
            with tempfile.TemporaryFile() as file:  # a file's read() takes no negative length
                file.write(data)
                b"".join(metadata.pieces(kind, file))
