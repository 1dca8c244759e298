from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.plain.filenames import LONGEST, cleaned, disposition, ending


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("見積書.pdf", "見積書.pdf"),
        ("議事録（最終）②.docx", "議事録（最終）②.docx"),
        ("か\u3099き.txt", "がき.txt"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("C:\\Users\\sato\\見積.pdf", "見積.pdf"),
        ("/", "file"),
        ("..", "file"),
        ("", "file"),
        (".pdf", "file.pdf"),
        (".htaccess", "file.htaccess"),
        ("a\0b.pdf", "ab.pdf"),
        ("a\r\nb.pdf", "a b.pdf"),
        ("photo_\u202egpj.exe", "photo_gpj.exe"),
        ("zero\u200bwidth\ufeff.pdf", "zerowidth.pdf"),
        ("\ud800.pdf", "file.pdf"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("COM1.tar.gz", "_COM1.tar.gz"),
        ("LPT³.txt", "_LPT³.txt"),
        ("nul .pdf", "_nul.pdf"),
        ("console.txt", "console.txt"),
        ('a<b>:"|?*.pdf', "a_b______.pdf"),
        ("a.pdf. . .", "a.pdf"),
        ("  a  b\u3000c.pdf", "a b c.pdf"),
        ("👍🏽.png", "👍🏽.png"),
    ],
)
def test_name_is_fit_to_keep(given, kept):
    assert cleaned(given) == kept


def test_long_name_keeps_its_ending():
    assert cleaned("あ" * 300 + ".xlsx") == "あ" * (LONGEST - 5) + ".xlsx"


@given(st.text(max_size=400))
def test_every_name_becomes_one_that_any_disk_takes(name):
    kept = cleaned(name)
    assert 0 < len(kept) <= LONGEST
    assert (
        not set(kept) & set('/\\<>:"|?*\0\r\n\u202e')
        and kept not in {".", ".."}
        and kept[0] != "."
        and kept[-1] not in ". "
    )
    assert cleaned(kept) == kept


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=100))
def test_header_is_one_line_of_ascii(name):
    header = disposition(cleaned(name))
    assert header.startswith("attachment; ") and set(header) <= set(string.printable) - set("\r\n\t\x0b\x0c")
    assert header.count('"') == 2


def test_ending_is_what_stands_last():
    assert [ending(name) for name in ("a.PDF", "a.tar.gz", "a", ".pdf", "a.")] == ["pdf", "gz", "", "", ""]
