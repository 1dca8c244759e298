"""Passwords that many people choose, Japanese ones included, and such as are nobody's habit."""

from __future__ import annotations

import time

import pytest

from tools.plain import commonwords

COMMON = [
    "sakura", "sakura2024", "SAKURA-2026!", "ｓａｋｕｒａ１２３４", "sakurasakura", "Doraemon!!1234", "doraemonpikachu", "totoro20261128",
    "reiwa6", "Reiwa8nen", "heisei31", "令和元年", "昭和64年", "password", "P@ssw0rd2024!", "pa$$word1234", "ｐａｓｓｗｏｒｄ１２３",
    "パスワード1234567", "ぱすわーど" * 0 + "あいうえおかきくけこ", "qwertyqwerty1", "1qaz2wsx3edc", "zaq12wsxcde3", "asdfghjkl123",
    "tanaka123456", "suzukisatou", "tokyo2020tokyo", "hanshintigers85", "arigatougozaimasu", "aishiteru1234", "himitsu-no" * 0 + "himitsu12345",
    "000000000000", "123456789012", "aaaaaaaaaaaa", "abababababab", "ushiroushiro", "kanrisha2026", "kaisha-admin1", "toyotahonda11",
]  # fmt: skip
FINE = [
    "urushi-to-kin-2026", "kintsugi-of-autumn", "asagao-ga-saku-niwa", "correct horse battery staple", "うしろのしょうめんだあれ",
    "x9Kq-lP2v-77ab", "gold-in-the-cracks-9", "朝七時の豆腐屋さん", "kinu no michi wa tooi", "tokyo-kara-3-ji-no-densha",
]  # fmt: skip


@pytest.mark.parametrize("password", COMMON)
def test_common(password):
    assert commonwords.is_common(password)


@pytest.mark.parametrize("password", FINE)
def test_fine(password):
    assert not commonwords.is_common(password)


def test_the_list_is_in_one_spelling_and_not_short():
    found = commonwords.words()
    assert len(found) > 1_500
    assert [word for word in found if commonwords.plain(word) != word and not word.startswith("!")] == []


def test_a_very_long_one_takes_no_time():
    begun = time.process_time()
    for long in ("sakura" * 20_000, "a" * 100_000, "1a" * 50_000, "\x00" * 50_000):
        commonwords.is_common(long)
    assert time.process_time() - begun < 2
