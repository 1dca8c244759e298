"""The sending under kills, a small part of `make crash-reminders`: real processes, a real mail server, both databases."""

from __future__ import annotations

import json

import pytest

from deploy.crash_house import DUE, Round
from deploy.crash_reminders import (
    crowd,
    end,
    kill_broker,
    kill_celery,
    kill_sink,
    kill_worker,
    kill_writer,
    scenario,
    terminate,
)

pytestmark = pytest.mark.integration
NOTHING = {"lost": 0, "doubled": 0, "stuck": 0, "held": 0, "dead": 0, "other_bytes": 0}


def test_whatever_dies_nothing_is_lost_and_nobody_lends_a_hand():
    with scenario("postgres") as (house, database, kill_database):
        for act in (kill_worker, kill_database, kill_sink, terminate, crowd):
            one = Round(house, database)
            act(one)
            found = one.count()
            # One in the gap that no protocol closes (RFC 1047), each of them with its own bytes and Message-ID.
            doubled = found["doubled"] if act in {kill_worker, kill_sink} else 0
            assert doubled <= 1, act
            assert found == NOTHING | {"doubled": doubled}, act
        assert json.loads(house.manage("bench_left")) == {"open": 0, "sent": DUE, "dead": 0, "held": 0}
        idle = json.loads(house.manage("bench_idle", "20"))
        assert 0 < idle["tick_ms_best"] <= idle["tick_ms_median"]


def test_rung_by_celery_whose_worker_and_bell_die():
    with scenario("crowd") as (house, database, all_at_once):
        for act in (kill_celery, kill_broker, all_at_once):
            one = Round(house, database)
            act(one)
            found = one.count()
            assert found == NOTHING | {"doubled": found["doubled"] if act is kill_celery else 0}, act
            assert found["doubled"] <= 1


def test_killed_on_sqlite_and_one_run_that_ends_by_itself():
    with scenario("sqlite") as (house, database, kill):
        one = Round(house, database)
        kill(one)
        assert one.count() == NOTHING | {"doubled": one.count()["doubled"]}
        assert one.count()["doubled"] <= 1
        end(house.sender())
        one = Round(house, database)
        one.due()
        assert house.manage("deliver", "--no-write") == str(DUE)
        assert len(one.taken()) == DUE


def test_killed_while_it_writes_the_letters_of_a_morning():
    with scenario("writer") as (house, database, _):
        for number in range(2):
            one = Round(house, database, number)
            kill_writer(one)
            found = one.count()
            assert found == NOTHING | {"doubled": found["doubled"]}
            assert found["doubled"] <= 1
