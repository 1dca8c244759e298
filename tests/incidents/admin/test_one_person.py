"""One person's data in the console: the copy, the erasure with its preview, and texts that still name them."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.urls import reverse

from incidents.domain import holds, jotting, person
from incidents.models import AuditEntry, Person
from tests.factories import TimelineEntryFactory
from tests.incidents.admin.conftest import told

pytestmark = pytest.mark.usefixtures("clock")


def where(name: str, one: Person) -> str:
    return reverse(f"admin:incidents_person_{name}", args=[one.pk])


def test_a_persons_page_leads_to_all_three(console, bob):
    text = console.get(where("change", bob)).text
    assert all(where(name, bob) in text for name in ("copy", "erase", "mentions"))


def test_a_copy_needs_a_reason_and_holds_no_private_line(console, bob, crack):
    jotting.jot(by=bob, text="控えが一枚足りない")
    assert console.post(where("copy", bob), {"reason": ""}).headers["Content-Type"].startswith("text/html")
    assert not AuditEntry.objects.filter(verb="person.copied").exists()
    answer = console.post(where("copy", bob), {"reason": "ご本人の求め"})
    with zipfile.ZipFile(io.BytesIO(b"".join(answer))) as made:
        whole = b"".join(made.read(name) for name in made.namelist()).decode()
    assert bob.email in whole and "控えが一枚足りない" not in whole
    assert AuditEntry.objects.get(verb="person.copied").reason == "ご本人の求め"


def test_an_erasure_is_shown_before_it_is_done(console, admin, bob, crack):
    assert "まだサインインできます" in console.get(where("erase", bob)).text
    person.edit_person(bob, by=admin, is_active=False)
    shown = console.get(where("erase", bob)).text
    assert "変更履歴" in shown and "元に戻せない" in shown
    assert Person.objects.get(pk=bob.pk).name == bob.name
    console.post(where("erase", bob), {"reason": ""})
    assert Person.objects.get(pk=bob.pk).name == bob.name
    answer = console.post(where("erase", bob), {"reason": "ご本人の求め"})
    assert told(answer) == ["名前と設定を消しました。"]
    assert Person.objects.get(pk=bob.pk).name == f"退職された方 {bob.pk}"
    assert where("erase", bob) not in console.get(where("change", bob)).text


def test_whoever_is_held_is_not_erased(console, admin, bob):
    person.edit_person(bob, by=admin, is_active=False)
    holds.place(by=admin, reason="訴訟", person=bob)
    answer = console.post(where("erase", bob), {"reason": "求め"})
    assert "保全されています" in answer.text and Person.objects.get(pk=bob.pk).erased_at is None


def test_texts_that_name_somebody_are_found_without_their_words(console, bob, crack, alice):
    TimelineEntryFactory(incident=crack, author=alice, text="青空の鈴木さんが電話に出た")
    assert "鈴木さん" in console.get(where("mentions", bob)).text
    answer = console.post(where("mentions", bob), {"words": "鈴木さん\n"})
    assert crack.reference in answer.text and "電話に出た" not in answer.text
    assert "見つかりませんでした" in console.post(where("mentions", bob), {"words": "いない人"}).text


@pytest.mark.parametrize("name", ["copy", "erase", "mentions"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_but_an_administrator_opens_them(name, method, client_of, alice, bob, crack):
    answer = getattr(client_of(alice), method)(where(name, bob), {"reason": "x", "words": "x"}, follow=True)
    assert answer.status_code == 403
    assert not AuditEntry.objects.filter(verb__in=["person.copied", "person.erased"]).exists()


def test_of_nobody_there_is_no_page(console):
    assert console.get("/console/incidents/person/9999/erase/").status_code == 404
