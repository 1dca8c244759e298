"""A sealed text opens with its key and in its place alone."""

from __future__ import annotations

import pytest

from tools.plain import sealed

KEY, OTHER = sealed.key_for("one", "master"), sealed.key_for("two", "master")


def test_what_was_sealed_opens_with_the_present_key_or_an_earlier_one():
    one = sealed.seal("漆と金", KEY, place="p:1")
    assert sealed.unseal(one, [KEY], place="p:1") == "漆と金"
    assert sealed.unseal(one, [OTHER, KEY], place="p:1") == "漆と金"
    assert sealed.seal("漆と金", KEY, place="p:1") != one, "twice the same text looks different"


@pytest.mark.parametrize("change", ["key", "place", "text", "short", "nonsense"])
def test_anything_else_opens_nothing(change):
    one = sealed.seal("漆と金", KEY, place="p:1")
    text = {"text": one[:-6] + "AAAA==", "short": sealed.MARK + "AAAA", "nonsense": "あ"}.get(change, one)
    with pytest.raises(sealed.NotOpened):
        sealed.unseal(text, [OTHER if change == "key" else KEY], place="p:2" if change == "place" else "p:1")


def test_keys_of_two_purposes_differ():
    assert KEY != OTHER and len(KEY) == 32
