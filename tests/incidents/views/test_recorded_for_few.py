"""A record that is restricted while it is recorded is never there for anybody else (C9)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from incidents.domain import reminder
from incidents.enums import Role
from incidents.models import AuditEntry, FollowUp, Incident, Letter, ReminderDelivery
from tests.conftest import _member

pytestmark = pytest.mark.django_db

CANARY = "給与明細を別の人へ渡した"


@pytest.fixture
def second_lead(team):
    return _member(team, "山田 聡", "yamada", Role.LEAD)


def sent(team, **more) -> dict[str, object]:
    now = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    return {"title": CANARY, "noticed_at": now, "who_waits": "青空物産さま", "team": team.slug} | more


def test_it_is_there_for_its_readers_alone(client_of, clock, alice, bob, vera, second_lead, team):
    answer = client_of(bob).post("/incidents/new/", sent(team, restricted="on", readers=[alice.pk]))
    made = Incident.objects.get()
    assert (answer.status_code, made.restricted, made.owner, made.recorded_by) == (302, True, bob, bob)
    for person in (alice, bob):
        assert client_of(person).get(made.get_absolute_url()).status_code == 200
        assert CANARY in client_of(person).get("/incidents/").content.decode()
    for person in (second_lead, vera):
        client = client_of(person)
        assert client.get(made.get_absolute_url()).status_code == 403
        for url in ("/", "/incidents/", "/incidents/?q=給与明細", "/letters/"):
            assert CANARY not in client.get(url).content.decode(), url
        shown = client.post("/incidents/similar/", {"title": CANARY}, headers={"HX-Request": "true"})
        assert made.reference not in shown.content.decode()


def test_no_letter_of_its_clock_goes_to_anybody_else(client_of, clock, alice, bob, vera, second_lead, team):
    client_of(bob).post("/incidents/new/", sent(team, restricted="on", readers=[alice.pk]))
    assert FollowUp.objects.get(incident__title=CANARY).kind == "first_report"
    planned = set(ReminderDelivery.objects.values_list("recipient", flat=True))
    assert planned and planned <= {alice.pk, bob.pk}
    for _step in range(3):
        clock.forward(minutes=31)
        reminder.write_due_moments()
    clock.to("2026-11-26 10:00")
    reminder.write_due_digests()
    told = {letter.recipient for letter in Letter.objects.all() if CANARY in letter.text + letter.subject}
    assert alice in told and told <= {alice, bob}


def test_a_member_who_names_no_lead_is_told_so_and_loses_nothing(client_of, alice, bob, vera, team):
    form = sent(team, restricted="on", readers=[vera.pk], pasted="原文のまま")
    answer = client_of(bob).post("/incidents/new/", form)
    text = answer.content.decode()
    assert (answer.status_code, Incident.objects.count(), AuditEntry.objects.count()) == (200, 0, 0)
    assert "リーダーが一人も読めません。" in text
    assert CANARY in text and "原文のまま" in text
    assert '<details class="more-fields" open>' in text
    answer = client_of(bob).post("/incidents/new/", form | {"readers": [vera.pk, alice.pk]})
    assert (answer.status_code, Incident.objects.get().restricted) == (302, True)


def test_a_lead_needs_to_name_nobody(client_of, alice, second_lead, team):
    client_of(alice).post("/incidents/new/", sent(team, restricted="on"))
    made = Incident.objects.get()
    assert made.restricted and client_of(second_lead).get(made.get_absolute_url()).status_code == 403


def test_names_without_the_tick_restrict_too(client_of, alice, bob, vera, team):
    client_of(bob).post("/incidents/new/", sent(team, readers=[alice.pk]))
    assert client_of(vera).get(Incident.objects.get().get_absolute_url()).status_code == 403


def test_a_stranger_is_not_named(client_of, alice, bob, carol, team):
    answer = client_of(bob).post("/incidents/new/", sent(team, restricted="on", readers=[alice.pk, carol.pk]))
    assert (answer.status_code, Incident.objects.count()) == (200, 0)
    assert carol.name not in client_of(bob).get("/incidents/new/").content.decode()


def test_the_same_words_recorded_openly_before_do_not_stand_in_for_it(client_of, alice, bob, vera, team):
    client_of(bob).post("/incidents/new/", sent(team))
    client_of(bob).post("/incidents/new/", sent(team, restricted="on", readers=[alice.pk]))
    assert sorted(Incident.objects.values_list("restricted", flat=True)) == [False, True]


def test_the_trace_says_who_reads_it(client_of, alice, bob, team):
    client_of(bob).post("/incidents/new/", sent(team, restricted="on", readers=[alice.pk]))
    entry = AuditEntry.objects.get(verb="incident.restricted")
    assert entry.changes == {"restricted": [False, True], "readers": ["", str(alice)]}


def test_three_fields_are_still_enough_and_the_tick_stands_further_down(client_of, bob, vera, team):
    page = client_of(bob).get("/incidents/new/").content.decode()
    further = page.index('<details class="more-fields">')
    assert further < page.index('name="restricted"') < page.index("</details>", further)
    client_of(bob).post("/incidents/new/", sent(team))
    made = Incident.objects.get()
    assert not made.restricted and client_of(vera).get(made.get_absolute_url()).status_code == 200
