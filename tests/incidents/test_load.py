"""The large installation is one that the verbs could have made."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from incidents import rules
from incidents.models import Countermeasure, Incident, IncidentIndex, Person, TimelineEntry
from incidents.queries.incident import record_facts
from incidents.sample import load

pytestmark = pytest.mark.django_db


def test_so_many_records_as_were_asked_for_and_each_stands_where_the_rules_put_it():
    load.load(120)
    assert (Incident.objects.count(), TimelineEntry.objects.count(), Countermeasure.objects.count()) == (120, 480, 120)
    assert IncidentIndex.objects.count() == 120
    assert [(one.pk, one.stage) for one in Incident.objects.all()] == [
        (one.pk, rules.stage_of(record_facts(one))) for one in Incident.objects.all()
    ]


def test_nobody_can_sign_in_as_a_made_up_person():
    load.load(1)
    assert not any(person.has_usable_password() for person in Person.objects.all())


def test_made_up_records_do_not_come_among_real_ones_by_chance(crack):
    with pytest.raises(CommandError):
        call_command("seed_load", "--incidents", "1")
    assert Incident.objects.count() == 1
