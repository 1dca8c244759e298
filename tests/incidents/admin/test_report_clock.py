"""How long the first report may take, as an administrator sets it; what the page sets is what the next record gets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.domain import organisation as verbs
from incidents.enums import Severity
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, Organisation, ReportClock
from incidents.queries.clock import report_due
from tests.conftest import at
from tests.factories import ReportClockFactory, TeamFactory
from tests.incidents.admin.conftest import act, page, told


def form(**changed: object) -> dict[str, object]:
    return {"team": "", "severity": "", "minutes": 30} | changed


def test_a_clock_set_on_the_page_runs_for_the_next_record(console, admin, team, clock):
    noticed = at("2026-11-24 17:50")
    assert report_due(team, "S1", noticed) == noticed + timedelta(minutes=60)
    data = form(team=team.pk, severity="S1", minutes=20, business_hours="on")
    assert console.post(page("reportclock", "add"), data).status_code == 302

    made = ReportClock.objects.get()
    assert report_due(team, "S1", noticed) == at("2026-11-25 09:10")  # ten minutes today, ten after the opening
    assert report_due(team, "S2", noticed) == noticed + timedelta(minutes=60)
    trace = AuditEntry.objects.get()
    assert (trace.verb, trace.actor_label) == ("clock.set", str(admin))
    assert trace.changes == {
        "team": [None, "受注課"],
        "severity": [None, "S1"],
        "minutes": [None, 20],
        "business_hours": [None, True],
    }
    listed = console.get(page("reportclock")).content.decode()
    assert "受注課" in listed
    assert str(Severity.S1.label) in listed

    data = form(team=team.pk, severity="S1", minutes=15)
    assert console.post(page("reportclock", "change", made.pk), data).status_code == 302
    assert report_due(team, "S1", noticed) == noticed + timedelta(minutes=15)
    assert AuditEntry.objects.first().changes == {"minutes": [20, 15], "business_hours": [True, False]}


@pytest.mark.parametrize("whose", ["team", "house"])
def test_the_same_pair_twice_is_refused_in_the_form(console, team, whose):
    mine = {"team": team.pk if whose == "team" else "", "severity": "S2"}
    ReportClockFactory(team=team if whose == "team" else None, severity="S2", minutes=45)
    answer = console.post(page("reportclock", "add"), form(**mine, minutes=11))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "そのチームと重大度の時計は、もう登録されています。登録ずみの時計をひらいて直してください。" in text
    assert 'value="11"' in text
    assert list(ReportClock.objects.values_list("minutes", flat=True)) == [45]


def test_another_entry_cannot_become_a_second_one(console, team):
    ReportClockFactory(team=team, severity="S1")
    other = ReportClockFactory(team=team, severity="S2")
    answer = console.post(page("reportclock", "change", other.pk), form(team=team.pk, severity="S1"))
    assert "もう登録されています" in answer.content.decode()
    other.refresh_from_db()
    assert other.severity == "S2"


def test_no_minutes_are_refused_in_words(console):
    text = console.post(page("reportclock", "add"), form(minutes=0)).content.decode()
    assert "一次報告までの時間がありません。1分以上を入れてください。" in text
    assert not ReportClock.objects.exists()


def test_a_clock_taken_back_leaves_the_wider_one(console, team, clock):
    one = ReportClockFactory(team=team, severity="", minutes=10)
    assert "いま動いている時計は変わりません" in act(console, "reportclock", "remove", one).content.decode()
    answer = act(console, "reportclock", "remove", one, reason="運用をもどす")
    assert told(answer) == [f"{one}: 取り消しました。"]
    assert not ReportClock.objects.exists()
    trace = AuditEntry.objects.get()
    assert (trace.verb, trace.reason, trace.changes) == ("clock.removed", "運用をもどす", {"minutes": [10, None]})
    assert report_due(team, "S2", at("2026-11-24 10:00")) == at("2026-11-24 11:00")


def test_hours_that_end_before_they_begin_are_refused(console, organisation):
    data = {"name": "青葉", "language": "ja", "time_zone": "Asia/Tokyo", "first_report_minutes": 60}
    data |= {"report_opens_at": "18:00", "report_closes_at": "09:00"}
    answer = console.post(page("organisation", "change", 1), data)
    assert "営業の終わりが、始まりより前になっています。" in answer.content.decode()
    assert Organisation.objects.get().name == organisation.name


def test_the_verbs_ask_for_an_administrator_themselves(alice, admin, team):
    one = ReportClockFactory(team=team)
    for call in (
        lambda: verbs.set_report_clock(by=alice, minutes=30),
        lambda: verbs.set_report_clock(by=alice, minutes=30, clock=one),
        lambda: verbs.remove_report_clock(one, by=alice),
    ):
        with pytest.raises(NotAllowed):
            call()
    with pytest.raises(Refused) as refusal:
        verbs.set_report_clock(by=admin, team=team, minutes=30)
    assert refusal.value.code == "clock_taken"
    verbs.set_report_clock(by=admin, team=TeamFactory(), minutes=30)
    assert ReportClock.objects.count() == 2
