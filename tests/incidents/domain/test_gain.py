"""得たもの: what people wrote and what is known; nothing is worked out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from incidents.domain import attachment, check, countermeasure, gain, incident, recurrence
from incidents.enums import MeasureStatus, Outcome, Stage
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, Countermeasure, EffectCheck, Incident
from incidents.queries import record
from incidents.queries.gain import gained
from tests.factories import CountermeasureFactory

pytestmark = pytest.mark.django_db


def told(measure) -> tuple[int | None, int | None]:
    return Countermeasure.objects.filter(pk=measure.pk).values_list("steps_removed", "minutes_saved").get()


def judged(story, clock, **gain):
    """A measure that is gold, and its record mended."""
    measure = story.done()
    clock.forward(days=120)
    open_check = EffectCheck.objects.select_related("measure__incident").get(measure=measure)
    check.record_outcome(open_check, by=story.alice, outcome=Outcome.EFFECTIVE, note="0件", **gain)
    return Countermeasure.objects.select_related("incident__team").get(pk=measure.pk)


def shown(one, by, clock):
    one = Incident.objects.select_related("team").get(pk=one.pk)
    page, beside = record.record_page(one), record.beside(one, by)
    return gained(one, page.measures, beside.links.recurrences, today=clock.today)


def test_it_is_told_with_dekimashita(clock, story, bob):
    measure = countermeasure.complete(story.promised(), by=bob, note="替えた", steps_removed=2, minutes_saved=90)
    assert told(measure) == (2, 90)
    entry = AuditEntry.objects.get(verb="measure.gain_told")
    assert entry.changes == {"steps_removed": [None, 2], "minutes_saved": [None, 90]}


def test_without_it_nothing_is_told(clock, story, bob):
    measure = attachment.complete(story.promised(), by=bob, note="替えた", steps_removed=None, minutes_saved=None)
    assert told(measure) == (None, None)
    assert not AuditEntry.objects.filter(verb="measure.gain_told").exists()


def test_it_is_told_with_the_check_and_what_is_not_named_stays(clock, story):
    measure = story.done()
    gain.tell_gain(measure, by=story.bob, steps_removed=1, minutes_saved=45)
    open_check = EffectCheck.objects.select_related("measure__incident").get(measure=measure)
    check.record_outcome(open_check, by=story.alice, outcome=Outcome.EFFECTIVE, note="0件", steps_removed=3)
    assert told(measure) == (3, 45)


def test_it_is_changed_and_emptied_later(clock, story, bob, alice):
    measure = judged(story, clock, steps_removed=2)
    gain.tell_gain(measure, by=bob, steps_removed=None, minutes_saved=30)
    assert told(measure) == (None, 30)
    last = AuditEntry.objects.filter(verb="measure.gain_told").order_by("-pk").first()
    assert last.changes == {"steps_removed": [2, None], "minutes_saved": [None, 30]}
    gain.tell_gain(measure, by=alice, steps_removed=None, minutes_saved=30)
    assert AuditEntry.objects.filter(verb="measure.gain_told").count() == 2


def test_not_before_it_is_done_nor_by_who_may_not_write(clock, story, vera, bob, carol):
    measure = story.promised()
    with pytest.raises(Refused) as refused:
        gain.tell_gain(measure, by=bob, steps_removed=1, minutes_saved=None)
    assert refused.value.code == "not_in_force"
    for stranger in (vera, carol):
        with pytest.raises(NotAllowed):
            gain.tell_gain(measure, by=stranger, steps_removed=1, minutes_saved=None)


@pytest.mark.parametrize(
    ("steps", "minutes"), [(0, None), (1000, None), (None, 0), (None, 60_001), (-1, None)], ids=str
)
def test_numbers_that_cannot_be_are_refused_and_keep_nothing_of_the_step(clock, story, bob, steps, minutes):
    measure = story.promised()
    with pytest.raises(Refused) as refused:
        countermeasure.complete(measure, by=bob, note="替えた", steps_removed=steps, minutes_saved=minutes)
    assert refused.value.code == "gain_out_of_range"
    measure.refresh_from_db()
    assert measure.status == MeasureStatus.COMMITTED


@pytest.mark.parametrize("broken", [{"steps_removed": 0}, {"minutes_saved": 0}, {"steps_removed": 1000}], ids=str)
def test_database_holds_it_too(organisation, broken):
    with pytest.raises(IntegrityError), transaction.atomic():
        CountermeasureFactory(**broken)


# What the record shows ------------------------------------------------------------------------


def test_open_record_shows_nothing_yet(clock, story, alice):
    assert shown(story.done().incident, alice, clock) is None


def test_mended_record_shows_what_is_known(clock, story, alice):
    measure = judged(story, clock, steps_removed=2, minutes_saved=90)
    found = shown(measure.incident, alice, clock)
    assert (found.effective, found.done, found.running) == (1, 0, 0)
    assert (found.days, found.recurrences, found.steps, found.minutes) == (120, 0, 2, 90)
    # The check was planned for 21 + 90 days; S2 is watched for 90 from the day it was done.
    assert (found.watched_until, found.is_watched) == (clock.today - timedelta(days=120 - 111), False)


def test_what_nobody_told_is_not_there(clock, story, alice):
    found = shown(judged(story, clock).incident, alice, clock)
    assert (found.steps, found.minutes) == (0, 0)


def test_recurrence_is_counted_when_somebody_tied_it_and_its_reader_may_see_it(clock, story, alice, bob):
    measure = judged(story, clock)
    again = incident.report(by=bob, team=story.team, title="また別の会社に送った", noticed_at=clock.now)
    assert shown(measure.incident, alice, clock).recurrences == 0
    recurrence.link(again, by=bob, original=measure.incident)
    assert shown(measure.incident, alice, clock).recurrences == 1
    Incident.objects.filter(pk=again.pk).update(restricted=True, owner=bob)
    assert shown(measure.incident, alice, clock).recurrences == 0
    assert shown(measure.incident, bob, clock).recurrences == 1


def test_repaired_only_shows_facts_without_gold(clock, story, alice, bob):
    measure = story.done()
    incident.end_otherwise(measure.incident, by=bob, end=Stage.REPAIRED_ONLY, reason="ここまで")
    found = shown(measure.incident, alice, clock)
    assert (found.effective, found.done, found.running, found.days) == (0, 1, 0, 0)


def test_repaired_only_without_a_measure_shows_nothing(clock, crack, alice, bob):
    incident.end_otherwise(crack, by=bob, end=Stage.REPAIRED_ONLY, reason="ここまで")
    assert shown(crack, alice, clock) is None
