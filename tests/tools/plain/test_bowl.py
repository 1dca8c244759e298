from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.shared import shared
from tools.plain import bowl
from tools.plain.bowl import Crack, crack, inside, place

PLACE_OF_K1 = 0.641597
LINE_OF_K1 = "M264.3 96.4 L257.6 104.5 L249.1 119.4 L244.6 132.3 L240.8 141.8 L239.0 158.6 L233.9 169.5 L232.3 179.1"


def points(path: str) -> list[tuple[float, float]]:
    assert re.fullmatch(r"M[\d.]+ [\d.]+( L[\d.]+ [\d.]+)+", path)
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_one_crack_is_the_same_for_ever():
    crack.cache_clear()
    first = crack("K-128")
    crack.cache_clear()
    assert crack("K-128") == first
    assert first.main.startswith("M")
    assert crack("K-129") != first


def test_a_known_crack_keeps_its_line_between_releases():
    assert points(crack("K-1").main)[0] == (round(crack("K-1").start[0], 1), round(crack("K-1").start[1], 1))
    assert round(place("K-1"), 6) == PLACE_OF_K1
    assert crack("K-1").main == LINE_OF_K1


@given(st.text(min_size=1, max_size=30))
def test_every_crack_lies_on_the_bowl(seed: str):
    drawn: Crack = crack(seed)
    assert 1 <= len(drawn.branches) <= 2
    for path in [drawn.main, *drawn.branches]:
        for x, y in points(path):
            assert 0 <= x <= bowl.WIDTH and 0 <= y <= bowl.HEIGHT
            assert inside((x, y)), (seed, x, y)


@given(st.integers(1, 1_000_000))
def test_thirty_neighbours_do_not_share_a_place(first: int):
    places = sorted(place(f"K-{first + n}") for n in range(30))
    gaps = [b - a for a, b in pairwise(places)]
    assert min(gaps) > 0.011  # even spacing would be 0.033


def test_the_outlines_are_those_of_the_design():
    page = shared("design/mockups/today.html").read_text(encoding="utf-8")
    assert f'viewBox="{bowl.VIEW_BOX}"' in page
    assert f'd="{bowl.BODY}"' in page
    assert f'd="{bowl.BODY_CLIP}"' in page
