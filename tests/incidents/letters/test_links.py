"""The links in mails: one purpose, one person, one promise, an end."""

from __future__ import annotations

import pytest
from django.core import signing
from hypothesis import given
from hypothesis import strategies as st

from incidents.letters import links
from incidents.models import FollowUp, Person
from tools.plain.oneline import one_line


def token_of(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def test_link_says_what_it_was_made_for(clock):
    url = links.done_url(FollowUp(pk=7, due_version=1), Person(pk=3))
    assert url.startswith("http://testserver/m/")
    said = links.read_done(token_of(url))
    assert (said.follow_up_id, said.person_id, said.due_version, said.round) == (7, 3, 1, 0)


def test_link_lives_sixty_days(clock):
    token = token_of(links.done_url(FollowUp(pk=7, due_version=1), Person(pk=3)))
    clock.forward(days=60)
    assert links.read_done(token).follow_up_id == 7
    clock.forward(seconds=1)
    assert links.read_done(token) is None


@pytest.mark.parametrize(
    "payload",
    [[7], [7, 3], [7, 3, 1], [7, 3, 1, 0, 0], [7, 3, 1, None], None, 7],
    ids=lambda payload: type(payload).__name__ + str(payload),
)
def test_signed_nonsense_is_no_link(payload):
    token = signing.dumps(payload, salt=links.DONE_SALT)
    assert links.read_done(token) is None


def test_token_of_another_purpose_is_no_link():
    assert links.read_done(signing.dumps([7, 3, 1, 0], salt="ushiro.other.v1")) is None
    assert links.read_done(signing.dumps([7, 3, 1, 0])) is None


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_altered_token_is_no_link(place, character):
    token = token_of(links.done_url(FollowUp(pk=7, due_version=1), Person(pk=3)))
    place %= len(token)
    altered = token[:place] + character + token[place + 1 :]
    assert altered == token or links.read_done(altered) is None


@given(st.text(max_size=60))
def test_any_text_is_no_link(text):
    assert links.read_done(text) is None


@given(st.text(max_size=400))
def test_header_text_is_one_short_line(text):
    made = one_line(text)
    assert len(made) <= 300
    assert len(made.splitlines()) <= 1
    assert made == made.strip()
