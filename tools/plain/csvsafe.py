"""Lines of a CSV file that a spreadsheet shows as text, whatever stands in them.

A spreadsheet takes a cell that begins with = + - @ (or their wide forms, which Excel in Japan narrows) for a formula,
and some look past spaces, line ends and quotes before it. Such a cell gets an apostrophe in front, as OWASP advises
against CSV injection; each cell stands in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

BOM = "\ufeff"
"""Begins the file: Excel then reads it as UTF-8."""

_FORMULA = re.compile(
    r"""[\s\x00-\x20\u3000\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"'|%,;]*[=+\-@＝＋－＠−]|[\t\r\n]"""
)


def cell(text: str) -> str:
    """The text as a cell that is never a formula.

    >>> cell("見積書")
    '見積書'
    >>> cell("=1+1"), cell("  ＠SUM(A1)"), cell("-3")
    ("'=1+1", "'  ＠SUM(A1)", "'-3")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def plain(text: str) -> str:
    """What `cell` was given: the apostrophe goes again where it stands for nothing but safety.

    >>> plain("'=1+1"), plain("'24年度"), plain("'")
    ('=1+1', "'24年度", "'")
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def line(cells: Iterable[str]) -> str:
    """One line of the file, with its end.

    >>> print(line(["K-1", 'a "b" c', "=A1"]).strip())
    "K-1","a ""b"" c","'=A1"
    """
    return ",".join('"' + cell(one).replace("\x00", "").replace('"', '""') + '"' for one in cells) + "\r\n"
