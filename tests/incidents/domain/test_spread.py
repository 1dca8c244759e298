"""Other teams are asked, and learn nothing but the question (M4, invariant 9)."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from incidents.domain import incident, reminder, spread
from incidents.enums import FollowUpKind, FollowUpState, Role, Stage
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, FollowUp, Letter, Spread, SpreadAnswer, TimelineEntry
from tests.factories import MembershipFactory, PersonFactory, TeamFactory

pytestmark = pytest.mark.usefixtures("clock")
DUE = date(2026, 12, 8)
QUESTION = "宛先を候補から手で選ぶ送付が、ほかにもありますか"
CANARIES = (
    "カナリア題",
    "カナリア本文",
    "カナリア商事",
    "カナリア業務",
    "カナリアの原因",
    "カナリアの対策",
    "鈴木 健太",
)


def refused(call, *arguments, **named) -> str:
    with pytest.raises(Refused) as kept:
        call(*arguments, **named)
    return kept.value.code


def fresh(row):
    return type(row).objects.get(pk=row.pk)


@pytest.fixture
def canary(story, bob):
    made = story.promised(title="カナリアの対策").incident
    return incident.edit(
        made, by=bob, title="カナリア題", body="カナリア本文", counterparty="カナリア商事", process="カナリア業務"
    )


@pytest.fixture
def asked(canary, bob, carol, other_team) -> SpreadAnswer:
    spread.spread(canary, by=bob, teams=[other_team], title=QUESTION, body="画面の一覧から選ぶ作業です。", due_on=DUE)
    return SpreadAnswer.objects.get()


def test_other_teams_lead_is_reminded(asked, carol, other_team):
    promise = FollowUp.objects.get(kind=FollowUpKind.SPREAD_ANSWER)
    assert (promise.owner, promise.team, promise.due_on) == (carol, other_team, DUE)
    assert {row.recipient for row in promise.deliveries.all()} == {carol}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"reply": "covered"}, "no_note"),
        ({"reply": "action", "note": " "}, "no_note"),
    ],
)
def test_answer_refused(asked, carol, answer, code):
    assert refused(spread.answer, asked, by=carol, **answer) == code


def test_answer_stands_on_the_asking_record(asked, carol, alice, client_of, canary):
    spread.answer(asked, by=carol, reply="action", note="来月、候補の一覧をやめます")

    assert FollowUp.objects.get(kind=FollowUpKind.SPREAD_ANSWER).state == FollowUpState.KEPT
    shown = client_of(alice).get(canary.get_absolute_url()).content.decode()
    assert "来月、候補の一覧をやめます" in shown
    assert TimelineEntry.objects.filter(incident=canary, text__contains="要対応").exists()
    assert refused(spread.answer, asked, by=carol, reply="not_applicable") == "already_answered"


def test_who_answers(asked, alice, bob, admin, other_team):
    for stranger in (alice, bob, admin):
        with pytest.raises(NotAllowed):
            spread.answer(asked, by=stranger, reply="not_applicable")
    reader, member = PersonFactory(), PersonFactory()
    MembershipFactory(person=reader, team=other_team, role=Role.VIEWER)
    MembershipFactory(person=member, team=other_team, role=Role.MEMBER)
    with pytest.raises(NotAllowed):
        spread.answer(asked, by=reader, reply="not_applicable")
    assert spread.answer(asked, by=member, reply="not_applicable").answered_by == member


def test_question_refused(canary, bob, team, other_team, carol):
    whole = {"title": QUESTION, "body": "", "due_on": DUE, "teams": [other_team]}
    empty = TeamFactory()
    for change, code in (
        ({"teams": []}, "no_team"),
        ({"teams": [other_team, team]}, "own_team"),
        ({"teams": [empty]}, "no_lead"),
        ({"due_on": date(2026, 11, 23)}, "due_in_past"),
        ({"title": " "}, "empty"),
    ):
        assert refused(spread.spread, canary, by=bob, **(whole | change)) == code
    assert not Spread.objects.exists()


def test_question_outlives_its_record(asked, canary, bob, carol):
    incident.end_otherwise(canary, by=bob, end=Stage.REPAIRED_ONLY, reason="一度きり")
    spread.answer(asked, by=carol, reply="not_applicable")
    assert fresh(asked).reply == "not_applicable"


def test_nothing_of_the_record_reaches_the_other_team(asked, canary, carol, clock, client_of):
    """Canaries stand in every field of the record; no page, letter or trace of the other team holds one."""
    url = reverse("spread-answer", args=[asked.pk])
    pages = [url, "/", "/incidents/", "/seams/?view=all", "/letters/"]
    clock.to("2026-12-08 10:00")
    client = client_of(carol)
    reminder.write_due_digests()
    letter = Letter.objects.get(recipient=carol)
    texts = [letter.subject, letter.text, letter.html]
    texts += [client.get(page).content.decode() for page in [*pages, f"/letters/{letter.pk}/"]]
    refused_page = client.post(url, {"reply": "covered", "note": ""}).content.decode()
    texts += [refused_page, client.post(url, {"reply": "action", "note": "やります"}, follow=True).content.decode()]
    trace = AuditEntry.objects.filter(team_id=asked.team_id)
    texts += [f"{entry.target_label} {entry.changes} {entry.reason}" for entry in trace]

    assert trace.exists()
    for text in texts:
        assert not [secret for secret in (*CANARIES, canary.reference) if secret in text]
    assert QUESTION in letter.text
    assert url in letter.text
    assert "受注課" in letter.text
    assert client.get(canary.get_absolute_url()).status_code == 404


def test_asking_team_reads_the_answer_on_its_record_alone(asked, alice, client_of):
    assert client_of(alice).get(reverse("spread-answer", args=[asked.pk])).status_code == 404


def test_page_asks(canary, bob, vera, carol, other_team, client_of):
    url = f"{canary.get_absolute_url()}spread/"
    assert client_of(vera).get(url).status_code == 403
    form = client_of(bob).get(url).content.decode()
    assert other_team.name in form
    sent = {"teams": [other_team.pk], "title": QUESTION, "body": "", "due_on": "2026-12-08"}
    assert client_of(bob).post(url, sent).status_code == 302
    assert "答え待ち" in client_of(vera).get(canary.get_absolute_url()).content.decode()
