"""What we write to people. Rendered when written, in the recipient's language; sending is somebody else's work."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f]")


@dataclass(frozen=True)
class Rendered:
    language: str
    subject: str
    text: str
    html: str


def one_line(text: str) -> str:
    """Text fit for a header: no line break or control character, no character that turns the reading order."""
    return _BIDI.sub("", _CONTROL.sub(" ", text)).strip()[:300]


def render(kind: str, *, language: str, context: dict[str, Any]) -> Rendered:
    """Render templates/letters/<kind>.subject.txt, .txt and .html in `language` ("ja" or "en")."""
    with translation.override(language):
        context = {**context, "language": language}
        return Rendered(
            language=language,
            subject=one_line(render_to_string(f"letters/{kind}.subject.txt", context)),
            text=re.sub(r"\n{3,}", "\n\n", render_to_string(f"letters/{kind}.txt", context)).strip() + "\n",
            html=render_to_string(f"letters/{kind}.html", context),
        )
