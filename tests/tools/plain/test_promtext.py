from __future__ import annotations

import pytest

from tools.plain.promtext import Gauge, Sample, render


def test_values_and_labels_are_written_as_the_format_wants_them():
    gauge = Gauge(
        "ushiro_x_seconds",
        "Two\nlines and a \\.",
        (
            Sample(0),
            Sample(-1.5, {"a": 'quote " back \\ line \n 日本'}),
            Sample(1795752000.25, {"a": "1", "b": "2"}),
            Sample(float("inf"), {"a": "inf"}),
            Sample(float("-inf"), {"a": "-inf"}),
            Sample(float("nan"), {"a": "nan"}),
            Sample(True, {"a": "true"}),
        ),
    )
    assert render([gauge, Gauge("none", "Nothing yet.", ())]).split("\n") == [
        "# HELP ushiro_x_seconds Two\\nlines and a \\\\.",
        "# TYPE ushiro_x_seconds gauge",
        "ushiro_x_seconds 0",
        'ushiro_x_seconds{a="quote \\" back \\\\ line \\n 日本"} -1.5',
        'ushiro_x_seconds{a="1",b="2"} 1795752000.25',
        'ushiro_x_seconds{a="inf"} +Inf',
        'ushiro_x_seconds{a="-inf"} -Inf',
        'ushiro_x_seconds{a="nan"} NaN',
        'ushiro_x_seconds{a="true"} 1',
        "# HELP none Nothing yet.",
        "# TYPE none gauge",
        "",
    ]


@pytest.mark.parametrize("name", ["", "1x", "a-b", "a b", "名"])
def test_a_name_that_the_format_does_not_know_is_refused(name):
    with pytest.raises(ValueError):
        render([Gauge(name, "", ())])


@pytest.mark.parametrize("label", ["", "1x", "a-b", "a:b", "__reserved"])
def test_a_label_that_the_format_does_not_know_is_refused(label):
    with pytest.raises(ValueError):
        render([Gauge("x", "", (Sample(1, {label: ""}),))])


def test_a_name_comes_once():
    with pytest.raises(ValueError):
        render([Gauge("x", "", ()), Gauge("x", "", ())])
