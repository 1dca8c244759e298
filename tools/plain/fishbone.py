"""Geometry of the fishbone (特性要因図): the effect as the head on the right, one bone a factor, causes along the bones.

The bones keep the order in which they come (tools first); the first half stands above the spine. Pure numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.plain.wraptext import wrap

COLUMN, SLANT = 240, 44
HEAD = 190
FONT, LINE, GAP = 13, 17, 9
LABEL = 28
MARGIN = 12
LEAST = 84  # height of a half without causes
MOST_ENTRIES = 8  # a bone; the table beside it has all


@dataclass(frozen=True)
class Entry:
    """A cause on a bone; level 0 lies nearest to the effect, the next ones lead on to the root."""

    text: str
    level: int = 0
    root: bool = False


@dataclass(frozen=True)
class Bone:
    label: str
    entries: Sequence[Entry] = ()


@dataclass(frozen=True)
class Mark:
    """A piece of text: its lines with their places."""

    lines: list[tuple[int, int, str]]
    root: bool
    whole: str
    cut: bool


@dataclass(frozen=True)
class Rib:
    """A bone as it is drawn: its line, its label's place, its causes and the twigs on which they stand."""

    path: str
    label: str
    label_x: int
    label_y: int
    marks: list[Mark]
    twigs: list[str]
    left_out: int


@dataclass(frozen=True)
class Fish:
    width: int
    height: int
    spine: str
    ribs: list[Rib]
    head_x: int
    head_y: int
    head_width: int
    head_height: int
    head: Mark


def layout(effect: str, bones: Sequence[Bone]) -> Fish:
    """Places effect and bones; each text stays within its column."""
    half = (len(bones) + 1) // 2
    upper, lower = list(bones[:half]), list(bones[half:])
    above, below = (_height(group) for group in (upper, lower))
    spine_y = MARGIN + above
    body = MARGIN + max(half, 1) * COLUMN
    head_lines, head_cut = wrap(effect, width=(HEAD - 24) / FONT, most=5)
    head_height = 24 + LINE * len(head_lines)
    head_x = body + SLANT
    height = max(spine_y + below + MARGIN, spine_y + head_height // 2 + MARGIN)
    ribs = [_rib(bone, n, spine_y, above, up=True) for n, bone in enumerate(upper)]
    ribs += [_rib(bone, n, spine_y, below, up=False) for n, bone in enumerate(lower)]
    head_y = max(spine_y - head_height // 2, 1)
    head = [(head_x + 12, head_y + 12 + FONT + LINE * n, line) for n, line in enumerate(head_lines)]
    return Fish(
        width=head_x + HEAD + MARGIN,
        height=height,
        spine=f"M{MARGIN} {spine_y}H{head_x}",
        ribs=ribs,
        head_x=head_x,
        head_y=head_y,
        head_width=HEAD,
        head_height=head_height,
        head=Mark(head, False, effect, head_cut),
    )


def _room(entry: Entry) -> float:
    return (COLUMN - SLANT - 30 - 12 * min(entry.level, 3)) / FONT


def _tall(entry: Entry) -> int:
    lines, _cut = wrap(entry.text, width=_room(entry), most=2)
    return LINE * len(lines) + GAP


def _height(group: Sequence[Bone]) -> int:
    tallest = max((sum(_tall(entry) for entry in bone.entries[:MOST_ENTRIES]) for bone in group), default=0)
    return max(LEAST, LABEL + 14 + tallest + 10)


def _rib(bone: Bone, column: int, spine_y: int, tall: int, *, up: bool) -> Rib:
    foot_x = MARGIN + (column + 1) * COLUMN - 14  # where it meets the spine
    tip_x = foot_x - SLANT
    tip_y = spine_y - tall + LABEL if up else spine_y + tall - LABEL
    marks, twigs = [], []
    left = MARGIN + column * COLUMN + 4
    y = tip_y + 8 if up else spine_y + 10
    for entry in bone.entries[:MOST_ENTRIES]:
        lines, cut = wrap(entry.text, width=_room(entry), most=2)
        x = left + 12 * min(entry.level, 3)
        placed = [(x, y + FONT + LINE * n, line) for n, line in enumerate(lines)]
        under = y + LINE * len(lines) + 2
        far = abs(spine_y - under) / max(abs(spine_y - tip_y), 1)
        twigs.append(f"M{x} {under}H{round(foot_x - SLANT * far)}")
        marks.append(Mark(placed, entry.root, entry.text, cut))
        y += LINE * len(lines) + GAP
    return Rib(
        path=f"M{tip_x} {tip_y}L{foot_x} {spine_y}",
        label=bone.label,
        label_x=tip_x,
        label_y=tip_y - 9 if up else tip_y + 19,
        marks=marks,
        twigs=twigs,
        left_out=max(len(bone.entries) - MOST_ENTRIES, 0),
    )
