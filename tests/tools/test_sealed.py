"""What is sealed opens with its key, in its place, unchanged; in no other way."""

from __future__ import annotations

import base64

import pytest

from tools.plain import sealed

PLACE = ("table", "column", "row", "thread")


def ring(*older: sealed.Key) -> sealed.Ring:
    return sealed.Ring(sealed.read_key(sealed.new_key()), older)


def test_a_text_opens_in_its_place_and_its_bytes_do_not_hold_it():
    one = ring()
    kept = one.seal("眠れない日が続いています。", PLACE)
    assert one.open(kept, PLACE) == "眠れない日が続いています。"
    assert "眠れない".encode() not in kept
    assert one.seal("同じ", PLACE) != one.seal("同じ", PLACE)


@pytest.mark.parametrize("at", range(4))
def test_a_text_that_was_copied_elsewhere_does_not_open(at):
    one = ring()
    elsewhere = tuple("another" if place == at else part for place, part in enumerate(PLACE))
    with pytest.raises(sealed.Unreadable) as told:
        one.open(one.seal("text", PLACE), elsewhere)
    assert told.value.code == "damaged"


def test_parts_of_a_place_do_not_run_into_each_other():
    one = ring()
    with pytest.raises(sealed.Unreadable):
        one.open(one.seal("text", ("ab", "c")), ("a", "bc"))


def test_every_changed_bit_is_noticed():
    one = ring()
    kept = one.seal("text", PLACE)
    for place in range(len(kept)):
        changed = bytearray(kept)
        changed[place] ^= 1
        with pytest.raises(sealed.Unreadable):
            one.open(bytes(changed), PLACE)
    for length in range(len(kept)):
        with pytest.raises(sealed.Unreadable):
            one.open(kept[:length], PLACE)


def test_another_key_opens_nothing_and_says_that_it_is_not_the_key():
    with pytest.raises(sealed.Unreadable) as told:
        ring().open(ring().seal("text", PLACE), PLACE)
    assert told.value.code == "no_key"


def test_an_older_key_opens_and_does_not_seal():
    old = sealed.read_key(sealed.new_key())
    kept = sealed.Ring(old).seal("text", PLACE)
    both = ring(old)
    assert both.open(kept, PLACE) == "text"
    assert sealed.name_of(kept) == old.name
    assert sealed.name_of(both.seal("text", PLACE)) == both.current.name != old.name


def test_marks_are_of_their_key_and_parts():
    old = sealed.read_key(sealed.new_key())
    both = ring(old)
    mark = sealed.Ring(old).mark("thread", 1)
    assert both.marks(old.name, mark, "thread", 1)
    assert not both.marks(old.name, mark, "thread", 2)
    assert not both.marks(both.current.name, mark, "thread", 1)
    assert not both.marks("00000000", mark, "thread", 1)


@pytest.mark.parametrize("text", ["", "a word", "c2hvcnQ=", "A" * 43 + "=", "é" * 44])
def test_what_is_no_key_is_refused_without_being_repeated(text):
    with pytest.raises(sealed.BadKey) as told:
        sealed.read_key(text)
    assert not text or text not in str(told.value)


def test_a_key_shows_nothing_of_itself():
    text = sealed.new_key()
    key = sealed.read_key(text)
    assert text not in repr(key)
    assert base64.b64decode(text).hex()[:8] != key.name
