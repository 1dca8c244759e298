"""The ladder in the console: tried on a date first, then kept by the verb."""

from __future__ import annotations

import pytest
from django.urls import reverse

from incidents.domain import organisation
from incidents.models import AuditEntry, Organisation
from tests.factories import ClosureFactory
from tests.incidents.admin.conftest import page, told

pytestmark = pytest.mark.usefixtures("clock")
URL = "/console/incidents/organisation/ladder/"


def steps(*rows: tuple[str, str], **more: str) -> dict[str, str]:
    """The form as a browser sends it: (days, roles as "o", "ob", "l")."""
    data = {"steps-TOTAL_FORMS": str(len(rows) + 2), "steps-INITIAL_FORMS": "0", "due_on": "2026-12-11"}
    for n, (days, roles) in enumerate(rows):
        data[f"steps-{n}-days"] = days
        data |= {f"steps-{n}-{name}": "on" for name in ("owner", "backup", "lead") if name[0] in roles}
    return data | more


def test_the_organisation_leads_to_it_and_it_shows_the_usual_steps(console):
    assert reverse("admin:incidents_organisation_ladder") == URL
    assert URL in console.get(page("organisation", "change", 1)).text
    text = console.get(URL).text
    assert "期限の7営業日前" in text and "毎週（期限の12営業日あと）" in text


def test_trying_shows_who_hears_on_which_day_with_the_closed_days_and_keeps_nothing(console, organisation):
    ClosureFactory(day="2026-12-10", name="創立記念日")
    text = console.post(URL, steps(("-1", "o"), ("0", "o"), ("4", "ol"), **{"try": "ためす"})).text
    assert "12/9（水）" in text  # the house is closed on the tenth
    assert "12/17（木）" in text and "担当、リーダー" in text
    assert "お休み" in text
    assert Organisation.objects.get().ladder == []
    assert not AuditEntry.objects.exists()


def test_keeping_is_the_verb_and_its_trace(console, admin, organisation):
    answer = console.post(URL, steps(("0", "o"), ("-5", "o"), ("3", "ob"), keep="このはしごにする"))
    assert (answer.status_code, told(answer)) == (302, ["はしごを変えました。約束には、次の朝から当てはまります。"])
    assert Organisation.objects.get().ladder == [[-5, ["owner"]], [0, ["owner"]], [3, ["owner", "backup"]]]
    assert AuditEntry.objects.get().verb == "organisation.ladder_changed"
    assert "自分たちで決めた段" in console.get(page("organisation", "change", 1)).text
    answer = console.post(URL, steps(usual="ふつうのはしごに戻す"))
    assert (answer.status_code, Organisation.objects.get().ladder) == (302, [])


@pytest.mark.parametrize("button", ["try", "keep"])
def test_a_refusal_stands_above_what_was_typed(console, organisation, button):
    answer = console.post(URL, steps(("-3", "o"), ("0", "l"), **{button: "x"}))
    assert answer.status_code == 200
    assert "代わりの人とリーダーへの段が、期限より前にあります。" in answer.text
    assert 'value="-3"' in answer.text
    assert Organisation.objects.get().ladder == []


def test_what_is_no_number_or_too_far_is_said_in_its_row(console, organisation):
    answer = console.post(URL, steps(("x", "o"), ("99", "o"), keep="x"))
    assert answer.status_code == 200
    assert answer.text.count("errorlist") >= 2
    assert Organisation.objects.get().ladder == []


def test_nobody_else_sees_it(client_of, alice):
    for answer in (client_of(alice).get(URL), client_of(alice).post(URL, steps(("0", "o"), keep="x"))):
        assert (answer.status_code, answer["Location"]) == (302, f"/console/login/?next={URL}")
    assert Organisation.objects.get().ladder == []


def test_it_costs_the_same_for_every_ladder(console, admin, django_assert_num_queries):
    organisation.set_ladder(by=admin, rungs=[(n, ["owner"]) for n in range(20)])
    with django_assert_num_queries(3):
        console.get(URL)
