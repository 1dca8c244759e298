from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.plain.bigrams import fold
from tools.plain.keywords import keywords


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("請求書の金額を一桁まちがえた", ["請求書", "金額", "一桁"]),
        ("請求書誤送付", ["請求書", "誤送付"]),
        ("二重発行", ["二重", "発行"]),
        ("メールの添付ファイルを間違えた", ["ふぁいる", "めーる", "添付", "間違"]),
        ("ﾒｰﾙ誤送信", ["めーる", "誤送信"]),
        ("Wrong Invoice sent to Aozora", ["invoice", "aozora", "wrong", "sent"]),
        ("本日、株式会社あおぞらへ連絡", []),
        ("送った", []),
        ("", []),
    ],
)
def test_words_that_carry_the_text(text, expected):
    assert keywords(text) == expected


@given(st.text(max_size=300))
def test_words_stand_in_the_folded_text_and_hold_no_blank(text):
    found = keywords(text, 6)
    assert len(found) <= 6 and len(set(found)) == len(found)
    for word in found:
        assert word and " " not in word and word == fold(word)
