"""重複: the number of the other record is said once, in its own field, and to nobody who may not read that record."""

from __future__ import annotations

import html
import re

import pytest

from incidents.domain import incident as incidents
from incidents.domain import reader
from incidents.enums import Role, Stage
from incidents.errors import Refused
from incidents.models import AuditEntry, Incident, TimelineEntry
from tests.conftest import _member
from tests.factories import IncidentFactory
from tests.incidents.views.test_meanwhile import opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def outside(team):
    """A member who is named on no restricted record."""
    return _member(team, "中村 翼", "nakamura", Role.MEMBER)


@pytest.fixture
def original(bob, alice, team, clock):
    """Bob's restricted record; alice reads it too."""
    known = {"team": team, "title": "給与明細を別の人へ渡した", "noticed_at": clock.now}
    taken = incidents.report(by=bob, **known)
    Incident.objects.filter(pk=taken.pk).update(number=4711)  # no number that stands anywhere by chance
    taken.refresh_from_db()
    return reader.restrict(taken, by=bob, readers=[alice])


@pytest.fixture
def same(crack, original, client_of, bob):
    """A record that everybody reads, ended as its duplicate with the words that the page offers."""
    url = f"/incidents/{crack.reference}/end/?of={original.reference}"
    sent = opened(client_of(bob), url) | {"end": "duplicate"}
    assert client_of(bob).post(url, sent).status_code == 302
    crack.refresh_from_db()
    return crack


def test_nothing_on_the_duplicate_names_an_original_that_the_reader_may_not_read(same, original, client_of, outside):
    assert same.duplicate_of == original
    at = same.get_absolute_url()
    for url in (at, f"{at}history/", f"{at}timeline/", "/", "/incidents/?all=1"):
        text = client_of(outside).get(url, follow=True).content.decode()
        assert str(original.number) not in text, url
        assert original.title not in text, url
    assert same.title not in client_of(outside).get(f"/incidents/?q={original.reference}").content.decode()
    assert "別の記録" in client_of(outside).get(at).content.decode()
    stored = [*TimelineEntry.objects.filter(incident=same).values_list("text", flat=True)]
    stored += [
        str(one) for one in AuditEntry.objects.filter(incident_id=same.pk).values("target_label", "reason", "changes")
    ]
    assert not any(str(original.number) in one for one in stored)


def test_who_reads_the_original_finds_it_from_the_duplicate(same, original, client_of, alice):
    assert f'href="{original.get_absolute_url()}"' in client_of(alice).get(same.get_absolute_url()).content.decode()


def test_a_reason_needs_no_number(client_of, bob, crack, team):
    first = IncidentFactory(team=team)
    sent = {"end": "duplicate", "duplicate_of": first.reference, "reason": "同じ電話でした。"}
    assert client_of(bob).post(f"/incidents/{crack.reference}/end/", sent).status_code == 302
    assert Incident.objects.get(pk=crack.pk).end_reason == "同じ電話でした。"


def test_what_is_not_there_and_what_is_not_ones_own_is_answered_alike(client_of, outside, crack, original, other_team):
    def answer(reference: str) -> str:
        sent = {"end": "duplicate", "duplicate_of": reference, "reason": "同じ電話でした。"}
        answered = client_of(outside).post(f"/incidents/{crack.reference}/end/", sent)
        text = re.sub(
            r'nonce="[^"]*"|"X-CSRFToken": "\w+"|name="csrfmiddlewaretoken" value="[^"]*"',
            "",
            answered.content.decode(),
        )
        assert answered.status_code == 200 and "同じ電話でした。" in html.unescape(text)
        return text.replace(reference, "K-n")

    foreign = IncidentFactory(team=other_team)
    missing = answer("K-99999")
    assert "その番号の記録は見つかりません。" in missing
    assert answer(original.reference) == missing
    assert answer(foreign.reference) == missing
    assert Incident.objects.get(pk=crack.pk).end == ""


def test_the_verb_takes_no_original_that_the_person_may_not_see(crack, outside, original):
    with pytest.raises(Refused) as refusal:
        incidents.end_otherwise(crack, by=outside, end=Stage.DUPLICATE, reason="同じ件", duplicate_of=original)
    assert (refusal.value.code, refusal.value.sentence()) == ("original_not_found", "その番号の記録は見つかりません。")
