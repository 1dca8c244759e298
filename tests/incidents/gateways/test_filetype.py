"""Each file of the corpus and what becomes of it: taken under its kind, or not taken and why (hardening.md, 3 b)."""

from __future__ import annotations

import io
import zipfile

import pytest

from incidents.errors import Refused
from incidents.gateways import filetype, intake
from tests import made_files as made
from tests.made_files import (
    ELF,
    GIF,
    JPEG,
    MAIL,
    MZ,
    PDF,
    PNG,
    WEBP,
    compound,
    heic,
    office,
    overlapping,
    tiff,
    with_flag,
    with_size,
    zipped,
)
from tests.speed import within
from ushiro.uploads import Received

PLAIN_ZIP = zipped({"メモ.txt": "一行", "sub/b.pdf": PDF})
BIG = b"\0" * (11 * 1024 * 1024)
LIES = with_size(zipped({"a.txt": b"\0" * 900_000}), 10)

TAKEN = [
    ("見積書.pdf", PDF, "application/pdf"),
    ("SCAN.PDF", PDF, "application/pdf"),
    ("後ろに少し.pdf", PDF + b"\n\0\0\0", "application/pdf"),
    ("画面.png", PNG, "image/png"),
    ("写真.jpg", JPEG, "image/jpeg"),
    ("写真.JPEG", JPEG, "image/jpeg"),
    ("動く写真.jpg", JPEG + b"\0\0\0\x18ftypmp42" + b"\0" * 40, "image/jpeg"),
    ("a.gif", GIF, "image/gif"),
    ("a87.gif", GIF.replace(b"89a", b"87a"), "image/gif"),
    ("a.webp", WEBP, "image/webp"),
    ("IMG_0001.HEIC", heic(), "image/heic"),
    ("a.heif", heic(b"mif1"), "image/heic"),
    ("fax.tif", tiff(), "image/tiff"),
    ("fax.tiff", tiff(">"), "image/tiff"),
    ("手順書.docx", office("docx"), filetype.KINDS["docx"].media_type),
    ("台帳.xlsx", office("xlsx"), filetype.KINDS["xlsx"].media_type),
    ("説明.pptx", office("pptx"), filetype.KINDS["pptx"].media_type),
    ("utf16.xlsx", office("xlsx", coding="utf-16"), filetype.KINDS["xlsx"].media_type),
    ("埋め込み.docx", office("docx", {"word/embeddings/a.xlsx": office("xlsx")}), filetype.KINDS["docx"].media_type),
    ("stored.xlsx", office("xlsx", {"xl/media/a.png": PNG}), filetype.KINDS["xlsx"].media_type),
    ("古い.doc", compound("WordDocument", "1Table"), "application/msword"),
    ("中に表.doc", compound("ObjectPool", "WordDocument", deeper=("Workbook",)), "application/msword"),
    ("古い.xls", compound("Workbook"), "application/vnd.ms-excel"),
    ("もっと古い.xls", compound("Book"), "application/vnd.ms-excel"),
    ("古い.ppt", compound("PowerPoint Document", "Current User"), "application/vnd.ms-powerpoint"),
    ("届いた.msg", compound("__properties_version1.0", "__substg1.0_0037001F"), "application/vnd.ms-outlook"),
    ("まとめ.zip", PLAIN_ZIP, "application/zip"),
    ("そのまま.zip", zipped({"a.txt": "a"}, method=zipfile.ZIP_STORED), "application/zip"),
    ("folders.zip", zipped({"d/": "", "d/a.txt": "a"}), "application/zip"),
    ("文書入り.zip", zipped({"a.docx": office("docx")}), "application/zip"),
    ("届いた.eml", MAIL.encode(), "message/rfc822"),
    ("jis.eml", MAIL.encode("iso2022_jp"), "message/rfc822"),
    ("mbox.eml", b"From sato Tue Nov 24\n" + MAIL.encode(), "message/rfc822"),
    ("メールの写し.txt", MAIL.encode(), "message/rfc822"),
    ("メモ.txt", "請求書を再送した。\n".encode(), "text/plain"),
    ("sjis.txt", "請求書を再送した。\r\n".encode("cp932"), "text/plain"),
    ("外字.txt", "髙橋①㈱".encode("cp932"), "text/plain"),
    ("bom.txt", b"\xef\xbb\xbf" + "あ".encode(), "text/plain"),
    ("utf16.txt", "あいう".encode("utf-16"), "text/plain"),
    ("jis.txt", "あいう".encode("iso2022_jp"), "text/plain"),
    ("emoji.txt", "👨‍👩‍👧 ok".encode(), "text/plain"),
    ("a.log", b"2026-11-24 09:30 start\n", "text/plain"),
    ("表.csv", "番号,件名\n1,あ\n".encode("cp932"), "text/plain"),
    ("式.csv", b"=1+1,+2\n", "text/plain"),
    ("from.csv", b"date: a\nsubject: b\n\n1\n", "message/rfc822"),
    ("表.tsv", b"a\tb\n", "text/plain"),
    ("短い.txt", b"a", "text/plain"),
    ("MZ-80.txt", "MZ-80 の修理メモ".encode(), "text/plain"),
    ("小なり.txt", b"1 < 2 and 3 > 2", "text/plain"),
    ("途中に.txt", ("あ" * 500 + "<html> と書いてあった").encode(), "text/plain"),
    ("境目.txt", ("あ" * 100_000).encode(), "text/plain"),
]

MACRO_BIN = {"word/vbaProject.bin": b"x"}
REFUSED = [
    # nothing there
    ("空.pdf", b"", "file_empty"),
    ("空.txt", b"", "file_empty"),
    # the name says something else
    ("写真.png", JPEG, "file_ending"),
    ("写真.jpg", PNG, "file_ending"),
    ("見積.pdf", PNG, "file_ending"),
    ("見積.docx", PDF, "file_ending"),
    ("台帳.docx", office("xlsx"), "file_ending"),
    ("台帳.zip", office("xlsx"), "file_ending"),
    ("まとめ.docx", PLAIN_ZIP, "file_ending"),
    ("まとめ.jar", PLAIN_ZIP, "file_ending"),
    ("古い.xls", compound("WordDocument"), "file_ending"),
    ("新しい.xlsx", compound("Workbook"), "file_ending"),
    ("a.msg", MAIL.encode(), "file_ending"),
    ("a.eml", "ただの文字です。".encode(), "file_ending"),
    ("終わりがない", PDF, "file_ending"),
    ("見積書.pdf.exe", PDF, "file_ending"),
    ("見積書\u202efdp.exe", PDF, "file_ending"),
    ("a.pdf ", PNG, "file_ending"),
    ("a.html", b"just words", "file_ending"),
    ("a.svg", PNG, "file_ending"),
    ("a.js", b"alert(1)", "file_ending"),
    ("a.bat", b"@echo off\r\ndel *.*", "file_ending"),
    ("a.ps1", b"Get-Process", "file_ending"),
    ("a.vbs", b'MsgBox "x"', "file_ending"),
    ("a.xlsm", office("xlsx"), "file_ending"),
    ("a.rtf", rb"{\rtf1 a}", "file_ending"),
    ("rtf.doc", rb"{\rtf1 a}", "file_ending"),
    # programs
    ("a.exe", MZ, "file_program"),
    ("見積書.pdf", MZ, "file_program"),
    ("a.txt", MZ, "file_program"),
    ("a.png", ELF, "file_program"),
    ("a.zip", b"\xca\xfe\xba\xbe\0\0\0\x34", "file_program"),
    ("mac.pdf", b"\xcf\xfa\xed\xfe" + b"\0" * 30, "file_program"),
    ("a.wasm", b"\0asm\1\0\0\0", "file_program"),
    ("近道.txt", b"L\0\0\0\1\x14\2\0" + b"\0" * 70, "file_program"),
    ("a.chm", b"ITSF\3\0\0\0" + b"\0" * 50, "file_program"),
    ("a.cab", b"MSCF\0\0\0\0" + b"\0" * 50, "file_program"),
    ("a.txt", b"#!/bin/sh\nrm -rf /\n", "file_program"),
    ("bom.txt", b"\xef\xbb\xbf#!/usr/bin/python\n", "file_program"),
    ("中に.zip", zipped({"invoice.exe": MZ}), "file_program"),
    ("中に.zip", zipped({"a/b/見積.pdf.js": "x"}), "file_program"),
    ("末尾.zip", zipped({"invoice.EXE. ": MZ}), "file_program"),
    ("jar.zip", zipped({"META-INF/MANIFEST.MF": "a", "A.class": b"x"}), "file_program"),
    ("中の中.zip", zipped({"inner.zip": PLAIN_ZIP}), "file_program"),
    ("中の中.zip", zipped({"inner.7z": b"7z"}), "file_program"),
    ("外へ.zip", zipped({"../../etc/cron.d/x": "x"}), "file_program"),
    ("外へ.zip", zipped({"/etc/x": "x"}), "file_program"),
    ("外へ.zip", zipped({"C:\\windows\\x.txt": "x"}), "file_program"),
    ("中に.docx", office("docx", {"word/embeddings/a.exe": MZ}), "file_program"),
    # pages
    ("a.html", b"<!DOCTYPE html><script>alert(1)</script>", "file_page"),
    ("a.txt", b"<html><body>", "file_page"),
    ("a.txt", b"  \r\n\t<ScRiPt>alert(1)</script>", "file_page"),
    ("a.csv", b"\xef\xbb\xbf<svg onload=alert(1)>", "file_page"),
    ("a.txt", "<html>".encode("utf-16"), "file_page"),
    ("a.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "file_page"),
    ("a.txt", b"<!-- x --><svg>", "file_page"),
    ("a.eml", b"<iframe src=x>", "file_page"),
    ("a.php", b"<?php system('id');", "file_page"),
    ("a.txt", b"<a href=javascript:alert(1)>", "file_page"),
    # macros
    ("a.docm", office("docm"), "file_macros"),
    ("改名.docx", office("docm"), "file_macros"),
    ("a.xlsm", office("xlsm"), "file_macros"),
    ("改名.xlsx", office("xlsm"), "file_macros"),
    ("a.pptm", office("pptm"), "file_macros"),
    ("a.xlsb", office("xlsb"), "file_macros"),
    ("utf16.xlsx", office("xlsm", coding="utf-16"), "file_macros"),
    ("隠した.docx", office("docx", MACRO_BIN), "file_macros"),
    ("隠した.xlsx", office("xlsx", {"xl/VBAPROJECT.BIN": b"x"}), "file_macros"),
    ("中に.zip", zipped({"a.xlsm": office("xlsm")}), "file_macros"),
    ("中に.docx", office("docx", {"word/embeddings/a.xlsm": office("xlsm")}), "file_macros"),
    ("古い.doc", compound("WordDocument", "Macros", deeper=("VBA",)), "file_macros"),
    ("古い.xls", compound("_VBA_PROJECT_CUR", "Workbook", deeper=("VBA", "dir")), "file_macros"),
    # locked
    ("鍵.zip", with_flag(PLAIN_ZIP, 1), "file_encrypted"),
    ("強い鍵.zip", with_flag(PLAIN_ZIP, 0x41), "file_encrypted"),
    ("鍵.docx", compound("EncryptionInfo", "EncryptedPackage"), "file_encrypted"),
    ("鍵.xlsx", compound("EncryptedPackage"), "file_encrypted"),
    # bombs
    ("比.zip", zipped({"a.txt": BIG}), "file_bomb"),
    ("比.xlsx", office("xlsx", {"xl/worksheets/sheet1.xml": BIG}), "file_bomb"),
    ("多い.zip", zipped({f"{n}.txt": "" for n in range(1_001)}), "file_bomb"),
    ("うそ.zip", LIES, "file_bomb"),
    ("重なり.zip", overlapping(), "file_bomb"),
    ("大きい.zip", with_size(PLAIN_ZIP, 0x7FFFFFFF), "file_bomb"),
    # cut off or damaged
    ("切れた.pdf", PDF[:-10], "file_broken"),
    ("切れた.png", PNG[:-6], "file_broken"),
    ("頭だけ.png", PNG[:8], "file_broken"),
    ("切れた.jpg", JPEG[:-2], "file_broken"),
    ("頭だけ.jpg", JPEG[:20], "file_broken"),
    ("長さのない.jpg", JPEG[:20] + b"\xff\xe0\0\0" + JPEG[20:], "file_broken"),
    ("切れた.gif", GIF[:-1], "file_broken"),
    ("切れた.webp", WEBP[:-8], "file_broken"),
    ("切れた.heic", heic()[:-5], "file_broken"),
    ("切れた.tif", tiff()[:-6], "file_broken"),
    ("回る.tif", b"II*\0\0\0\0\0" + b"\0" * 40, "file_broken"),
    ("切れた.zip", PLAIN_ZIP[:-10], "file_broken"),
    ("頭だけ.zip", PLAIN_ZIP[:40], "file_broken"),
    ("切れた.docx", office("docx")[:-40], "file_broken"),
    ("小さく言う.zip", with_size(zipped({"a.txt": "abc"}), 9), "file_broken"),
    ("切れた.doc", compound("WordDocument")[:900], "file_broken"),
    ("輪.doc", compound("WordDocument").replace(b"\xfd\xff\xff\xff\xfe\xff\xff\xff", b"\xfd\xff\xff\xff\1\0\0\0"), "file_broken"),
    # two in one
    ("二つ.gif", GIF + PLAIN_ZIP, "file_double"),
    ("二つ.pdf", PDF + zipped({"A.class": b"x"}), "file_double"),
    ("二つ.png", PNG + PLAIN_ZIP, "file_double"),
    ("二つ.jpg", JPEG + PLAIN_ZIP, "file_double"),
    ("頁.gif", GIF[:6] + b"/*<script>alert(1)</script>*/" + GIF[6:], "file_double"),
    ("頁.jpg", JPEG[:20] + b"\xff\xfe\x00\x20<!doctype html><html><script>" + JPEG[20:], "file_double"),
    ("頁.pdf", b"%PDF-1.4\n<html><script>1</script>\n%%EOF", "file_double"),
    ("前に.zip", b"PK\x03\x04xx" + PLAIN_ZIP, "file_broken"),
    ("二重.zip", PLAIN_ZIP + PLAIN_ZIP, "file_broken"),
    # unknown
    ("a.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 40, "file_unknown"),
    ("a.avif", heic(b"avif"), "file_unknown"),
    ("a.7z", b"7z\xbc\xaf\x27\x1c\0\4" + b"\0" * 30, "file_unknown"),
    ("a.rar", b"Rar!\x1a\7\1\0" + b"\0" * 30, "file_unknown"),
    ("a.gz", b"\x1f\x8b\x08\0\0\0\0\0", "file_unknown"),
    ("a.bin", bytes(range(256)) * 4, "file_unknown"),
    ("nul.txt", b"abc\0def", "file_unknown"),
    ("壊れ.txt", b"\xff\xfe\xfd\xfc\x81", "file_unknown"),
    ("ひな形.dotx", office("dotx"), "file_unknown"),
    ("一太郎.jtd", compound("DocumentText"), "file_unknown"),
    ("二股.doc", compound("WordDocument", "Workbook"), "file_unknown"),
    ("bmp.png", b"BM\x9a\0\0\0\0\0\0\0" + b"\0" * 40, "file_unknown"),
]  # fmt: skip


def upload(name: str, data: bytes) -> Received:
    return Received(io.BytesIO(data), name, len(data))


def test_corpus_is_large_enough():
    assert len(TAKEN) + len(REFUSED) >= 120


@pytest.mark.parametrize(("name", "data", "media_type"), TAKEN, ids=[one[0] for one in TAKEN])
def test_is_taken_under_its_own_kind(media, name, data, media_type):
    received = intake.receive(upload(name, data))

    assert (received.media_type, received.size) == (media_type, len(data))
    assert (media / received.path).read_bytes() == data


@pytest.mark.parametrize(("name", "data", "code"), REFUSED, ids=[f"{one[2]} {one[0]}" for one in REFUSED])
def test_is_not_taken_and_says_why(media, name, data, code):
    with within(1), pytest.raises(Refused) as refusal:
        intake.receive(upload(name, data))

    assert refusal.value.code == code
    assert str(refusal.value.reason) and str(refusal.value.fix)
    assert [file for file in media.rglob("*") if file.is_file()] == []


def test_every_cut_of_every_kind_ends_in_an_answer():
    """Wherever a file is cut off: a kind or a flaw, never a fault."""
    for name, data, _kind in TAKEN:
        for at in {*range(0, min(len(data), 700), 7), len(data) - 1}:
            try:
                assert filetype.look(io.BytesIO(data[:at]), at) in filetype.KINDS, name
            except filetype.Bad as bad:
                assert bad.flaw


def test_every_flipped_byte_of_a_container_ends_in_an_answer():
    for data in (
        PLAIN_ZIP,
        office("docx"),
        compound("WordDocument", "Macros", deeper=("VBA",)),
        heic(),
        tiff(),
        JPEG,
        PNG,
    ):
        for at in range(len(data)):
            for value in (0, 0x7F, 0xFF):
                spoiled = data[:at] + bytes([value]) + data[at + 1 :]
                try:
                    assert filetype.look(io.BytesIO(spoiled), len(spoiled)) in filetype.KINDS
                except filetype.Bad as bad:
                    assert bad.flaw


def test_too_large_is_told_with_the_limit(media, settings):
    settings.UPLOAD_FILE_BYTES = 10
    with pytest.raises(Refused) as refusal:
        intake.receive(upload("a.txt", b"12345678901"))

    assert refusal.value.code == "file_too_large"


def test_doubtful_types_go_out_as_plain_bytes():
    plain = {"text", "eml", "msg", "doc", "xls", "ppt"}
    assert {name for name, kind in filetype.KINDS.items() if kind.served == "application/octet-stream"} == plain
    assert filetype.served("text/html") == filetype.served("image/svg+xml") == "application/octet-stream"


def test_made_files_are_what_they_say():
    """The corpus proves something only if other programs read it the same way."""
    with zipfile.ZipFile(io.BytesIO(made.office("xlsx"))) as book:
        assert book.testzip() is None
