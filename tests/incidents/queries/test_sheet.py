"""Several querysets in one statement give what each of them would have given alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import pytest
from django.db.models import Count, F, Value
from django.utils import timezone

from incidents.enums import FollowUpState, Stage
from incidents.models import (
    Countermeasure,
    EffectCheck,
    FollowUp,
    Incident,
    Letter,
    Membership,
    Organisation,
    Person,
    ReportClock,
    TimelineEntry,
    Why,
)
from incidents.queries import sheet

MODELS = [
    Organisation,
    Person,
    Membership,
    Incident,
    Why,
    Countermeasure,
    EffectCheck,
    FollowUp,
    TimelineEntry,
    Letter,
    ReportClock,
]


def fields(row) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.fixture(autouse=True)
def fresh_texts():
    sheet._written.clear()
    yield
    sheet._written.clear()


@pytest.fixture
def told(story):
    return story.done()


def test_rows_are_the_same_as_asked_one_by_one(told, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = sheet.ask("all", lambda: {model.__name__: model.objects.order_by("pk") for model in MODELS})
    for model in MODELS:
        alone = list(model.objects.order_by("pk"))
        assert [fields(row) for row in found[model.__name__]] == [fields(row) for row in alone]
        assert [type(row) for row in found[model.__name__]] == [type(row) for row in alone]
    assert found["FollowUp"] and found["Countermeasure"] and found["TimelineEntry"]


def test_related_rows_come_along(told, django_assert_num_queries):
    def write():
        measures = Countermeasure.objects.select_related("incident__team", "owner", "backup", "root__why", "follow_up")
        return {"measures": measures, "whys": Why.objects.select_related("root__risk_by").order_by("pk")}

    owner, team, why = told.owner.name, told.incident.team.name, told.root.why.text
    with django_assert_num_queries(1):
        found = sheet.ask("related", write)
        (measure,) = found["measures"]
        assert (measure.incident.team.name, measure.owner.name, measure.backup) == (team, owner, None)
        assert (measure.root.why.text, measure.follow_up.measure_id) == (why, measure.pk)
        assert [why.root.pk for why in found["whys"] if hasattr(why, "root")] == [told.root_id]


def test_annotations_values_and_none(told, django_assert_num_queries):
    def write():
        return {
            "counted": Incident.objects.annotate(lines=Count("timeline"), one=Value(1)),
            "pairs": Incident.objects.order_by("pk").values_list("title", "noticed_at"),
            "sums": Incident.objects.order_by().values_list("stage").annotate(n=Count("pk")),
            "none": Incident.objects.none(),
            "nobody": Person.objects.filter(pk__in=[]),
        }

    with django_assert_num_queries(1):
        found = sheet.ask("annotated", write)
    incident = Incident.objects.get()
    assert (found["counted"][0].lines, found["counted"][0].one) == (TimelineEntry.objects.count(), 1)
    assert found["pairs"] == [(incident.title, incident.noticed_at)]
    assert found["sums"] == [(incident.stage, 1)]
    assert (found["none"], found["nobody"]) == ([], [])


def test_slots_are_filled_anew_and_the_text_is_written_once(told):
    now, written = timezone.now(), []

    def write():
        written.append(1)
        return {
            "before": Incident.objects.filter(noticed_at__lte=sheet.moment("until")),
            "due": FollowUp.objects.filter(due_on__gte=sheet.day("first"), incident=sheet.number("incident")),
        }

    def ask(until, first, incident):
        found = sheet.ask("slots", write, until=until, first=first, incident=incident)
        return len(found["before"]), len(found["due"])

    day, pk = timezone.localdate(), told.incident_id
    every = FollowUp.objects.filter(incident=pk, due_on__gte=day).count()
    assert every > 0
    assert ask(now + timedelta(days=1), day, pk) == (1, every)
    assert ask(now - timedelta(days=900), day, pk) == (0, every)
    assert ask(now, day + timedelta(days=3000), pk) == (1, 0)
    assert ask(now, day, pk + 1) == (1, 0)
    assert written == [1]


def test_children_hang_as_if_prefetched(told, django_assert_num_queries):
    def write():
        return {"measures": Countermeasure.objects.order_by("pk"), "checks": EffectCheck.objects.order_by("pk")}

    with django_assert_num_queries(1):
        found = sheet.ask("hang", write)
        sheet.hang(found["measures"], found["checks"], by="measure_id", name="checks")
        (check,) = found["measures"][0].checks.all()
        assert check.measure is found["measures"][0]
    assert check.pk == EffectCheck.objects.get().pk


def test_order_limits_and_text_of_every_kind_survive(team, alice, django_assert_num_queries):
    titles = ['「引用」と"quotes"', "back\\slash", "改行\nあり", "😀𠮷", "100% of %s", "null"]
    now = timezone.now()
    Incident.objects.bulk_create(
        Incident(number=900 + n, team=team, title=title, noticed_at=now - timedelta(days=n), recorded_by=alice)
        for n, title in enumerate(titles)
    )
    with django_assert_num_queries(1):
        found = sheet.ask("order", lambda: {"rows": Incident.objects.order_by(F("noticed_at").desc())[:5]})
    assert [row.title for row in found["rows"]] == titles[:5]


def test_the_day_of_an_instant_is_that_of_the_readers_zone(team, alice):
    noticed = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)  # the 26th in Tokyo, still the 25th in London
    Incident.objects.create(number=950, team=team, title="夜中", noticed_at=noticed, recorded_by=alice)

    def found(zone: str) -> int:
        with timezone.override(zone):
            rows = sheet.ask(
                "zone", lambda: {"rows": Incident.objects.filter(noticed_at__date=sheet.day("on"))}, on=day
            )
        return len(rows["rows"])

    day = date(2026, 11, 26)
    assert [found("Asia/Tokyo"), found("Europe/London"), found("Asia/Tokyo")] == [1, 0, 1]


class Odd(StrEnum):
    QUOTE = "it's"


def test_words_of_ours_stand_in_the_text_and_what_people_type_among_the_values(told):
    def asked(title: str) -> dict:
        return {"rows": FollowUp.objects.filter(state=FollowUpState.OPEN, text="", to_whom=title).order_by("pk")}

    for title in ("open", "it's", Odd.QUOTE, "%s", "\\"):
        sheet.ask(("words", title), lambda title=title: asked(title))
        written = next(reversed(sheet._written.values()))
        assert "'open'" in written.sql and "''" in written.sql
        assert written.params == (title,)


def test_per_cent_signs_of_the_text_stay_where_they_are(team, alice):
    Incident.objects.create(number=960, team=team, title="割引 5%", noticed_at=timezone.now(), recorded_by=alice)
    found = sheet.ask(
        "signs", lambda: {"rows": Incident.objects.filter(stage=Stage.RECORDED, title__contains="5%", end="")}
    )
    assert [row.title for row in found["rows"]] == ["割引 5%"]


def test_one_of_takes_one_and_many_and_no_ids(told, story):
    """The same text for each: what differs goes in as one value."""
    story.reported()
    ids = list(Incident.objects.values_list("pk", flat=True))

    def asked(some):
        column = '"incidents_incident"."id"'
        rows = sheet.ask("some", lambda: {"rows": Incident.objects.filter(sheet.one_of(column, "ids"))}, ids=some)
        return sorted(row.pk for row in rows["rows"])

    assert len(ids) == 2
    assert (asked(ids), asked(ids[:1]), asked([])) == (sorted(ids), ids[:1], [])
    assert [key for *_about, key in sheet._written].count("some") == 1


def test_a_percent_sign_in_a_text_stays_what_it_is(told):
    """It is doubled for one cursor and not for the other."""
    assert sheet._numbered("SELECT 5 %% %s, %s") == "SELECT 5 % $1, $2"
