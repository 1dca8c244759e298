"""Wrapping, the why-tree and the fishbone: nothing runs over, nothing touches, the same input is the same picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.plain import causetree, fishbone
from tools.plain.causetree import Node
from tools.plain.fishbone import Bone, Entry
from tools.plain.wraptext import ems, wrap

FACTORS = ("道具", "手順", "情報", "環境", "管理", "人")


@pytest.mark.parametrize(
    ("text", "width", "most", "expected"),
    [
        ("", 5, 2, ([""], False)),
        ("宛先を見る手順がない", 5, 3, (["宛先を見る", "手順がない"], False)),
        ("宛先を見る手順がない", 5, 1, (["宛先を見…"], True)),
        ("候補から、選んだ", 4, 3, (["候補から、", "選んだ"], False)),  # a comma does not begin a line
        ("no check before sending", 6, 3, (["no check", "before", "sending"], False)),
        ("a" * 40, 5, 2, (["a" * 8, "a" * 7 + "…"], True)),
        ("改行\nと\t空白　も", 12, 3, (["改行 と 空白 も"], False)),
    ],
)
def test_wrapping(text, width, most, expected):
    assert wrap(text, width=width, most=most) == expected


def test_wide_letters_are_one_em():
    assert (ems("漢字"), ems("ab"), ems("か\u3099")) == (2, 1.12, 1)


@pytest.mark.parametrize("name", ["発生", "流出", "Occurrence", "Escape"])
def test_the_name_of_a_track_stays_on_one_line(name):
    drawing = causetree.layout(
        [Node("head", None, "誤送信"), Node("track", "head", name, "track"), Node("1", "track", "x")]
    )
    box = next(box for box in drawing.boxes if box.kind == "track")
    assert [line.text for line in box.lines] == [name]
    assert box.x + box.width < drawing.boxes[2].x


@given(st.text(max_size=300), st.integers(4, 20), st.integers(1, 5))
def test_no_line_runs_over(text, width, most):
    lines, cut = wrap(text, width=width, most=most)
    assert 1 <= len(lines) <= most
    # A closing mark may hang over by itself; so may the dots after it.
    assert all(
        ems(line.rstrip("、。，．・：；？！ー」』）】〉》〕］｝っゃゅょぁぃぅぇぉッャュョァィゥェォ,.:;?!)]}%％…"))
        <= width
        for line in lines
    )
    if not cut:
        assert "".join("".join(lines).split()) == "".join(text.split())


@st.composite
def trees(draw):
    nodes = [Node("0", None, draw(st.text(max_size=60)), "head")]
    for n in range(1, draw(st.integers(0, 40)) + 1):
        nodes.append(Node(str(n), str(draw(st.integers(0, n - 1))), draw(st.text(max_size=120))))
    return nodes


@given(trees())
def test_no_two_boxes_touch_and_all_are_inside(nodes):
    drawing = causetree.layout(nodes)
    assert drawing == causetree.layout(nodes)
    boxes = drawing.boxes
    assert len(boxes) + drawing.left_out == len(nodes)
    assert len(drawing.edges) == len(boxes) - 1
    for n, one in enumerate(boxes):
        assert 0 <= one.x and one.x + one.width <= drawing.width
        assert 0 <= one.y and one.y + one.height <= drawing.height
        for other in boxes[n + 1 :]:
            apart = one.x != other.x or one.y + one.height < other.y or other.y + other.height < one.y
            assert apart, (one, other)


def test_tree_is_drawn_from_left_to_right():
    drawing = causetree.layout(
        [Node("h", None, "誤送信", "head"), Node("a", "h", "候補から選んだ"), Node("b", "a", "名簿が古い", "root")]
    )
    assert [(box.x, box.kind, box.whole) for box in drawing.boxes] == [
        (1, "head", "誤送信"),
        (237, "why", "候補から選んだ"),
        (473, "root", "名簿が古い"),
    ]
    assert drawing.edges == ["M197 18C217 18 217 18 237 18", "M433 18C453 18 453 18 473 18"]


def test_very_large_tree_is_cut_and_says_so():
    wide = [Node("h", None, "x", "head"), *(Node(str(n), "h", "なぜ") for n in range(400))]
    deep = [Node("0", None, "x", "head"), *(Node(str(n), str(n - 1), "なぜ") for n in range(1, 400))]
    assert (len(causetree.layout(wide).boxes), causetree.layout(wide).left_out) == (150, 251)
    assert (len(causetree.layout(deep).boxes), causetree.layout(deep).left_out) == (13, 387)


@given(st.text(max_size=200), st.lists(st.lists(st.text(max_size=120), max_size=12), min_size=6, max_size=6))
def test_fishbone_stays_inside_its_frame(effect, causes):
    bones = [
        Bone(label, [Entry(text, n % 4, n % 2 == 0) for n, text in enumerate(texts)])
        for label, texts in zip(FACTORS, causes, strict=True)
    ]
    fish = fishbone.layout(effect, bones)
    assert fish == fishbone.layout(effect, bones)
    assert [rib.label for rib in fish.ribs] == list(FACTORS)
    for rib, texts in zip(fish.ribs, causes, strict=True):
        assert len(rib.marks) + rib.left_out == len(texts)
        for mark in rib.marks:
            for x, y, _line in mark.lines:
                assert 0 <= x <= fish.width
                assert 0 <= y <= fish.height
        assert 0 <= rib.label_y <= fish.height
    assert fish.head_y + fish.head_height <= fish.height
    assert fish.head_x + fish.head_width <= fish.width


def test_tools_stand_first_and_above():
    fish = fishbone.layout("誤送信", [Bone(label) for label in FACTORS])
    spine_y = int(fish.spine.split()[1].split("H")[0])
    assert [(rib.label, rib.label_y < spine_y) for rib in fish.ribs] == [
        ("道具", True),
        ("手順", True),
        ("情報", True),
        ("環境", False),
        ("管理", False),
        ("人", False),
    ]
    assert [rib.label_x for rib in fish.ribs[:3]] == [rib.label_x for rib in fish.ribs[3:]]
