"""Times that cannot be: refused by the verbs, and told beside the field with everything typed still there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.domain import incident, promise, timeline
from incidents.domain.timeline import Taken
from incidents.enums import Certainty, Channel
from incidents.errors import Refused
from incidents.models import Incident, TimelineEntry
from tests.factories import PasteFactory

pytestmark = pytest.mark.django_db


def code(verb, *args, **said) -> str:
    """The refusal's code, "" when it was taken."""
    try:
        verb(*args, **said)
    except Refused as refusal:
        return refusal.code
    return ""


@pytest.fixture
def reported(clock, crack, bob):
    """Noticed at 9:20, told at 9:30."""
    return incident.record_first_report(crack, by=bob, channel=Channel.PHONE, reported_at=clock.now, note="お電話")


@pytest.mark.parametrize(
    ("days", "minutes", "refused"),
    [
        (-25 * 365, 0, "report_before_notice"), (0, -11, "report_before_notice"), (0, -10, ""), (0, 5, ""),
        (0, 6, "report_in_future"),
    ],
)  # fmt: skip
def test_a_further_report_is_of_the_time_since_it_was_noticed(clock, reported, bob, days, minutes, refused):
    told_at = clock.now + timedelta(days=days, minutes=minutes)
    said = {"channel": Channel.MAIL, "note": "続報", "next_at": clock.now + timedelta(hours=2)}
    assert code(promise.report_again, reported, by=bob, reported_at=told_at, **said) == refused


@pytest.mark.parametrize(
    ("certainty", "minutes", "refused"),
    [
        (Certainty.FACT, 6, "fact_in_future"), (Certainty.FACT, 900 * 1440, "fact_in_future"), (Certainty.FACT, 5, ""),
        (Certainty.ESTIMATE, 120, ""), (Certainty.UNKNOWN, 120, ""),
    ],
)  # fmt: skip
def test_a_fact_does_not_lie_ahead(clock, crack, bob, certainty, minutes, refused):
    when = clock.now + timedelta(minutes=minutes)
    assert code(timeline.record, crack, by=bob, text="復旧した", event_at=when, certainty=certainty) == refused
    paste = PasteFactory(incident=crack)
    assert code(timeline.take_over, paste, by=bob, lines=[Taken(1, "復旧した", certainty, when)]) == refused


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"occurred_at": 900 * 1440}, "occurred_in_future"), ({"occurred_at": 6}, "occurred_in_future"),
        ({"occurred_at": -10}, ""), ({"recognised_at": 73 * 365 * 1440}, "recognised_in_future"),
        ({"recognised_at": 5}, ""), ({"occurred_at": -30, "recognised_at": -31}, "recognised_before_event"),
        ({"occurred_at": -30, "noticed_at": -31}, ""), ({"noticed_at": 6}, "noticed_in_future"),
    ],
)  # fmt: skip
def test_the_times_of_a_record_follow_one_another(clock, crack, bob, changes, refused):
    times = {name: clock.now + timedelta(minutes=minutes) for name, minutes in changes.items()}
    assert code(incident.edit, crack, by=bob, **times) == refused
    known = {"noticed_at": crack.noticed_at} | times
    assert code(incident.report, by=bob, team=crack.team, title="同じ時刻で記録する", **known) == refused


def test_an_imported_record_with_odd_times_can_still_be_edited(clock, crack, bob):
    Incident.objects.filter(pk=crack.pk).update(occurred_at=clock.now + timedelta(days=900))
    assert code(incident.edit, crack, by=bob, process="請求") == ""
    assert code(incident.edit, crack, by=bob, occurred_at=crack.noticed_at) == ""


def _errors(answer, form="form") -> dict[str, str]:
    return {name: " ".join(errors) for name, errors in answer.context[form].errors.items()}


def test_the_refusal_stands_at_its_field_and_the_text_stays(client_of, reported, bob):
    client, url = client_of(bob), reported.get_absolute_url()
    again = {
        "channel": "mail", "reported_at": "2001-11-24T09:00", "note": "影響は一通だけでした", "next_at": "2026-11-24T15:00",
    }  # fmt: skip
    answer = client.post(f"{url}report/", again)
    assert _errors(answer) == {"reported_at": "報告の時刻が、気づいた時刻より前です。どちらかの時刻を直してください。"}
    assert "影響は一通だけでした" in answer.content.decode()

    line = {"text": "復旧の見込み", "event_at": "2029-05-12T09:00", "certainty": "fact", "back": "timeline"}
    answer = client.post(f"{url}timeline/", line)
    assert list(_errors(answer, "timeline_form")) == ["event_at"]
    assert "復旧の見込み" in answer.content.decode()
    assert not TimelineEntry.objects.filter(text="復旧の見込み").exists()

    edit = {"title": reported.title, "noticed_at": "2026-11-24T09:20", "recognised_at": "2099-01-01T00:00"}
    answer = client.post(f"{url}edit/", edit)
    assert list(_errors(answer)) == ["recognised_at"]
    assert 'value="2099-01-01T00:00"' in answer.content.decode()


def test_a_fact_of_a_paste_that_lies_ahead_is_told_on_its_line(client_of, crack, bob):
    paste = PasteFactory(incident=crack, text="2026-11-24 09:00 気づいた\n2027-01-01 10:00 復旧した")
    chosen = {
        "1-take": "on", "1-certainty": "fact", "1-at": "2026-11-24T09:00",
        "2-take": "on", "2-certainty": "fact", "2-at": "2027-01-01T10:00",
    }  # fmt: skip
    answer = client_of(bob).post(f"/pastes/{paste.pk}/", chosen)
    assert "事実の時刻が未来になっています。" in answer.content.decode()
    assert not TimelineEntry.objects.filter(paste=paste).exists()
    client_of(bob).post(f"/pastes/{paste.pk}/", chosen | {"2-certainty": "estimate"})
    assert TimelineEntry.objects.filter(paste=paste).count() == 2
