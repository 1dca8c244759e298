"""Geometry of the why-tree: what happened on the left, the whys to the right of it. Pure numbers, always the same.

The page draws it as SVG and says the same as a list beside it; long labels are cut here and whole there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from tools.plain.wraptext import ems, wrap

BOX, TRACK_BOX = 196, 64  # a track with a longer name gets a wider one
GAP_X, GAP_Y = 40, 12
FONT, LINE, PAD = 13, 18, 9
MOST_NODES, MOST_DEPTH, MOST_LINES = 150, 12, 3


@dataclass(frozen=True)
class Node:
    """A box to draw. parent: key of another node that comes earlier; None for the one on the left."""

    key: str
    parent: str | None
    text: str
    kind: str = "why"  # "head", "track", "why", "root"


@dataclass(frozen=True)
class TextLine:
    x: int
    y: int
    text: str


@dataclass(frozen=True)
class Box:
    x: int
    y: int
    width: int
    height: int
    kind: str
    lines: list[TextLine]
    whole: str
    cut: bool


@dataclass(frozen=True)
class Drawing:
    """left_out: nodes that are not drawn because the tree is too large or too deep; the list beside it has them."""

    width: int
    height: int
    boxes: list[Box]
    edges: list[str]
    left_out: int


def layout(nodes: Sequence[Node]) -> Drawing:
    """Places the nodes so that no box touches another, each parent in the middle of its children."""
    depth: dict[str, int] = {}
    children: dict[str, list[str]] = {}
    drawn: dict[str, Node] = {}
    for node in nodes:
        if node.parent is None:
            depth[node.key] = 0
        elif node.parent in drawn and depth[node.parent] < MOST_DEPTH:
            depth[node.key] = depth[node.parent] + 1
            children.setdefault(node.parent, []).append(node.key)
        else:
            continue
        if len(drawn) == MOST_NODES:
            children.get(node.parent or "", [None]).pop()
            continue
        drawn[node.key] = node
    wide = {key: _track_width(node.text) if node.kind == "track" else BOX for key, node in drawn.items()}
    lefts = _columns(depth, wide)
    texts = {key: wrap(node.text, width=(wide[key] - 2 * PAD) / FONT, most=MOST_LINES) for key, node in drawn.items()}
    heights = {key: 2 * PAD + LINE * len(lines) - 2 for key, (lines, _cut) in texts.items()}
    extents: dict[str, int] = {}
    for key in reversed(drawn):  # children come after their parents
        below = [extents[child] for child in children.get(key, [])]
        extents[key] = max(heights[key], sum(below) + GAP_Y * max(len(below) - 1, 0))
    tops: dict[str, int] = {}
    cursor = 1
    for key, node in drawn.items():
        if node.parent is None:
            tops[key] = cursor
            cursor += extents[key] + GAP_Y
        below = children.get(key, [])
        block = sum(extents[child] for child in below) + GAP_Y * max(len(below) - 1, 0)
        top = tops[key] + (extents[key] - block) // 2
        for child in below:
            tops[child] = top
            top += extents[child] + GAP_Y
    boxes, edges = [], []
    middles: dict[str, tuple[int, int]] = {}
    for key, node in drawn.items():
        x, y = lefts[depth[key]], tops[key] + (extents[key] - heights[key]) // 2
        middles[key] = (x, y + heights[key] // 2)
        lines, cut = texts[key]
        placed = [TextLine(x + PAD, y + PAD + FONT - 1 + LINE * n, line) for n, line in enumerate(lines)]
        boxes.append(Box(x, y, wide[key], heights[key], node.kind, placed, node.text, cut))
        if node.parent is not None:
            px, py = middles[node.parent]
            start = px + wide[node.parent]
            bend = start + GAP_X // 2
            edges.append(f"M{start} {py}C{bend} {py} {bend} {middles[key][1]} {x} {middles[key][1]}")
    width = max((box.x + box.width for box in boxes), default=0) + 1
    height = max((box.y + box.height for box in boxes), default=0) + 1
    return Drawing(width, height, boxes, edges, len(nodes) - len(drawn))


def _track_width(name: str) -> int:
    return min(max(TRACK_BOX, ceil(ems(name) * FONT) + 2 * PAD), BOX)


def _columns(depth: dict[str, int], wide: dict[str, int]) -> list[int]:
    """Left edge of each depth: as far as the widest box before it, and a gap."""
    widest = [0] * (max((depth[key] for key in wide), default=0) + 1)
    for key, width in wide.items():
        widest[depth[key]] = max(widest[depth[key]], width)
    lefts = [1]
    for width in widest:
        lefts.append(lefts[-1] + width + GAP_X)
    return lefts
