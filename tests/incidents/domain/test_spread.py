"""Other teams are asked, and learn nothing but the question (M4, invariant 9)."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from incidents.domain import incident, reader, reminder, spread
from incidents.enums import FollowUpKind, FollowUpState, Role, Stage
from incidents.errors import NotAllowed
from incidents.models import AuditEntry, FollowUp, Letter, Spread, SpreadAnswer, TimelineEntry
from incidents.queries import today
from tests.factories import MembershipFactory, PersonFactory, TeamFactory
from tests.rows import fresh, refused

pytestmark = pytest.mark.usefixtures("clock")
DUE = date(2026, 12, 8)
ACT_BY = date(2027, 1, 20)
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


@pytest.fixture
def member(other_team):
    """Somebody of the asked team who acts."""
    return MembershipFactory(
        person=PersonFactory(name="小川 遥", email="haruka@example.jp"), team=other_team, role=Role.MEMBER
    ).person


def taken_on(asked, by, member, **change) -> SpreadAnswer:
    said = {"reply": "action", "note": "候補の一覧をやめます", "owner": member, "due_on": ACT_BY}
    return spread.answer(asked, by=by, **(said | change))


def test_other_teams_lead_is_reminded(asked, carol, other_team):
    promise = FollowUp.objects.get(kind=FollowUpKind.SPREAD_ANSWER)
    assert (promise.owner, promise.team, promise.due_on) == (carol, other_team, DUE)
    assert {row.recipient for row in promise.deliveries.all()} == {carol}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"reply": "covered"}, "no_note"),
        ({"reply": "action", "note": " "}, "no_note"),
        ({"reply": "action", "note": "やります"}, "no_owner"),
        ({"reply": "action", "note": "やります", "owner": "carol"}, "no_due"),
        ({"reply": "action", "note": "やります", "owner": "carol", "due_on": date(2026, 11, 23)}, "due_in_past"),
        ({"reply": "action", "note": "やります", "owner": "bob", "due_on": ACT_BY}, "not_in_team"),
    ],
)
def test_answer_refused(asked, bob, carol, answer, code):
    people = {"bob": bob, "carol": carol}
    if "owner" in answer:
        answer = answer | {"owner": people[answer["owner"]]}
    assert refused(spread.answer, asked, by=carol, **answer) == code
    assert fresh(asked).reply == ""
    assert not FollowUp.objects.filter(kind=FollowUpKind.SPREAD_ACTION).exists()


def test_answer_stands_on_the_asking_record(asked, carol, alice, member, client_of, canary):
    taken_on(asked, carol, member, note="来月、候補の一覧をやめます")

    assert FollowUp.objects.get(kind=FollowUpKind.SPREAD_ANSWER).state == FollowUpState.KEPT
    shown = client_of(alice).get(canary.get_absolute_url()).content.decode()
    assert "来月、候補の一覧をやめます" in shown
    assert TimelineEntry.objects.filter(incident=canary, text__contains="要対応").exists()
    assert refused(spread.answer, asked, by=carol, reply="not_applicable") == "already_answered"


# 要対応 is followed until it is done ------------------------------------------------------------


def test_what_is_taken_on_reminds_whoever_acts_in_the_asked_team(asked, carol, member, other_team, clock):
    taken_on(asked, carol, member)
    action = FollowUp.objects.get(kind=FollowUpKind.SPREAD_ACTION)
    assert (action.owner, action.team, action.due_on, action.state) == (
        member,
        other_team,
        ACT_BY,
        FollowUpState.OPEN,
    )
    assert {(row.step, row.recipient) for row in action.deliveries.filter(step__in=["d-7", "d0", "d+7"])} == {
        ("d-7", member),
        ("d0", member),
        ("d+7", member),
        ("d+7", carol),  # the lead of the asked team, nobody of the asking one
    }
    clock.to("2027-01-20 10:00")
    reminder.write_due_digests()
    letter = Letter.objects.get(recipient=member)
    assert QUESTION in letter.text and reverse("spread-done", args=[asked.pk]) in letter.text
    assert not Letter.objects.filter(recipient=carol).exists()


def test_the_asking_record_reads_team_and_day_and_then_what_was_done(asked, canary, carol, member, alice, client_of):
    taken_on(asked, carol, member)
    page = client_of(alice).get(canary.get_absolute_url()).content.decode()
    part = page[page.index('id="spread"') :]
    part = part[: part.index("</section>")]
    assert "経理課" in part and "01/20" in part.replace("1/20", "01/20") and "小川 遥" not in part
    line = TimelineEntry.objects.get(incident=canary, text__startswith="横展開の回答")
    assert line.text == "横展開の回答（経理課）: 要対応（2027年1月20日（水） まで）。候補の一覧をやめます"

    spread.done(asked, by=member, note="番号で選ぶ画面に変えました")
    action = FollowUp.objects.get(kind=FollowUpKind.SPREAD_ACTION)
    assert (action.state, action.closed_by, action.closed_note) == (
        FollowUpState.KEPT,
        member,
        "番号で選ぶ画面に変えました",
    )
    assert not action.deliveries.filter(state="pending").exists()
    line = TimelineEntry.objects.get(incident=canary, text__startswith="横展開の取り組み")
    assert line.text == "横展開の取り組みが済みました（経理課）: 番号で選ぶ画面に変えました"
    assert "番号で選ぶ画面に変えました" in client_of(alice).get(canary.get_absolute_url()).content.decode()
    entry = AuditEntry.objects.get(verb="spread.done")
    assert (entry.team_id, entry.incident_id) == (asked.team_id, None)


def test_done_refused(asked, alice, bob, carol, member, other_team, admin):
    assert refused(spread.done, asked, by=carol, note="x") == "no_action"
    taken_on(asked, carol, member)
    viewer = MembershipFactory(team=other_team, role=Role.VIEWER).person
    for stranger in (alice, bob, admin, viewer):
        with pytest.raises(NotAllowed):
            spread.done(asked, by=stranger, note="x")
    assert refused(spread.done, asked, by=carol, note=" ") == "no_note"
    spread.done(asked, by=carol, note="変えました")
    assert refused(spread.done, asked, by=member, note="x") == "already_done"


def test_an_answer_that_takes_nothing_on_promises_nothing(asked, carol, member):
    spread.answer(asked, by=carol, reply="covered", note="防いでいます", owner=member, due_on=ACT_BY)
    assert not FollowUp.objects.filter(kind=FollowUpKind.SPREAD_ACTION).exists()


def test_what_was_taken_on_outlives_the_record_that_asked(asked, canary, bob, carol, member):
    taken_on(asked, carol, member)
    incident.end_otherwise(canary, by=bob, end=Stage.REPAIRED_ONLY, reason="一度きり")
    spread.done(asked, by=member, note="変えました")
    assert FollowUp.objects.get(kind=FollowUpKind.SPREAD_ACTION).state == FollowUpState.KEPT


def test_it_stands_on_today_of_whoever_acts_and_of_nobody_else(asked, carol, member, alice, client_of):
    taken_on(asked, carol, member)
    url = reverse("spread-done", args=[asked.pk])
    for person, there in ((member, True), (carol, False), (alice, False)):
        assert (f'href="{url}"' in client_of(person).get("/").content.decode()) is there
    found = today.today(member)
    assert ([line.follow_up.kind for line in found.asked_us], found.counts["asked_us"]) == (["spread_action"], 1)
    assert found.rest == []


def test_pages_take_it_on_and_mark_it_done(asked, carol, member, vera, client_of):
    url = reverse("spread-answer", args=[asked.pk])
    sent = {"reply": "action", "note": "候補の一覧をやめます", "owner": "", "due_on": ""}
    answer = client_of(carol).post(url, sent).content.decode()
    assert "だれが取り組むかが決まっていません" in answer and "候補の一覧をやめます" in answer
    assert client_of(carol).post(url, sent | {"owner": member.pk, "due_on": "2027-01-20"}).status_code == 302

    done = reverse("spread-done", args=[asked.pk])
    assert f'href="{done}"' in client_of(member).get(url).content.decode()
    assert "候補の一覧をやめます" in client_of(member).get(done).content.decode()
    assert "何をしたかが書かれていません" in client_of(member).post(done, {"note": ""}).content.decode()
    assert client_of(member).post(done, {"note": "番号で選びます"}).url == url
    shown = client_of(carol).get(url).content.decode()
    assert "番号で選びます" in shown and f'href="{done}"' not in shown
    assert client_of(member).get(done).url == url  # nothing left to mark
    late = client_of(carol).post(done, {"note": "もう一度の文"}).content.decode()
    assert "もう一度の文" in late and "もう済んでいます" in late
    assert client_of(vera).get(done).status_code == 404


def test_the_database_holds_where_an_action_points(asked, carol, member):
    taken_on(asked, carol, member)
    action = FollowUp.objects.filter(kind=FollowUpKind.SPREAD_ACTION)
    for wrong in ({"spread_action": None}, {"kind": FollowUpKind.PROMISE}):
        with pytest.raises(IntegrityError), transaction.atomic():
            action.update(**wrong)


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


@pytest.mark.parametrize("restricted", [False, True])
def test_nothing_of_the_record_reaches_the_other_team(
    asked, canary, alice, carol, member, clock, client_of, restricted
):
    """Canaries stand in every field of the record; no page, letter or trace of the other team holds one."""
    if restricted:
        reader.restrict(canary, by=alice, readers=[alice])
    url, done = reverse("spread-answer", args=[asked.pk]), reverse("spread-done", args=[asked.pk])
    pages = [url, "/", "/incidents/", "/seams/?view=all", "/letters/"]
    clock.to("2026-12-08 10:00")
    client = client_of(carol)
    reminder.write_due_digests()
    letter = Letter.objects.get(recipient=carol, text__contains=url)
    texts = [letter.subject, letter.text, letter.html]
    texts += [client.get(page).content.decode() for page in [*pages, f"/letters/{letter.pk}/"]]
    refused_page = client.post(url, {"reply": "covered", "note": ""}).content.decode()
    texts += [refused_page, client.post(url, {"reply": "action", "note": "やります"}).content.decode()]
    sent = {"reply": "action", "note": "やります", "owner": member.pk, "due_on": "2027-01-20"}
    texts.append(client.post(url, sent, follow=True).content.decode())
    clock.to("2027-02-03 10:00")  # late: whoever acts and the lead of the asked team are told
    reminder.write_due_digests()
    told = Letter.objects.filter(text__contains=done)
    assert {one.recipient for one in told} == {member, carol}
    texts += [text for one in told for text in (one.subject, one.text, one.html)]
    acting = client_of(member)
    texts += [acting.get(page).content.decode() for page in [*pages, done]]
    texts.append(acting.post(done, {"note": ""}).content.decode())
    texts.append(acting.post(done, {"note": "変えました"}, follow=True).content.decode())
    texts.append(acting.post(done, {"note": "二度目"}).content.decode())
    trace = AuditEntry.objects.filter(team_id=asked.team_id)
    texts += [f"{entry.target_label} {entry.changes} {entry.reason}" for entry in trace]

    assert trace.exists()
    for text in texts:
        assert not [secret for secret in (*CANARIES, canary.reference) if secret in text]
    assert QUESTION in letter.text
    assert url in letter.text
    assert "受注課" in letter.text
    assert client_of(carol).get(canary.get_absolute_url()).status_code == 404


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
