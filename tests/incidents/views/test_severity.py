"""The severity on the edit page: decided by the effects, never blank, and with its reason (B-4)."""

from __future__ import annotations

import pytest

from incidents.domain import incident as verbs
from incidents.models import Incident
from tests.incidents.views.test_meanwhile import opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(clock, crack):
    return f"/incidents/{crack.reference}/edit/"


def test_left_to_no_effects_it_is_refused_beside_the_field(path, crack, client_of, bob):
    verbs.edit(crack, by=bob, severity="S3")
    client = client_of(bob)
    answer = client.post(path, opened(client, path) | {"severity": "", "severity_reason": "まだわからない"})
    assert "影響からは決められません" in answer.context["form"].errors["severity"][0]
    assert 'value="まだわからない"' in answer.content.decode()
    assert Incident.objects.get(pk=crack.pk).severity == "S3"


def test_left_to_the_effects_the_heaviest_decides(path, crack, client_of, bob):
    client = client_of(bob)
    sent = opened(client, path) | {"effects": ["inside_only", "danger"]}
    assert client.post(path, sent).status_code == 302
    assert Incident.objects.get(pk=crack.pk).severity == "S1"


def test_a_lighter_one_asks_for_its_reason_beside_it(path, crack, client_of, bob):
    client = client_of(bob)
    lighter = opened(client, path) | {"effects": ["danger"], "severity": "S3"}
    answer = client.post(path, lighter)
    assert "影響の答えから出る重大度と違います。" in answer.context["form"].errors["severity_reason"][0]
    assert client.post(path, lighter | {"severity_reason": "けがはなかった"}).status_code == 302
    assert Incident.objects.get(pk=crack.pk).severity_reason == "けがはなかった"
    # A reason of its own is kept too.
    again = opened(client, path) | {"effects": ["danger"], "severity_reason": "医師に確かめた"}
    assert client.post(path, again).status_code == 302
    assert Incident.objects.get(pk=crack.pk).severity_reason == "医師に確かめた"


def resent(answer, **more) -> dict[str, object]:
    """The form that came back, sent once more as it stands."""
    return {**answer.context["form"].data.dict(), "effects": answer.context["form"].data.getlist("effects"), **more}


def test_a_heavier_effect_with_its_reason_is_not_kept_as_the_old_severity(path, crack, client_of, bob):
    client = client_of(bob)
    verbs.edit(crack, by=bob, effects=["several_outside"])
    heavier = opened(client, path) | {"effects": ["several_outside", "press"], "severity_reason": "取材が来た"}
    answer = client.post(path, heavier)
    assert list(answer.context["form"].errors) == ["severity"]
    assert "「S1 重大」になります" in answer.context["form"].errors["severity"][0]
    assert 'value="取材が来た"' in answer.content.decode()
    assert answer.context["form"]["severity"].value() == ""
    assert Incident.objects.get(pk=crack.pk).severity == "S2"

    assert client.post(path, resent(answer)).status_code == 302
    told = Incident.objects.get(pk=crack.pk)
    assert (told.severity, told.severity_reason) == ("S1", "取材が来た")


def test_who_wants_the_severity_to_stay_chooses_it_again(path, crack, client_of, bob):
    client = client_of(bob)
    verbs.edit(crack, by=bob, effects=["several_outside"])
    answer = client.post(path, opened(client, path) | {"effects": ["several_outside", "press"]})
    answer = client.post(path, resent(answer, severity="S2"))
    assert list(answer.context["form"].errors) == ["severity_reason"]
    assert client.post(path, resent(answer, severity_reason="取材はほかの件だった")).status_code == 302
    told = Incident.objects.get(pk=crack.pk)
    assert (told.severity, told.effects) == ("S2", ["several_outside", "press"])


def test_a_lighter_effect_leaves_the_severity_as_it_was(path, crack, client_of, bob):
    client = client_of(bob)
    verbs.edit(crack, by=bob, effects=["danger"])
    assert client.post(path, opened(client, path) | {"effects": ["one_outside"]}).status_code == 302
    assert Incident.objects.get(pk=crack.pk).severity == "S1"


def test_a_title_is_changed_without_a_severity(path, crack, client_of, bob):
    client = client_of(bob)
    assert client.post(path, opened(client, path) | {"title": "見積書を二社へ送った"}).status_code == 302


def test_a_near_miss_is_small_and_asked_anew_as_an_incident(clock, team, client_of, bob):
    """B-4, on the form: nobody touches the severity, and it follows the kind."""
    client = client_of(bob)
    sent = {"title": "振込先を一行ずらすところだった", "noticed_at": "2026-11-24T09:00", "kind": "near_miss"}
    assert client.post("/incidents/new/", sent | {"team": team.slug}).status_code == 302
    one = Incident.objects.get()
    assert one.severity == "S4"
    edit = f"/incidents/{one.reference}/edit/"
    assert client.post(edit, opened(client, edit) | {"effects": ["one_outside"]}).status_code == 302
    assert Incident.objects.get().severity == "S3"
    two = verbs.report(by=bob, team=team, title="もう一つ", noticed_at=clock.now, kind="concern")
    edit = f"/incidents/{two.reference}/edit/"
    assert client.post(edit, opened(client, edit) | {"kind": "incident"}).status_code == 302
    assert Incident.objects.get(pk=two.pk).severity == ""
