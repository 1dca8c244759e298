"""Text as somebody typed or pasted it, without what nobody can see: ready to keep, to show and to search.

Two ways. `clean` is for what somebody writes: invisible characters that carry no meaning go, because they hide words
from the search and turn the reading order (CVE-2021-42574). `keep` is for an original that must stay as it was: what
could turn the order is written out (⟦U+202E⟧), nothing else changes. Plain Python.

Kept by both: joined emoji (👩‍💻), variants of a kanji (葛󠄀), letters of one's own (外字), marks of writing from right to left.
"""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n?|[\n\x0b\x0c\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TURNING = "\u202a-\u202e\u2066-\u2069"
_NOT_TEXT = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff"
_WRITTEN_OUT = re.compile(f"[{_TURNING}{_NOT_TEXT}]")
_UNSEEN = re.compile(
    f"[{_TURNING}{_NOT_TEXT}\u00ad\u061c\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]"
)

_VARIANTS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_JOINERS = re.compile("[\u200c\u200d]")
_STRAY_VARIANT = re.compile(rf"(?:^|(?<=[\s{_VARIANTS}]))[{_VARIANTS}]+")
# Tags spell the flags of England and its like, always after a black flag; elsewhere they only smuggle words.
_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)|[\U000e0000-\U000e007f]")

# NFC would turn 神 into 神 and 塚 into 塚: in a name that is another letter.
_COMPATIBLE = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f]+)")


MOST_MARKS = 30


def clean(text: str, *, lines: bool = True) -> str:
    """What somebody wrote, in one spelling (NFC) and without what cannot be seen.

    lines: whether it may have several; otherwise each line end and tab becomes a blank.

    >>> clean("か\\u3099\\u200b\\r\\n\\u202egnp.exe\\x00")
    'が\\ngnp.exe'
    >>> clean("件名\\r\\nBcc: x@example.jp", lines=False)
    '件名 Bcc: x@example.jp'
    """
    if text.isascii() and text.isprintable():
        return text
    text = _SURROGATE.sub("\ufffd", text)
    text = _LINE_ENDS.sub("\n", text)
    text = _UNSEEN.sub("", text)
    text = _TAGS.sub(lambda found: found[1] or "", text)
    if "\u200c" in text or "\u200d" in text:
        text = _JOINERS.sub(_joiner, text)
    text = _stream_safe(_STRAY_VARIANT.sub("", text))
    text = "".join(
        part if number % 2 else unicodedata.normalize("NFC", part)
        for number, part in enumerate(_COMPATIBLE.split(text))
    )
    return text if lines else text.replace("\n", " ").replace("\t", " ")


def keep(text: str) -> str:
    """An original: only what a database cannot hold or what turns the reading order is written out.

    >>> keep("\\ufeff1\\r\\n\\u202e2\\x00")
    '\\ufeff1\\r\\n⟦U+202E⟧2⟦U+0000⟧'
    """
    return _stream_safe(_WRITTEN_OUT.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", _SURROGATE.sub("\ufffd", text)))


def _joiner(found: re.Match[str]) -> str:
    """A joiner means something between emoji and inside the scripts that join; elsewhere it hides."""
    at = found.start()
    before, after = found.string[max(0, at - 2) : at], found.string[at + 1 : at + 2]
    if before[-1:] and before[-1] in "\ufe0f\ufe0e":
        before = before[:-1]
    return found[0] if before and after and _joins(before[-1]) and _joins(after) else ""


def _stream_safe(text: str) -> str:
    """No letter with more than 30 marks on it (UAX #15 D4): putting more in order takes the square of their number."""
    if text.isascii():
        return text
    out, marks, kept = [], 0, 0
    for place, letter in enumerate(text):
        if not unicodedata.combining(letter):
            marks = 0
        elif marks == MOST_MARKS:
            out.append(text[kept:place])
            kept, marks = place, 1
        else:
            marks += 1
    return "\u034f".join([*out, text[kept:]]) if out else text


def _joins(letter: str) -> bool:
    if unicodedata.category(letter) in {"So", "Sk", "Sm"}:  # emoji, their skin, ♀ ♂ and arrows
        return True
    code = ord(letter)
    return 0x0590 <= code <= 0x10FF or 0x1780 <= code <= 0x18AF or 0xA840 <= code <= 0xABFF
