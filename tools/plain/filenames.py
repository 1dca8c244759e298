"""Names of files as other people gave them, fit to be kept, shown and saved again."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

LONGEST = 200
# What Windows takes for a device whatever ending stands behind it.
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in "123456789¹²³")}
_FORBIDDEN = re.compile(r'[<>:"|?*]')
# Controls, characters that turn the reading order or are not seen, lone surrogates, breaks of line and paragraph.
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def ending(name: str) -> str:
    """What stands behind the last point, in small letters: "pdf" of "見積書.PDF"; "" when there is none."""
    stem, point, last = name.rpartition(".")
    return last.lower() if point and stem else ""


def cleaned(name: str, *, nameless: str = "file") -> str:
    """The name without a path and without what would deceive an eye or break a disk; Japanese letters stay.

    nameless: what a name of which nothing is left is called instead; its ending stays.

    >>> cleaned("C:\\\\temp\\\\見積書.pdf"), cleaned("../../etc/passwd"), cleaned("nul.txt")
    ('見積書.pdf', 'passwd', '_nul.txt')
    """
    # As a Mac sends it, が is か and a mark of its own.
    text = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    text = "".join(" " if c in "\t\r\n" else c for c in text)
    text = "".join(c for c in text if unicodedata.category(c) not in _UNSEEN and not _is_nothing(c))
    text = re.sub(r"\s+", " ", _FORBIDDEN.sub("_", text)).rstrip(". ").lstrip()
    stem, point, last = text.rpartition(".")
    if not point:
        stem, last = text, ""
    stem, last = stem.strip(". "), last.strip()[:20]
    stem = stem or nameless
    if stem.partition(".")[0].rstrip(" ").upper() in _DEVICES:
        stem = f"_{stem}"
    tail = f".{last}" if last else ""
    return stem[: LONGEST - len(tail)].rstrip(". ") + tail


def _is_nothing(character: str) -> bool:
    """A place of Unicode that is no character, and the marks that are drawn as nothing at all."""
    number = ord(character)
    return number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF or character in "\u115f\u1160\u3164\uffa0"


def disposition(name: str) -> str:
    """The header that lets a browser keep a file instead of showing it (RFC 6266), with its name in RFC 5987's form.

    >>> disposition("見積書 1.pdf")
    'attachment; filename="___ 1.pdf"; filename*=UTF-8\\'\\'%E8%A6%8B%E7%A9%8D%E6%9B%B8%201.pdf'
    """
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%;' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
