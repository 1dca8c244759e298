import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.plain.bigrams import fold, grams, token, wanted


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ｋ－１２８　見積", "k-128 見積"),
        ("ﾐﾂﾓﾘ ミツモリ みつもり", "みつもり みつもり みつもり"),
        ("ヴァイオリン", "ゔぁいおりん"),
        ("Straße\r\n\tEND", "strasse end"),
        ("a\u200bb\x00c\ud800", "abc"),
        ("株式会社 ㈱", "株式会社 (株)"),
        ("", ""),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


@given(st.text())
def test_fold_twice_is_fold_once(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(), st.text(min_size=1), st.text())
def test_whatever_stands_in_a_text_is_wanted_of_its_index(before, word, after):
    """No word is missed: the index holds all that a word inside the text asks of it."""
    folded = fold(before + word + after)
    for part in folded.split():
        for start in range(0, len(part), 3):
            for length in (1, 2, 3, 7):
                assert wanted(part[start : start + length]) <= grams(folded)


@given(st.text())
def test_numbers_fit_into_four_bytes(text):
    assert all(-(2**31) <= one < 2**31 for one in grams(fold(text)))
    assert len({token(one) for one in grams(fold(text))}) == len(grams(fold(text)))


def test_pairs_do_not_cross_a_blank():
    assert grams("ab cd") == grams("ab") | grams("cd")
