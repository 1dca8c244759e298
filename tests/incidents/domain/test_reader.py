"""A restricted record is there for those who are named, and for nobody else in any way (C9, invariant 9)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from incidents.domain import check as checks
from incidents.domain import countermeasure, promise, question, reader, reminder
from incidents.domain import incident as incidents
from incidents.enums import LetterKind, Role, Stage
from incidents.errors import NotAllowed, Refused
from incidents.models import Countermeasure, FollowUp, Incident, Letter
from incidents.queries.today import today
from tests.conftest import _member

pytestmark = pytest.mark.django_db
CANARY = "給与明細を別の人へ渡した"


@pytest.fixture
def second_lead(team):
    return _member(team, "山田 聡", "yamada", Role.LEAD)


@pytest.fixture
def closed(clock, story, alice, bob, second_lead, team):
    """Bob's record, with a promised measure; alice may read it, the other lead may not."""
    known = story.with_root(title=CANARY)
    measure = story.promised(to=known, title="明細を本人の画面だけに出す")
    reader.restrict(known.incident, by=bob, readers=[alice])
    return measure.incident


# What its address says to the team holds no word of it: tests/incidents/views/test_read_request.py.
PLACES = ["/", "/incidents/", "/incidents/?q=給与明細", "/seams/?view=all", "/letters/"]


def test_who_is_not_named_finds_nothing(closed, client_of, second_lead, vera):
    for person in (second_lead, vera):
        client = client_of(person)
        assert client.get(closed.get_absolute_url()).status_code == 403
        for url in PLACES:
            text = client.get(url).content.decode()
            assert CANARY not in text.replace('value="給与明細"', ""), url
            assert "明細を本人" not in text, url
        assert Incident.objects.visible_to(person).count() == 0
        assert Countermeasure.objects.visible_to(person).count() == 0
        assert FollowUp.objects.visible_to(person).count() == 0
        assert today(person).bowl.total == 0


def test_named_people_and_those_it_belongs_to_read_it(closed, client_of, alice, bob):
    for person in (alice, bob):
        assert client_of(person).get(closed.get_absolute_url()).status_code == 200
        assert CANARY in client_of(person).get("/incidents/").content.decode()


def test_an_unnamed_lead_is_not_mailed_and_the_named_one_is(closed, clock, alice, second_lead):
    clock.to("2027-02-10 10:00")
    reminder.write_due_digests()
    told = {one.recipient for one in Letter.objects.filter(kind=LetterKind.DIGEST)}
    assert alice in told
    assert second_lead not in told


def test_a_lead_must_be_able_to_read(crack, bob, vera):
    with pytest.raises(Refused) as refusal:
        reader.restrict(crack, by=bob, readers=[vera])
    assert refusal.value.code == "no_lead_reader"


def test_nobody_shuts_themselves_out(crack, alice, second_lead):
    with pytest.raises(Refused) as refusal:
        reader.restrict(crack, by=alice, readers=[second_lead])
    assert refusal.value.code == "shuts_self_out"


def test_a_stranger_is_not_named(crack, alice, carol):
    with pytest.raises(Refused) as refusal:
        reader.restrict(crack, by=alice, readers=[alice, carol])
    assert refusal.value.code == "not_in_team"


def test_a_member_who_does_not_own_it_may_not(crack, alice, team):
    other = _member(team, "中村 翼", "nakamura", Role.MEMBER)
    with pytest.raises(NotAllowed) as refusal:
        reader.restrict(crack, by=other, readers=[alice, other])
    assert refusal.value.code == "not_lead_or_owner"


def test_open_again(closed, bob, client_of, second_lead):
    reader.unrestrict(closed, by=bob)
    assert client_of(second_lead).get(closed.get_absolute_url()).status_code == 200
    with pytest.raises(Refused) as refusal:
        reader.unrestrict(closed, by=bob)
    assert refusal.value.code == "not_restricted"


def test_a_new_backup_reads_it(closed, bob, client_of, second_lead):
    incidents.edit(closed, by=bob, backup=second_lead)
    assert client_of(second_lead).get(closed.get_absolute_url()).status_code == 200


@pytest.fixture
def outside(team):
    """A member who is not named."""
    return _member(team, "中村 翼", "nakamura", Role.MEMBER)


def test_nothing_of_it_is_given_to_somebody_who_may_not_read_it(closed, alice, bob, outside, clock):
    measure = Countermeasure.objects.select_related("incident__team").get(incident=closed)
    check = measure.checks.get()
    soon = clock.now + timedelta(hours=2)
    asked = question.ask(closed, by=bob, text="だれの明細か", owner=bob, due_on=clock.today)
    promised = promise.promise(closed, by=bob, text="折り返す", due_at=soon)
    steps = [
        lambda: countermeasure.propose(closed, by=bob, title="x", owner=outside),
        lambda: countermeasure.propose(closed, by=bob, title="x", backup=outside),
        lambda: countermeasure.propose(closed, by=bob, title="x", checker=outside),
        lambda: countermeasure.propose(closed, by=bob, title="x", helpers=[outside]),
        lambda: countermeasure.hand_over(measure, by=bob, owner=outside),
        lambda: countermeasure.set_helpers(measure, by=bob, helpers=[outside]),
        lambda: checks.hand_over(check, by=bob, checker=outside),
        lambda: question.ask(closed, by=bob, text="x", owner=outside, due_on=clock.today),
        lambda: question.hand_over(asked, by=bob, owner=outside),
        lambda: promise.promise(closed, by=bob, text="x", due_at=soon, owner=outside),
        lambda: promise.hand_over(promised, by=bob, owner=outside),
    ]
    for step in steps:
        with pytest.raises(Refused) as refusal:
            step()
        assert refusal.value.code == "not_reader"
    assert not FollowUp.objects.filter(owner=outside).exists()


def test_the_forms_offer_readers_alone(closed, client_of, bob, alice, outside, clock):
    measure = Countermeasure.objects.get(incident=closed)
    asked = question.ask(closed, by=bob, text="だれの明細か", owner=bob, due_on=clock.today)
    promised = promise.promise(closed, by=bob, text="折り返す", due_at=clock.now + timedelta(hours=2))
    key = closed.reference
    urls = [
        reverse("measure-new", args=[key]),
        reverse("measure-hand-over", args=[measure.pk]),
        reverse("measure-helpers", args=[measure.pk]),
        reverse("check-hand-over", args=[measure.checks.get().pk]),
        reverse("incident-question", args=[key]),
        reverse("question-hand-over", args=[asked.pk]),
        reverse("incident-promise", args=[key]),
        reverse("promise-hand-over", args=[promised.pk]),
    ]
    for url in urls:
        page = client_of(bob).get(url).content.decode()
        assert alice.name in page and outside.name not in page, url


def test_a_reader_who_does_not_decide_names_no_new_reader_as_backup(closed, bob, alice, outside, team, client_of):
    named = _member(team, "小川 結", "ogawa", Role.MEMBER)
    reader.restrict(closed, by=bob, readers=[alice, named])
    with pytest.raises(Refused) as refusal:
        incidents.edit(closed, by=named, backup=outside)
    assert refusal.value.code == "not_reader"
    url = reverse("incident-edit", args=[closed.reference])
    assert outside.name not in client_of(named).get(url).content.decode()
    assert incidents.edit(closed, by=named, backup=alice).backup == alice


def test_a_record_is_not_given_to_who_only_reads(crack, bob, vera, carol):
    for person in (vera, carol):
        for name in ("owner", "backup"):
            with pytest.raises(Refused) as refusal:
                incidents.edit(crack, by=bob, **{name: person})
            assert refusal.value.code == "not_in_team"


def test_the_chip_says_how_it_is_and_an_ended_record_can_be_restricted(closed, client_of, alice, bob):
    url = closed.get_absolute_url()
    incidents.end_otherwise(closed, by=bob, end=Stage.REPAIRED_ONLY, reason="一度きり")
    shown = client_of(alice).get(url).content.decode()
    assert "読む人を限っています" in shown and f"{url}readers/" in shown
    reader.restrict(closed, by=alice, readers=[alice])
    assert Incident.objects.get(pk=closed.pk).stage == Stage.REPAIRED_ONLY


def test_the_page(closed, client_of, alice, bob):
    client = client_of(alice)
    url = closed.get_absolute_url() + "readers/"
    assert "チームの全員が読めるように戻す" in client.get(url).content.decode()
    assert client.post(url, {"readers": [alice.pk, bob.pk]}).status_code == 302
    assert client.post(url + "open/").status_code == 302
    assert not Incident.objects.get(pk=closed.pk).restricted
