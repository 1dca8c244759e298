"""Geometry of the team's bowl (器): where each incident's crack runs. Numbers in, SVG path data out.

A crack's place and shape come from the incident's id alone. So a crack never moves when another is added, closed
or filtered away, and the same link always shows the same line (B-17: 「同じ継ぎ目」).
"""

from __future__ import annotations

import hashlib
import math
import random
import re
from dataclasses import dataclass, field
from functools import lru_cache

WIDTH, HEIGHT = 420, 260
VIEW_BOX = f"0 0 {WIDTH} {HEIGHT}"
CENTRE_X, RIM_Y, RIM_RX, RIM_RY = 210.0, 64.0, 180.0, 34.0

BODY = "M30 64 C34 150 96 214 160 222 L160 236 Q210 246 260 236 L260 222 C324 214 386 150 390 64 Z"
"""Outline of the body, to be filled with the glaze."""
BODY_CLIP = "M30 64 C34 150 96 214 160 222 L160 236 Q210 246 260 236 L260 222 C324 214 386 150 390 64 Q210 112 30 64Z"
"""The body without the opening: clip path for the cracks."""
RIM = {"cx": CENTRE_X, "cy": RIM_Y, "rx": RIM_RX, "ry": RIM_RY}
"""Ellipse of the rim (and of the inside)."""
SHADOW = {"cx": CENTRE_X, "cy": 244.0, "rx": 120.0, "ry": 9.0}

_FIRST_ANGLE, _LAST_ANGLE = 28.0, 152.0  # degrees along the front of the rim, right to left
_GOLDEN = (math.sqrt(5) - 1) / 2
_BOTTOM = 214.0
_MARGIN = 8.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Crack:
    """One crack: path data of its main line and of its branches; `start` lies on the rim."""

    main: str
    branches: list[str] = field(default_factory=list)
    start: Point = (CENTRE_X, RIM_Y + RIM_RY)


def place(seed: str) -> float:
    """Where along the front rim the crack of this id begins: 0 (left) up to 1 (right).

    Numbers such as K-128 are spread by the golden ratio, which keeps any run of neighbouring numbers as far
    apart as can be; ids without a number are spread by their hash.
    """
    number = re.search(r"(\d{1,12})$", seed)
    if number:
        prefix = seed[: number.start()]
        shift = _fraction(prefix) if prefix else 0.0
        return (int(number[1]) * _GOLDEN + shift) % 1.0
    return _fraction(seed)


@lru_cache(maxsize=4096)
def crack(seed: str) -> Crack:
    """The crack of one incident.

    Args:
        seed: the incident's lasting id, such as its reference. The only thing the answer depends on.

    Returns:
        Path data (`M x y L x y …`) inside the bowl's body, one decimal, in units of VIEW_BOX.
    """
    dice = random.Random(hashlib.sha256(seed.encode()).digest())
    angle = math.radians(_LAST_ANGLE - (_LAST_ANGLE - _FIRST_ANGLE) * place(seed))
    start = (CENTRE_X + RIM_RX * math.cos(angle), RIM_Y + RIM_RY * math.sin(angle))
    aim = (CENTRE_X + (start[0] - CENTRE_X) * dice.uniform(0.12, 0.4), dice.uniform(168, 208))
    main = _line(dice, start, aim, steps=dice.randint(5, 8), unrest=8.0)
    branches = []
    for _ in range(dice.choice((1, 1, 1, 2))):
        root = main[dice.randint(2, len(main) - 2)]
        side = dice.choice((-1, 1))
        tip = (root[0] + side * dice.uniform(18, 52), root[1] + dice.uniform(20, 48))
        branches.append(_line(dice, root, tip, steps=dice.randint(4, 7), unrest=5.0))
    return Crack(_path(main), [_path(branch) for branch in branches], start)


def half_width(y: float) -> float:
    """Half of the body's width at height y, in units of VIEW_BOX; 0 above the rim and below the foot."""
    if not RIM_Y <= y <= 240:
        return 0.0
    if y >= 222:
        return 50.0
    low, high = 0.0, 1.0  # the outline's curve M30 64 C34 150 96 214 160 222; y grows with t
    for _ in range(30):
        t = (low + high) / 2
        if _bezier(t, 64, 150, 214, 222) < y:
            low = t
        else:
            high = t
    return CENTRE_X - _bezier(low, 30, 34, 96, 160)


def inside(point: Point) -> bool:
    """Whether a point lies on the visible outside of the bowl, rim included."""
    x, y = point
    across = (x - CENTRE_X) / RIM_RX
    if abs(across) > 1:
        return False
    front = RIM_Y + RIM_RY * math.sqrt(1 - across * across)
    return front - 0.1 <= y and abs(x - CENTRE_X) <= half_width(y)


def _fraction(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64


def _bezier(t: float, a: float, b: float, c: float, d: float) -> float:
    s = 1 - t
    return a * s**3 + 3 * b * s * s * t + 3 * c * s * t * t + d * t**3


def _line(dice: random.Random, start: Point, end: Point, steps: int, unrest: float) -> list[Point]:
    points = [start]
    for step in range(1, steps + 1):
        part = step / steps
        x = start[0] + (end[0] - start[0]) * part + dice.uniform(-unrest, unrest)
        y = start[1] + (end[1] - start[1]) * part + dice.uniform(-unrest, unrest) * 0.6
        points.append(_kept_inside(x, y))
    return points


def _kept_inside(x: float, y: float) -> Point:
    y = min(max(y, RIM_Y + 20), _BOTTOM)
    room = half_width(y) - _MARGIN
    x = min(max(x, CENTRE_X - room), CENTRE_X + room)
    across = (x - CENTRE_X) / RIM_RX
    return x, max(y, RIM_Y + RIM_RY * math.sqrt(1 - across * across) + 1)


def _path(points: list[Point]) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
