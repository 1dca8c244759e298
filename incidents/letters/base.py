"""What we write to people. Rendered when written, in the recipient's language; sending is somebody else's work."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from tools.plain.oneline import one_line


@dataclass(frozen=True)
class Rendered:
    language: str
    subject: str
    text: str
    html: str


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
