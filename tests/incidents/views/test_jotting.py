"""まず一言 and the lighter kinds: a private line from any page, and the shorter ways into a record."""

from __future__ import annotations

import pytest
from django.urls import reverse

from incidents.domain import incident, jotting
from incidents.errors import Refused
from incidents.models import AuditEntry, FollowUp, Incident, Jotting
from tests.conftest import at
from tests.factories import JottingFactory

pytestmark = pytest.mark.django_db

LINE = "納品書の控えが一枚足りない気がする"


def test_line_is_kept_from_any_page_and_leads_back_to_it(clock, client_of, bob, crack):
    client = client_of(bob)
    for url in ("/", "/incidents/", crack.get_absolute_url(), "/preferences/", "/letters/"):
        assert 'id="jot-top"' in client.get(url).content.decode()
    answer = client.post("/jottings/new/", {"text": f" {LINE}\n", "next": "/incidents/?q=x"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/incidents/?q=x")
    assert list(Jotting.objects.values_list("person", "text", "incident")) == [(bob.pk, LINE, None)]


@pytest.mark.parametrize("away", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "x", ""])
def test_way_back_never_leaves_the_house(away, client_of, bob):
    answer = client_of(bob).post("/jottings/new/", {"text": LINE, "next": away})
    assert answer.headers["Location"] == "/jottings/"


def test_what_cannot_be_kept_stays_in_the_field(client_of, bob):
    answer = client_of(bob).post("/jottings/new/", {"text": "長" * 501})
    assert answer.status_code == 200
    assert "長" * 501 in answer.content.decode()
    assert "is-invalid" in client_of(bob).post("/jottings/new/", {"text": " "}).content.decode()
    assert not Jotting.objects.exists()


def test_only_its_writer_sees_a_line_and_it_leaves_no_trace(clock, client_of, alice, bob, carol, admin):
    client_of(bob).post("/jottings/new/", {"text": LINE})
    line = Jotting.objects.get()
    for url in ("/", "/jottings/"):
        assert LINE in client_of(bob).get(url).content.decode()
    for person in (alice, carol, admin):
        client = client_of(person)
        for url in ("/", "/jottings/", f"/incidents/new/?jotting={line.pk}", f"/incidents/?q={LINE}"):
            assert LINE not in client.get(url).content.decode().replace(f'value="{LINE}"', "" if "?q=" in url else LINE)
        assert client.post(f"/jottings/{line.pk}/drop/").status_code == 404
    assert not AuditEntry.objects.exists()
    for url in ("/console/", "/console/incidents/auditentry/"):
        assert LINE not in client_of(admin).get(url).content.decode()


def test_line_becomes_a_record_with_its_time_and_stays_its_writers(clock, client_of, alice, bob, team):
    client = client_of(bob)
    client.post("/jottings/new/", {"text": LINE})
    line = Jotting.objects.get()
    clock.forward(hours=3)
    form = client.get(f"/incidents/new/?jotting={line.pk}&kind=concern").content.decode()
    assert f'value="{LINE}"' in form and 'value="2026-11-24T09:30"' in form
    post = {
        "title": "納品書の控えが足りない",
        "noticed_at": "2026-11-24T09:30",
        "kind": "concern",
        "team": team.slug,
        "jotting": line.pk,
    }
    answer = client.post("/incidents/new/", post)
    made = Incident.objects.get()
    assert answer.headers["Location"] == made.get_absolute_url()
    assert (made.title, made.kind, made.recorded_by, made.noticed_at) == (
        "納品書の控えが足りない",
        "concern",
        bob,
        at("2026-11-24 09:30"),
    )
    line.refresh_from_db()
    assert (line.text, line.incident) == (LINE, made)
    assert LINE not in client_of(alice).get(made.get_absolute_url()).content.decode()
    assert LINE not in client.get("/").content.decode()
    shown = client.get("/jottings/").content.decode()
    assert LINE in shown and made.reference in shown
    client.post(f"/jottings/{line.pk}/drop/")
    assert Jotting.objects.filter(pk=line.pk).exists(), "what became a record stays"

    client.post("/incidents/new/", post)  # the answer was lost on the way, the form goes again
    assert Incident.objects.count() == 1
    again = client.post("/incidents/new/", post | {"title": "別の件"})
    assert "もう記録にしています" in again.content.decode()
    assert Incident.objects.count() == 1


def test_long_line_fills_the_title_and_stays_whole_in_the_text(clock, client_of, bob, team):
    line = JottingFactory(person=bob, text="長" * 300)
    form = client_of(bob).get(f"/incidents/new/?jotting={line.pk}").context["form"]
    assert (form["title"].value(), form["pasted"].value()) == ("長" * 200, "長" * 300)


@pytest.mark.parametrize("key", ["0", "x", "99999999999999999999", "-1", "１"])
def test_unknown_line_is_an_ordinary_record(key, client_of, bob, team, clock):
    answer = client_of(bob).get(f"/incidents/new/?jotting={key}")
    assert answer.status_code == 200
    post = {"title": "割れ", "noticed_at": "2026-11-24T09:00", "team": team.slug, "jotting": key}
    assert client_of(bob).post("/incidents/new/", post).status_code in {200, 302}


def test_dropped_line_is_gone(clock, client_of, bob):
    line = JottingFactory(person=bob)
    answer = client_of(bob).post(f"/jottings/{line.pk}/drop/", {"next": "/"})
    assert (answer.headers["Location"], Jotting.objects.exists()) == ("/", False)


def test_same_line_twice_is_kept_once(bob):
    assert jotting.jot(by=bob, text=LINE) == jotting.jot(by=bob, text=LINE)
    with pytest.raises(Refused) as refusal:
        jotting.jot(by=bob, text=" \t")
    assert refusal.value.code == "empty"


def test_line_after_two_hundred_loose_ones_is_refused(bob):
    Jotting.objects.bulk_create(Jotting(person=bob, text=f"{n}") for n in range(jotting.MOST))
    with pytest.raises(Refused) as refusal:
        jotting.jot(by=bob, text=LINE)
    assert refusal.value.code == "too_many_jottings"


def test_today_speaks_of_a_line_that_has_waited_a_week(clock, client_of, bob):
    JottingFactory(person=bob, text=LINE)
    said = "一週間より前の一言が残っています"
    assert said not in client_of(bob).get("/").content.decode()
    clock.forward(days=7)
    assert said in client_of(bob).get("/").content.decode()


@pytest.mark.parametrize("kind", ["near_miss", "concern"])
def test_lighter_kind_asks_two_things_and_starts_no_clock(kind, clock, client_of, bob, team):
    client = client_of(bob)
    form = client.get(f"/incidents/new/?kind={kind}").context["form"]
    assert [one.name for one in form.visible_fields() if one.name in {"title", "noticed_at", "who_waits"}] == [
        "title",
        "noticed_at",
    ]
    client.post(
        "/incidents/new/", {"title": "ひやり", "noticed_at": "2026-11-24T09:00", "kind": kind, "team": team.slug}
    )
    made = Incident.objects.get()
    assert (made.kind, made.who_waits, made.first_report_due_at) == (kind, "", None)
    assert not FollowUp.objects.exists()


def test_who_waits_is_not_lost_when_the_kind_is_lighter(clock, client_of, bob, team):
    post = {
        "title": "",
        "noticed_at": "2026-11-24T09:00",
        "kind": "near_miss",
        "who_waits": "青空物産",
        "team": "orders",
    }
    assert 'value="青空物産"' in client_of(bob).post("/incidents/new/", post).content.decode()


def test_near_miss_that_was_more_becomes_an_incident_and_its_clock_runs(clock, client_of, bob, team):
    made = incident.report(
        by=bob, team=team, title="ひやり", noticed_at=clock.now, who_waits="青空物産", kind="near_miss"
    )
    client = client_of(bob)
    url = reverse("incident-edit", args=[made.reference])
    shown = client.get(url).context["form"]
    post = {name: shown[name].value() or "" for name in ("title", "who_waits", "seen", "shown")}
    client.post(url, post | {"noticed_at": "2026-11-24T09:30", "kind": "incident"})
    made.refresh_from_db()
    assert (made.kind, made.first_report_due_at is not None) == ("incident", True)
    assert AuditEntry.objects.filter(verb="incident.edited").get().changes["kind"] == ["near_miss", "incident"]
