"""Whether a password is one that many people choose, Japanese ones included, however it is dressed up."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

LIST = Path(__file__).with_name("commonwords.txt")
# Signs that stand for letters: p@ssw0rd.
DISGUISES = str.maketrans({"@": "a", "0": "o", "1": "i", "3": "e", "$": "s", "5": "s", "7": "t", "!": "i", "4": "a"})
ERA = re.compile(r"(reiwa|heisei|showa|令和|平成|昭和)(\d{1,2}|元)?(nen|年)?")


@cache
def words() -> frozenset[str]:
    """The list: one word a line, lower case; lines with # at their beginning are remarks."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def plain(password: str) -> str:
    """One spelling: NFKC, casefolded, without what stands around and between the words."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", password).casefold())


def is_common(password: str) -> bool:
    """Whether nothing is left when common words, years, eras and digits at the ends are taken away.

    `sakura2024`, `Doraemon!!1234`, `ｐａｓｓｗｏｒｄ`, `reiwa6nen`, `sakurasakura` and `qwertyqwerty1` are; so is one sign
    or one short group again and again, and a run of digits.
    """
    whole = plain(password)
    if not whole or whole.isdecimal() or _repeats(whole):
        return True
    for shape in {whole, whole.translate(DISGUISES), bare(password).translate(DISGUISES)}:
        if _is_made_of_words(shape):
            return True
    return False


def bare(password: str) -> str:
    """Only what stands before trailing digits and signs, with its disguises: `P@ssw0rd2024!` is `p@ssw0rd`."""
    folded = unicodedata.normalize("NFKC", password).casefold()
    return re.sub(r"[\d\W_]+$", "", folded)


def _repeats(text: str) -> bool:
    """Whether it is one group of up to four signs again and again."""
    return any(len(text) > size and text == (text[:size] * len(text))[: len(text)] for size in range(1, 5))


def _is_made_of_words(text: str) -> bool:
    """Whether a text of at most 128 signs is one to three common words, eras and groups of digits, and nothing else."""
    known, text = words(), text[:128]
    if ERA.fullmatch(text):
        return True
    reached = {0: 0}  # how far from the beginning, and with how few words
    for start in range(len(text)):
        if start not in reached or reached[start] > 3:
            continue
        if digits := re.match(r"\d+", text[start:]):
            reached.setdefault(start + digits.end(), reached[start])
        if era := ERA.match(text, start):
            _reach(reached, era.end(), reached[start] + 1)
        for end in range(start + 2, len(text) + 1):
            if text[start:end] in known:
                _reach(reached, end, reached[start] + 1)
    return reached.get(len(text), 9) <= 2 and len(text) > 0


def _reach(reached: dict[int, int], end: int, count: int) -> None:
    reached[end] = min(count, reached.get(end, count))
