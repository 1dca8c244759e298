"""A refusal of a verb stands at the field it is about, not above the form, and nothing is saved."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.domain import cause, check, containment, countermeasure, promise, question
from incidents.enums import Anniversary, FollowUpKind, Outcome
from incidents.errors import Refused
from incidents.forms.due_request import DueRequestForm
from incidents.models import Countermeasure, FollowUp
from incidents.views.base import show_refusal
from tests.factories import MembershipFactory, PersonFactory
from tests.incidents.views.test_meanwhile import opened
from tests.incidents.views.test_path import measure_form

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def day(days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def moment(hours: int) -> str:
    return (timezone.localtime() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def refused_at(answer) -> list[str]:
    """Names of the fields at which the page says why; "__all__" is what stands above the form."""
    assert answer.status_code == 200
    form = answer.context["form"]
    text = answer.content.decode()
    for name, errors in form.errors.items():
        assert all(error in text for error in errors), name
    return list(form.errors)


MEASURE = [
    ({"root": ""}, "root"),
    ({"before": ""}, "before"),
    ({"after": ""}, "after"),
    ({"owner": ""}, "owner"),
    ({"due_on": "", "check_on": "2027-06-01"}, "due_on"),
    ({"due_on": "2026-11-01"}, "due_on"),
    ({"check_what": ""}, "check_what"),
    ({"check_threshold": ""}, "check_threshold"),
    ({"checker": ""}, "checker"),
    ({"checker": "bob"}, "checker"),
    ({"check_on": "2026-11-25"}, "check_on"),
    ({"backup": "bob"}, "backup"),
    ({"helpers": "bob"}, "helpers"),
    ({"strength": "1"}, "weak_reason"),
]


@pytest.mark.parametrize(("sent", "field"), MEASURE, ids=[f"{field}-{n}" for n, (_, field) in enumerate(MEASURE)])
def test_promise_of_a_measure(client_of, bob, story, sent, field):
    known = story.with_root()
    sent = {name: bob.pk if value == "bob" else value for name, value in sent.items()}
    url = f"/incidents/{known.incident.reference}/measures/new/"
    answer = client_of(bob).post(url, measure_form(story, known, commit="1") | sent)
    assert refused_at(answer) == [field]
    opens = '<details class="more-fields" open>' in answer.content.decode()
    assert opens == (field == "weak_reason")
    assert not Countermeasure.objects.exists()


def test_what_only_a_lead_may_say_stands_above_the_form_with_the_reason_in_sight(client_of, bob, story):
    known = story.with_root()
    weak = measure_form(story, known, strength="1", commit="1", weak_reason="急ぎ")
    answer = client_of(bob).post(f"/incidents/{known.incident.reference}/measures/new/", weak)
    assert refused_at(answer) == ["__all__"]
    assert '<details class="more-fields" open>' in answer.content.decode()


def due_request(story, crack, sent, **more):
    measure = story.promised(**more)
    return f"/measures/{measure.pk}/due/", {"due_on": measure.due_on.isoformat(), "reason": "入荷待ち"} | sent


def asked(story, crack, sent):
    return f"/incidents/{crack.reference}/questions/new/", {"text": "何通か", "owner": story.bob.pk} | sent


def question_due(story, crack, sent):
    due_on = timezone.localdate() + timedelta(days=3)
    one = question.ask(crack, by=story.bob, text="何通か", owner=story.bob, due_on=due_on)
    return f"/questions/{one.pk}/due/", {"due_on": day(3), "reason": "控え待ち"} | sent


def question_owner(story, crack, sent):
    url, _ = question_due(story, crack, sent)
    return url.replace("/due/", "/hand-over/"), {"owner": story.bob.pk}


def spread(story, crack, sent):
    return f"/incidents/{crack.reference}/spread/", {"teams": [sent.pop("team")], "title": "ほかにもありますか"} | sent


def promised(story, crack, sent):
    return f"/incidents/{crack.reference}/promises/new/", {"text": "折り返す"} | sent


def promise_move(story, crack, sent):
    due_at = timezone.localtime().replace(second=0, microsecond=0) + timedelta(hours=2)
    one = promise.promise(crack, by=story.bob, text="折り返す", due_at=due_at)
    return f"/promises/{one.pk}/move/", {"due_at": moment(2), "reason": "確認中", "told": "on"} | sent


def promise_owner(story, crack, sent):
    url, _ = promise_move(story, crack, sent)
    return url.replace("/move/", "/hand-over/"), {"owner": story.bob.pk}


def risk(story, crack, sent):
    return f"/roots/{story.with_root().root.pk}/accept/", {"reason": "年に一度"} | sent


def review(story, crack, sent):
    later = timezone.localdate() + timedelta(days=90)
    cause.accept_risk(story.with_root().root, by=story.alice, reason="年に一度", review_on=later)
    one = FollowUp.objects.get(kind=FollowUpKind.RISK_REVIEW)
    return f"/follow-ups/{one.pk}/review/", {"answer": "stays", "again_on": day(9), "reason": "来期"} | sent


def anniversary(story, crack, sent):
    measure = story.done()
    check.record_outcome(measure.checks.get(), by=story.alice, outcome=Outcome.EFFECTIVE, note="90日 0件")
    one = FollowUp.objects.get(kind=FollowUpKind.ANNIVERSARY)
    return f"/follow-ups/{one.pk}/review/", {"answer": Anniversary.values[0], "note": ""} | sent


def first_report(story, crack, sent):
    said = {"channel": "phone", "reported_at": moment(0), "note": "お電話"}
    return f"/incidents/{crack.reference}/first-report/", said | sent


def report_again(story, crack, sent):
    said = {"channel": "phone", "reported_at": moment(0), "note": "続報"}
    return f"/incidents/{story.reported().reference}/report/", said | sent


def final_report(story, crack, sent):
    said = {"channel": "mail", "reported_at": moment(0), "note": "原因と対策"}
    return f"/incidents/{story.reported().reference}/final-report/", said | sent


def final_day(story, crack, sent):
    one = story.reported()
    containment.record(one, by=story.bob, text="削除をお願いした", done_at=timezone.now())
    standing = FollowUp.objects.get(kind=FollowUpKind.FINAL_REPORT).due_on
    asked = {"due_on": standing.isoformat(), "reason": "先方の希望", "told": "on"}
    return f"/incidents/{one.reference}/final-report/day/", asked | sent


def outcome(story, crack, sent):
    return f"/checks/{story.done().checks.get().pk}/", {"outcome": "partly", "note": "一部"} | sent


def checker(story, crack, sent):
    return f"/checks/{story.done().checks.get().pk}/hand-over/", sent


def done_by_another(story, crack, sent):
    measure = story.promised()
    countermeasure.complete(measure, by=sent["checker"], note="入れました")
    return f"/checks/{measure.checks.get().pk}/hand-over/", {"checker": sent["checker"].pk}


def owner(story, crack, sent):
    return f"/measures/{story.promised().pk}/hand-over/", sent


def readers(story, crack, sent):
    return f"/incidents/{crack.reference}/readers/", {"readers": [story.bob.pk]} | sent


CASES = [
    (due_request, {"due_on": -1}, "due_on"),
    (due_request, {}, "due_on"),
    (asked, {"due_on": -1}, "due_on"),
    (question_due, {"due_on": -1}, "due_on"),
    (question_due, {}, "due_on"),
    (question_owner, {}, "owner"),
    (spread, {"due_on": -1, "team": "other"}, "due_on"),
    (promised, {"due_at": -1}, "due_at"),
    (promise_move, {"due_at": -1}, "due_at"),
    (promise_move, {}, "due_at"),
    (promise_move, {"due_at": 3, "told": ""}, "told"),
    (promise_owner, {}, "owner"),
    (risk, {"review_on": 0}, "review_on"),
    (review, {"again_on": 0}, "again_on"),
    (review, {"again_on": ""}, "again_on"),
    (review, {"reason": ""}, "reason"),
    (anniversary, {}, "note"),
    (first_report, {}, "next_at"),
    (first_report, {"next_at": -1}, "next_at"),
    (first_report, {"reported_at": -9, "next_at": 1}, "reported_at"),
    (report_again, {}, "next_at"),
    (report_again, {"next_at": -1}, "next_at"),
    (report_again, {"reported_at": -9, "next_at": 1}, "reported_at"),
    (final_report, {"reported_at": -9}, "reported_at"),
    (final_report, {"reported_at": 9}, "reported_at"),
    (final_day, {}, "due_on"),
    (final_day, {"due_on": -1}, "due_on"),
    (final_day, {"due_on": 30, "told": ""}, "told"),
    (outcome, {}, "again_on"),
    (outcome, {"again_on": 0}, "again_on"),
    (checker, {"checker": "bob"}, "checker"),
    (checker, {"checker": "alice"}, "checker"),
    (done_by_another, {"checker": "third"}, "checker"),
    (owner, {"owner": "bob"}, "owner"),
    (owner, {"owner": "alice"}, "owner"),
    (readers, {}, "readers"),
]


@pytest.mark.parametrize(("place", "sent", "field"), CASES, ids=[f"{c[0].__name__}-{n}" for n, c in enumerate(CASES)])
def test_one_step(client_of, alice, bob, carol, team, other_team, story, crack, place, sent, field):
    third = PersonFactory(name="伊藤 誠")
    MembershipFactory(person=third, team=team, role="member")
    people = {"alice": alice.pk, "bob": bob.pk, "third": third, "other": other_team.pk}
    sent = {name: people.get(value, value) for name, value in sent.items()}
    for name, value in sent.items():
        if name.endswith("_on") and value != "":
            sent[name] = day(value)
        elif name.endswith("_at") and value != "":
            sent[name] = moment(value)
    # Alice is a lead and reads it herself; a record that no lead reads can only be made by its owner.
    who = bob if place is readers else alice
    url, data = place(story, crack, sent)
    assert refused_at(client_of(who).post(url, data)) == [field]


def test_a_date_promised_outside_asks_for_its_draft_at_the_draft(client_of, alice, story):
    measure = story.promised(promised_outside=True)
    url = f"/measures/{measure.pk}/due/"
    answer = client_of(alice).post(url, opened(client_of(alice), url) | {"due_on": day(40), "reason": "入荷待ち"})
    assert refused_at(answer) == ["draft"]


def test_without_a_field_for_it_a_refusal_stands_above_the_form():
    """Promised outside between the opening and the save: the form has no field for a draft yet."""
    form = DueRequestForm({"due_on": day(40), "reason": "入荷待ち"}, promised_outside=False, standing=None)
    show_refusal(form, Refused("no_draft", "続報の下書きがまだありません。"))
    assert list(form.errors) == ["__all__"]
