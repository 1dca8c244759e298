"""The conditions above a list: their HTML is made once, and never for somebody else's eyes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.utils import translation

from incidents.forms.filters import IncidentFilterForm, KeptSelect, SeamFilterForm
from incidents.models import Person


def form(kind=IncidentFilterForm, data=None, names=("佐藤",)):
    people = [Person(pk=n, name=name) for n, name in enumerate(names, start=1)]
    return kind(data or {}, memberships=[], people=people, me=SimpleNamespace(pk=7))


@pytest.fixture(autouse=True)
def fresh():
    KeptSelect._made.clear()
    yield
    KeptSelect._made.clear()


def test_the_same_choices_are_written_once():
    first = str(form()["stage"])
    written = len(KeptSelect._made)
    assert (str(form()["stage"]), len(KeptSelect._made)) == (first, written)


def test_each_language_has_its_own():
    with translation.override("ja"):
        japanese = str(form()["due"])
    with translation.override("en"):
        english = str(form()["due"])
    assert "今週" in japanese and "今週" not in english and "This week" in english


def test_two_forms_with_the_same_values_keep_their_own_words():
    with translation.override("ja"):
        assert "約束なし" in str(form()["due"])
        assert "期限なし" in str(form(SeamFilterForm, {"view": "all"})["due"])


def test_what_is_chosen_and_who_can_be_chosen_is_looked_at():
    assert "佐藤" in str(form()["owner"])
    other = str(form(names=("<鈴木>",))["owner"])
    assert "佐藤" not in other and "&lt;鈴木&gt;" in other
    assert 'value="late" selected' in str(form(data={"due": "late"})["due"])
    assert "selected" not in str(form(data={"due": "week"})["due"]).split('value="late"')[1].split(">")[0]


def test_what_is_kept_has_a_bound(monkeypatch):
    monkeypatch.setattr(KeptSelect, "_MOST", 3)
    for n in range(10):
        str(form(names=(f"人{n}",))["owner"])
        assert len(KeptSelect._made) <= 3
