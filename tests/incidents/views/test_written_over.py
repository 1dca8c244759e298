"""Forms that write over what stands: the second of two people sees what the first has changed, and keeps the own text."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.domain import cause, handover, promise, question, reader
from incidents.enums import Role
from incidents.models import AuditEntry, FollowUp, Incident, IncidentReader, NamelessNote, RootCause, Why
from tests.conftest import _member
from tests.factories import NamelessNoteFactory
from tests.incidents.views.test_meanwhile import opened

pytestmark = pytest.mark.django_db

TOLD = "ほかの方が同じ所を変えました。あなたの書いたものは、そのまま残してあります。"


@pytest.fixture
def third(team):
    return _member(team, "伊藤 誠", "ito", Role.MEMBER)


@pytest.fixture
def second_lead(team):
    return _member(team, "山田 聡", "yamada", Role.LEAD)


def refused(answer, *shown: str) -> dict[str, str]:
    """The page that came instead of a save; what the form sends the next time."""
    text = answer.content.decode()
    assert answer.status_code == 200
    for words in (TOLD, *shown):
        assert words in text, words
    return {"stood": re.search(r'name="stood" value="(\w*)"', text)[1]}


def ticked(answer, name: str) -> set[int]:
    tags = re.findall(rf'<input\b[^>]*name="{name}"[^>]*>', answer.content.decode())
    return {int(re.search(r'value="(\d+)"', tag)[1]) for tag in tags if "checked" in tag}


def test_readers(client_of, alice, bob, third, vera, crack):
    reader.restrict(crack, by=bob, readers=[alice])
    url = f"/incidents/{crack.reference}/readers/"
    hers, his = opened(client_of(alice), url), opened(client_of(bob), url)
    assert client_of(alice).post(url, hers | {"readers": [alice.pk, third.pk]}).status_code == 302

    answer = client_of(bob).post(url, his | {"readers": [alice.pk, vera.pk]})
    again = refused(answer, f"{alice}: 読む人 {alice} → {alice}, {third}")
    assert ticked(answer, "readers") == {alice.pk, vera.pk}
    assert set(reader_ids(crack)) == {alice.pk, third.pk}

    assert client_of(bob).post(url, his | again | {"readers": [alice.pk, vera.pk]}).status_code == 302
    assert set(reader_ids(crack)) == {alice.pk, vera.pk}


def reader_ids(incident) -> list[int]:
    return list(IncidentReader.objects.filter(incident=incident).values_list("person_id", flat=True))


def test_readers_of_a_record_that_was_opened_meanwhile(client_of, alice, bob, crack):
    reader.restrict(crack, by=bob, readers=[alice])
    url = f"/incidents/{crack.reference}/readers/"
    his = opened(client_of(bob), url)
    reader.unrestrict(crack, by=alice)
    refused(client_of(bob).post(url, his | {"readers": [alice.pk]}), f"{alice}: 読む人 {alice} → –")
    assert not Incident.objects.get(pk=crack.pk).restricted


def test_helpers(client_of, alice, bob, third, second_lead, story):
    measure = story.promised()
    url = f"/measures/{measure.pk}/helpers/"
    hers, his = opened(client_of(alice), url), opened(client_of(bob), url)
    assert client_of(alice).post(url, hers | {"helpers": [third.pk]}).status_code == 302

    answer = client_of(bob).post(url, his | {"helpers": [second_lead.pk]})
    again = refused(answer, f"{alice}: 手伝う人 – → {third}")
    assert ticked(answer, "helpers") == {second_lead.pk}
    assert list(measure.helpers.all()) == [third]

    assert client_of(bob).post(url, his | again | {"helpers": [second_lead.pk]}).status_code == 302
    assert list(measure.helpers.all()) == [second_lead]


def test_a_form_of_helpers_that_nobody_touched_takes_nobody_away(client_of, alice, bob, third, story):
    measure = story.promised()
    url = f"/measures/{measure.pk}/helpers/"
    hers, his = opened(client_of(alice), url), opened(client_of(bob), url)
    client_of(alice).post(url, hers | {"helpers": [third.pk]})
    refused(client_of(bob).post(url, his))
    assert list(measure.helpers.all()) == [third]


def test_reply_to_a_note_without_a_name(client_of, alice, second_lead, team):
    note, other = NamelessNoteFactory(team=team), NamelessNoteFactory(team=team)
    url = f"/nameless/{note.pk}/reply/"
    hers, his = opened(client_of(alice), url), opened(client_of(second_lead), url)
    assert client_of(alice).post(url, hers | {"text": "窓口を決めました。"}).status_code == 302
    # An answer to another note of the team is no change of this one.
    elsewhere = f"/nameless/{other.pk}/reply/"
    client_of(alice).post(elsewhere, opened(client_of(alice), elsewhere) | {"text": "別の返事です。"})

    answer = client_of(second_lead).post(url, his | {"text": "来週、話し合います。"})
    again = refused(answer, f"{alice}: 返事 – → 窓口を決めました。", ">\n来週、話し合います。</textarea>")
    assert "別の返事です。" not in answer.content.decode()
    assert NamelessNote.objects.get(pk=note.pk).reply == "窓口を決めました。"

    assert client_of(second_lead).post(url, his | again | {"text": "来週、話し合います。"}).status_code == 302
    assert NamelessNote.objects.get(pk=note.pk).reply == "来週、話し合います。"


def test_an_answer_to_another_note_is_in_nobodys_way(client_of, alice, second_lead, team):
    note, other = NamelessNoteFactory(team=team), NamelessNoteFactory(team=team)
    url, elsewhere = f"/nameless/{note.pk}/reply/", f"/nameless/{other.pk}/reply/"
    his = opened(client_of(second_lead), url)
    client_of(alice).post(elsewhere, opened(client_of(alice), elsewhere) | {"text": "別の返事です。"})
    assert client_of(second_lead).post(url, his | {"text": "来週、話し合います。"}).status_code == 302


def test_by_what_a_why_was_verified(client_of, alice, bob, crack):
    why = cause.ask_why(crack, by=bob, text="手順がない")
    url = f"/whys/{why.pk}/evidence/"
    hers, his = opened(client_of(alice), url), opened(client_of(bob), url)
    client_of(alice).post(url, hers | {"evidence": "送信控え"})
    answer = client_of(bob).post(url, his | {"evidence": "11月の台帳"})
    refused(answer, "送信控え", 'value="11月の台帳"')
    assert Why.objects.get(pk=why.pk).evidence == "送信控え"


def test_time_and_owner_of_a_promise(client_of, alice, bob, third, second_lead, crack):
    soon = timezone.now() + timedelta(hours=2)
    one = promise.promise(crack, by=bob, text="折り返す", due_at=soon)
    move, give = f"/promises/{one.pk}/move/", f"/promises/{one.pk}/hand-over/"
    his_move, his_give = opened(client_of(bob), move), opened(client_of(bob), give)
    moved = promise.move(one, by=alice, due_at=soon + timedelta(hours=1), reason="お客様のご都合", told=True)
    promise.hand_over(moved, by=alice, owner=third)

    later = timezone.localtime(soon + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")
    refused(client_of(bob).post(move, his_move | {"due_at": later, "reason": "確認中", "told": "on"}), later, "確認中")
    refused(client_of(bob).post(give, his_give | {"owner": second_lead.pk}), f"{alice}: 担当 {bob} → {third}")
    now = FollowUp.objects.get(pk=one.pk)
    assert (now.due_at, now.owner) == (soon + timedelta(hours=1), third)


def test_day_and_owner_of_a_question(client_of, alice, bob, third, second_lead, crack):
    today = timezone.localdate()
    asked = question.ask(crack, by=bob, text="何通か", owner=bob, due_on=today + timedelta(days=3))
    move, give = f"/questions/{asked.pk}/due/", f"/questions/{asked.pk}/hand-over/"
    his_move, his_give = opened(client_of(bob), move), opened(client_of(bob), give)
    question.move(asked, by=alice, due_on=today + timedelta(days=5), reason="休業日のため")
    question.hand_over(asked, by=alice, owner=third)

    wanted = (today + timedelta(days=9)).isoformat()
    refused(client_of(bob).post(move, his_move | {"due_on": wanted, "reason": "控え待ち"}), wanted, "控え待ち")
    refused(client_of(bob).post(give, his_give | {"owner": second_lead.pk}), f"{alice}: 担当 {bob} → {third}")
    now = FollowUp.objects.get(pk=asked.follow_up.pk)
    assert (now.due_on, now.owner) == (today + timedelta(days=5), third)


def test_owner_and_checker_of_a_measure(client_of, alice, bob, third, second_lead, story):
    measure = story.promised()
    check = measure.checks.get()
    give, checker = f"/measures/{measure.pk}/hand-over/", f"/checks/{check.pk}/hand-over/"
    his_give, his_checker = opened(client_of(bob), give), opened(client_of(bob), checker)
    client_of(alice).post(give, opened(client_of(alice), give) | {"owner": third.pk, "reason": "異動のため"})
    client_of(alice).post(checker, opened(client_of(alice), checker) | {"checker": bob.pk})

    answer = client_of(bob).post(give, his_give | {"owner": second_lead.pk, "reason": "手があいている"})
    refused(answer, f"{alice}: 担当 {bob} → {third}", "手があいている")
    refused(client_of(bob).post(checker, his_checker | {"checker": second_lead.pk}), f"{alice} → {bob}")
    measure.refresh_from_db()
    check.refresh_from_db()
    assert (measure.owner, check.checker) == (third, bob)


def test_day_of_a_measure_between_two_leads(client_of, alice, bob, second_lead, story):
    measure = story.promised()
    url = f"/measures/{measure.pk}/due/"
    hers, his = opened(client_of(alice), url), opened(client_of(second_lead), url)
    day, wanted = measure.due_on + timedelta(days=7), (measure.due_on + timedelta(days=14)).isoformat()
    assert client_of(alice).post(url, hers | {"due_on": day.isoformat(), "reason": "部品待ち"}).status_code == 302
    answer = client_of(second_lead).post(url, his | {"due_on": wanted, "reason": "年末のため"})
    again = refused(answer, wanted, "年末のため")
    measure.refresh_from_db()
    assert measure.due_on == day
    assert client_of(second_lead).post(url, his | again | {"due_on": wanted, "reason": "年末のため"}).status_code == 302
    measure.refresh_from_db()
    assert measure.due_on.isoformat() == wanted


def test_risk_between_two_leads(client_of, alice, second_lead, story):
    root = story.with_root().root
    url = f"/roots/{root.pk}/accept/"
    hers, his = opened(client_of(alice), url), opened(client_of(second_lead), url)
    first, second = ((timezone.localdate() + timedelta(days=n)).isoformat() for n in (30, 60))
    assert client_of(alice).post(url, hers | {"reason": "来期に直す", "review_on": first}).status_code == 302
    answer = client_of(second_lead).post(url, his | {"reason": "件数が少ない", "review_on": second})
    again = refused(answer, "来期に直す", "件数が少ない", second)
    assert RootCause.objects.get(pk=root.pk).risk_reason == "来期に直す"
    assert (
        client_of(second_lead).post(url, his | again | {"reason": "件数が少ない", "review_on": second}).status_code
        == 302
    )
    changes = AuditEntry.objects.filter(verb="root.risk_accepted").latest("pk").changes
    assert (changes["risk_reason"], changes["review_on"]) == (["来期に直す", "件数が少ない"], [first, second])


PAST = "2020-01-01"


def test_what_is_refused_is_said_at_its_field(client_of, alice, bob, story, crack):
    measure, root, check = story.promised(), story.with_root().root, story.done().checks.get()
    moment = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    told = {"channel": "phone", "reported_at": moment, "next_at": f"{PAST}T10:00"}
    key, today = crack.reference, timezone.localdate().isoformat()
    for url, sent, name in [
        (f"/measures/{measure.pk}/due/", {"due_on": PAST, "reason": "x"}, "due_on"),
        (f"/measures/{measure.pk}/hand-over/", {"owner": bob.pk}, "owner"),
        (f"/roots/{root.pk}/accept/", {"reason": "x", "review_on": PAST}, "review_on"),
        (f"/checks/{check.pk}/", {"outcome": "partly", "note": "x"}, "again_on"),
        (f"/incidents/{key}/first-report/", told, "next_at"),
        (f"/incidents/{key}/first-report/", told | {"next_at": ""}, "next_at"),
        (f"/incidents/{key}/promises/new/", {"text": "x", "due_at": f"{PAST}T10:00"}, "due_at"),
        (f"/incidents/{key}/questions/new/", {"text": "x", "owner": bob.pk, "due_on": PAST}, "due_on"),
    ]:
        form = client_of(alice).post(url, sent).context["form"]
        assert (url, list(form.errors)) == (url, [name])
    plan = {"title": "x", "strength": "6", "kind": "corrective", "commit": "1"}
    new = f"/incidents/{root.incident.reference}/measures/new/"
    more = {"root": root.pk, "before": "a", "after": "b", "owner": bob.pk, "check_what": "c", "check_threshold": "d"}
    for changes, name in [
        ({}, "root"),
        ({"root": root.pk}, "before"),
        (more | {"due_on": PAST}, "due_on"),
        (more | {"due_on": today, "checker": bob.pk, "check_on": "2090-01-01"}, "checker"),
        (more | {"due_on": today, "checker": alice.pk, "check_on": today}, "check_on"),
    ]:
        form = client_of(alice).post(new, plan | changes).context["form"]
        assert (changes, list(form.errors)) == (changes, [name])


def test_a_hand_over_is_seen_by_who_edits_the_record(client_of, alice, bob, third, second_lead, crack):
    url = f"/incidents/{crack.reference}/edit/"
    his = opened(client_of(bob), url)
    handover.hand_over(crack, by=alice, owner=third, reason="異動のため")
    answer = client_of(bob).post(url, his | {"owner": second_lead.pk})
    assert TOLD in answer.content.decode()
    assert Incident.objects.get(pk=crack.pk).owner == third


def test_the_same_person_in_two_windows_is_not_asked(client_of, bob, third, second_lead, story):
    measure = story.promised()
    url = f"/measures/{measure.pk}/helpers/"
    client = client_of(bob)
    one, two = opened(client, url), opened(client, url)
    assert client.post(url, one | {"helpers": [third.pk]}).status_code == 302
    assert client.post(url, two | {"helpers": [second_lead.pk]}).status_code == 302


@pytest.mark.parametrize("stood", ["", "x", "あ" * 64, "\x00"])
def test_a_broken_print_never_breaks_the_page(client_of, bob, third, story, stood):
    url = f"/measures/{story.promised().pk}/helpers/"
    assert client_of(bob).post(url, {"helpers": [third.pk], "stood": stood}).status_code in {200, 302}
