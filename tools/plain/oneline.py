"""Text that has to fit on one line: names, subjects, headers."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f]")


def one_line(text: str) -> str:
    """Text fit for a header: no line break or control character, no character that turns the reading order."""
    return _BIDI.sub("", _CONTROL.sub(" ", text)).strip()[:300]
