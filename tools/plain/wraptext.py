"""Text in a drawing, where nothing wraps by itself. Widths are counted as East Asian text is set: a wide letter is one em."""

from __future__ import annotations

import re
import unicodedata

NARROW = 0.56  # ems of a letter that is not wide; a little more than most fonts, so that nothing runs over
_NO_START = "、。，．・：；？！ー」』）】〉》〕］｝っゃゅょぁぃぅぇぉッャュョァィゥェォ,.:;?!)]}%％"
_PIECE = re.compile(r"[!-~]+|\s|.", re.DOTALL)


def ems(text: str) -> float:
    """Width of `text` in ems."""
    return sum(_em(letter) for letter in text)


def _em(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    return 1.0 if unicodedata.east_asian_width(letter) in "WFA" else NARROW


def wrap(text: str, *, width: float, most: int) -> tuple[list[str], bool]:
    """Lines of at most `width` ems, at most `most` of them, and whether something was cut (then the last ends in …).

    Latin words stay whole where they fit; a line does not begin with a closing mark. Blanks are one space.
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(" ".join(text.split()), width):
        if ems(line + piece) <= width or (piece in _NO_START and ems(line) <= width):
            line += piece
            continue
        lines.append(line.rstrip())
        line = "" if piece == " " else piece
        if len(lines) > most:
            break
    if line.strip() or not lines:
        lines.append(line.rstrip())
    if len(lines) <= most:
        return lines, False
    lines = lines[:most]
    last = lines[-1]
    while last and ems(last) + 1 > width:
        last = last[:-1]
    return [*lines[:-1], f"{last}…"], True


def _pieces(text: str, width: float) -> list[str]:
    """What may not be broken: a Latin word, or one letter; a word longer than a line is broken after all."""
    cut = max(1, int(width / NARROW))  # a run of Latin letters; everything else is one letter anyway
    return [piece[start : start + cut] for piece in _PIECE.findall(text) for start in range(0, len(piece), cut)]
