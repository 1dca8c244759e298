"""A letter keeps its look when the styles in its tags become a sheet."""

from __future__ import annotations

import pytest

from tools.plain.mailstyle import taken_out, with_sheet


@pytest.mark.parametrize(
    "style",
    [
        "background:url(https://x.example/a.png)",
        "background:URL (x)",
        "color:red}body{display:none",
        "color:red}</style><script>alert(1)</script>",
        "@import 'x'",
        "width:expression(alert(1))",
        "color:r\\65 d",
        "/* x */color:red",
    ],
)
def test_a_style_that_could_do_more_than_look_is_left_out(style):
    assert taken_out(f'<p style="{style}">a</p>')[1] == ""


def test_words_that_look_like_a_style_stay_words():
    text = "<p>style=&quot;color:red&quot; &lt;b style=&quot;x&quot;&gt; 3 < 4</p>"
    assert taken_out(text) == (text, "")


def test_a_class_of_its_own_stays_beside():
    assert taken_out('<p class="a" style="margin:0">b</p>')[0] == '<p class="m1 a">b</p>'


def test_a_nonce_cannot_end_its_attribute():
    assert '<style nonce="a&quot;&gt;b">' in with_sheet('<p style="margin:0">a</p>', 'a">b')


def test_a_huge_letter_takes_no_longer_than_its_length():
    text = "<" * 100_000 + ' style="' * 10_000 + '<p style="color:red">a</p>' * 10_000
    assert taken_out(text)[1] == ".m1{color:red}"
