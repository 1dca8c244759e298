"""保存期間 and 保全 in the console."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from incidents.enums import LetterState
from incidents.models import LegalHold, Letter, Organisation
from incidents.rules.retention import TERMS
from tests.factories import IncidentFactory, LetterFactory
from tests.incidents.admin.conftest import act, page, told

pytestmark = pytest.mark.usefixtures("clock")
URL = "/console/incidents/organisation/retention/"


def terms(**chosen: str) -> dict[str, str]:
    return {name: str(term.days or "") for name, term in TERMS.items()} | chosen


def test_the_organisation_leads_to_it(console):
    assert reverse("admin:incidents_organisation_retention") == URL
    assert URL in console.get(page("organisation", "change", 1)).text


def test_terms_are_shown_with_what_is_past_them_and_kept(console, bob, clock):
    LetterFactory(recipient=bob, state=LetterState.SENT, sent_at=timezone.now(), text="本文")
    Letter.objects.update(created_at=clock.now - timedelta(days=31), sent_at=clock.now - timedelta(days=31))
    assert "手紙の本文" in console.get(URL).text
    assert Letter.objects.get().text == "本文"
    answer = console.post(URL, terms(bodies="60", mails="") | {"keep": "x"})
    assert told(answer) == ["保存期間を変えました。"]
    assert Organisation.objects.get().retention == {"bodies": 60, "mails": 0}
    refused = console.post(URL, terms(bodies="2") | {"keep": "x"})
    assert "日数が短すぎる" in refused.text and Organisation.objects.get().retention["bodies"] == 60
    console.post(URL, terms() | {"keep": "x"})
    assert told(console.post(URL, {"apply": "x"}))[-1] == "1件を片づけました。"
    assert Letter.objects.get().text == ""


def test_a_hold_is_placed_and_lifted_with_a_reason(console, admin, crack, team):
    add = page("legalhold", "add")
    assert "どれか一つ" in console.post(add, {"reason": "訴訟"}).text
    assert "見つかりません" in console.post(add, {"reason": "訴訟", "number": "K-99999"}).text
    console.post(add, {"reason": "訴訟", "number": crack.reference})
    hold = LegalHold.objects.get()
    assert (hold.incident, hold.team, hold.reason) == (crack, None, "訴訟")
    assert crack.reference in console.get(page("legalhold")).text
    act(console, "legalhold", "lift", hold, reason="終わった")
    hold.refresh_from_db()
    assert hold.lifted_at is not None and hold.lifted_reason == "終わった"


def test_a_hold_finds_no_restricted_record_that_the_administrator_may_not_read(console, team, alice):
    closed = IncidentFactory(team=team, recorded_by=alice, owner=alice, restricted=True)
    assert (
        "見つかりません" in console.post(page("legalhold", "add"), {"reason": "訴訟", "number": closed.reference}).text
    )
    assert not LegalHold.objects.exists()


def test_a_hold_is_not_changed_by_hand(console, team):
    hold = LegalHold.objects.create(team=team, reason="訴訟")
    assert console.post(page("legalhold", "change", hold.pk), {"reason": "x"}).status_code == 403
