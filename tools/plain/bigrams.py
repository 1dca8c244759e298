"""Text as a search compares it, and the pieces that an index holds of it.

Japanese is written without blanks and many of its words have two characters, so the index holds each pair of
neighbours. Single characters are kept as well: a word of one character is found the same way.
"""

from __future__ import annotations

import re
import unicodedata

_NOTHING = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")
# ァ–ヶ, ヽ and ヾ stand 0x60 above their hiragana.
_KANA = {code: code - 0x60 for code in (*range(0x30A1, 0x30F7), 0x30FD, 0x30FE)}
_ZERO = 1 << 31  # the least number that four bytes with a sign hold


def fold(text: str) -> str:
    """One spelling for what reads the same: NFKC, lower case, katakana as hiragana, one blank between words."""
    plain = unicodedata.normalize("NFKC", _NOTHING.sub("", text)).casefold()
    # Lower case may leave what NFKC would put together once more.
    return " ".join(unicodedata.normalize("NFKC", plain).translate(_KANA).split())


def grams(folded: str) -> set[int]:
    """The single characters and the pairs of neighbours of a folded text, each as a number of four bytes.

    A pair of two characters of the basic plane has a number of its own; beyond it numbers may meet, so whoever asks
    the index has to look at the text again. Pairs across a blank are left out.
    """
    codes = [ord(one) & 0xFFFF for one in folded]
    pairs = {(a << 16 | b) - _ZERO for a, b in zip(codes, codes[1:], strict=False) if a != 32 and b != 32}
    return pairs | {code - _ZERO for code in set(codes) if code != 32}


def wanted(word: str) -> set[int]:
    """What the index must hold of a text in which the folded word (without blanks) stands."""
    return grams(word) if len(word) == 1 else grams(word) - grams_of_one(word)


def token(gram: int) -> str:
    """A piece as a word of letters and digits, for an index that takes only words."""
    return f"g{gram & 0xFFFFFFFF:x}"


def grams_of_one(folded: str) -> set[int]:
    """The numbers of the single characters alone."""
    return {(ord(one) & 0xFFFF) - _ZERO for one in folded if one != " "}
