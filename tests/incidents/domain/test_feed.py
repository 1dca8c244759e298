"""The address of a person's calendar: made, made anew, ended; each with its trace, and nothing of it in the tables."""

from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, transaction

from incidents.domain import feed, person
from incidents.errors import NotAllowed
from incidents.models import AuditEntry, CalendarFeed, Person
from incidents.queries import access
from incidents.queries.feed import hash_of
from tests.factories import CalendarFeedFactory
from tests.rows import everything, refused

pytestmark = pytest.mark.django_db


def traces() -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(verb__startswith="feed.").order_by("pk")
    return list(found.values_list("verb", "actor_label"))


def test_address_leads_to_its_person_and_a_new_one_ends_it(clock, bob, alice):
    first = feed.make(bob, by=bob)
    assert access.feed_at(first).person == bob
    second = feed.make(bob, by=bob)
    assert (access.feed_at(first), access.feed_at(second).person) == (None, bob)
    feed.make(alice, by=alice)
    assert access.feed_at(second).person == bob
    assert traces() == [("feed.made", "鈴木 健太"), ("feed.renewed", "鈴木 健太"), ("feed.made", "佐藤 美咲")]


def test_switched_off_leads_nowhere_and_the_entries_keep_their_names(clock, bob):
    token = feed.make(bob, by=bob)
    base = CalendarFeed.objects.get().uid_base
    feed.switch_off(bob, by=bob)
    feed.switch_off(bob, by=bob)
    off = CalendarFeed.objects.get()
    assert (access.feed_at(token), off.token_hash, off.made_at, off.is_open) == (None, "", None, False)
    assert traces() == [("feed.made", "鈴木 健太"), ("feed.switched_off", "鈴木 健太")]
    feed.make(bob, by=bob)
    assert CalendarFeed.objects.get().uid_base == base


def test_switching_off_what_never_was_leaves_nothing(bob):
    before = everything()
    feed.switch_off(bob, by=bob)
    assert everything() == before


def test_token_has_256_random_bits_and_stands_in_no_table(bob):
    tokens = {feed.make(bob, by=bob) for _ in range(50)}
    assert len(tokens) == 50
    assert all(re.fullmatch(r"ushirocal_[A-Za-z0-9_-]{43}", token) for token in tokens)
    kept = repr(everything())
    assert not [token for token in tokens if token in kept or token.removeprefix("ushirocal_") in kept]


def test_nobody_makes_or_ends_it_for_somebody_else(bob, alice, admin, carol):
    feed.make(bob, by=bob)
    before = everything()
    for other in (alice, admin, carol):
        for verb in (feed.make, feed.switch_off):
            with pytest.raises(NotAllowed):
                verb(bob, by=other)
    assert refused(feed.make, bob, by=alice) == "not_own_feed"
    assert everything() == before


def test_somebody_deactivated_has_none_and_gets_none_back(clock, bob, alice, admin):
    token = feed.make(bob, by=bob)
    bob = person.edit_person(bob, by=admin, is_active=False)
    assert access.feed_at(token) is None
    assert traces()[-1] == ("feed.switched_off", "管理 花子")
    bob = person.edit_person(bob, by=admin, is_active=True)
    assert access.feed_at(token) is None


def test_somebody_deactivated_by_any_way_is_not_read(bob):
    token = feed.make(bob, by=bob)
    Person.objects.filter(pk=bob.pk).update(is_active=False)
    assert access.feed_at(token) is None


def test_day_of_the_last_reading_is_written_once_a_day_and_not_to_a_new_address(clock, bob, django_assert_num_queries):
    found = access.feed_at(feed.make(bob, by=bob))
    with django_assert_num_queries(1):
        feed.note_read(found, today=clock.today)
    found = CalendarFeed.objects.get()
    with django_assert_num_queries(0):
        feed.note_read(found, today=clock.today)
    assert found.last_read_on == clock.today
    feed.make(bob, by=bob)
    clock.forward(days=1)
    feed.note_read(found, today=clock.today)  # the reading of the old address ends after the new one was made
    assert CalendarFeed.objects.get().last_read_on is None


def test_change_and_its_trace_stand_or_fall_together(bob, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr("incidents.domain.audit.note", fail)
    before = everything()
    with pytest.raises(RuntimeError):
        feed.make(bob, by=bob)
    assert everything() == before


# What the database holds ----------------------------------------------------------------------


def test_one_address_one_feed(bob, alice):
    CalendarFeedFactory(person=bob, token_hash=hash_of("x"))
    with pytest.raises(IntegrityError, match="one_feed_an_address|token_hash"), transaction.atomic():
        CalendarFeedFactory(person=alice, token_hash=hash_of("x"))
    CalendarFeedFactory(person=alice, token_hash="", made_at=None)
    CalendarFeedFactory(token_hash="", made_at=None)  # without an address there may be many


@pytest.mark.parametrize("values", [{"token_hash": ""}, {"made_at": None}])
def test_open_feed_has_its_time_and_a_shut_one_has_none(bob, values):
    with pytest.raises(IntegrityError, match="open_feed_has_its_time"), transaction.atomic():
        CalendarFeedFactory(person=bob, **values)
