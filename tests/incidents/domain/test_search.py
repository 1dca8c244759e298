"""The index says what the records say, after every verb, for everybody who may read them and nobody else."""

from __future__ import annotations

import pytest
from django.db import transaction

from incidents.domain import incident as verbs
from incidents.domain import search
from incidents.models import Incident, IncidentIndex, Organisation
from incidents.queries import search as find
from incidents.queries import team as teams
from tests.factories import CountermeasureFactory, IncidentFactory, PasteFactory
from tests.factories.index import indexed

pytestmark = pytest.mark.django_db


def ids(person, words):
    return find.find(words, teams.ids_of(person)).ids


def test_what_a_verb_wrote_is_found_at_once_and_the_old_word_no_more(crack, bob):
    verbs.edit(crack, by=bob, counterparty="白鳥商会")
    assert ids(bob, "白鳥") == [crack.pk]
    verbs.edit(crack, by=bob, counterparty="黒鳥商会")
    assert (ids(bob, "白鳥商会"), ids(bob, "黒鳥商会")) == ([], [crack.pk])


def test_a_step_that_fails_leaves_the_index_as_it_was(crack, bob):
    with pytest.raises(RuntimeError), transaction.atomic():
        verbs.edit(crack, by=bob, counterparty="白鳥商会")
        raise RuntimeError
    assert ids(bob, "白鳥") == []


def test_other_teams_and_their_words_are_not_found(crack, carol, other_team):
    indexed(IncidentFactory(team=other_team, title="経理の見積書"))
    assert len(ids(carol, "見積書")) == 1


def test_next_open_day_follows_the_promises(story, bob, alice):
    measure = story.promised()
    index = IncidentIndex.objects.get(pk=measure.incident_id)
    assert index.next_due_on == measure.due_on


def test_very_common_words_are_found_along_the_list(alice, team, monkeypatch):
    made = [IncidentFactory(team=team, title=f"見積書 第{n}号") for n in range(5)]
    indexed(*made)
    monkeypatch.setattr(find, "COMMON", 5)
    assert find.find("見積", [team.pk]).ids is None
    monkeypatch.setattr(find, "COMMON", 1)
    narrowed = find.find("見積 第3号", [team.pk]).narrow(Incident.objects.all())
    assert [one.title for one in narrowed] == ["見積書 第3号"]


@pytest.mark.parametrize(
    "words", ["%", "_", "\\", "!", "'", '"', "見%書", "a" * 190, "あ" * 190, "𠮷野", "*", "AND OR NOT", "(", "\x00"]
)
def test_signs_are_only_signs(alice, team, words):
    one = IncidentFactory(team=team, title="見積書", body=words.replace("\x00", ""))
    other = IncidentFactory(team=team, title="請求書")
    indexed(one, other)
    expected = [one.pk] if find.words_of(words) else None
    found = find.find(words, [team.pk])
    assert (found.ids if found else None) == expected
    if expected:
        common = find.Found(found.words, None)
        assert list(common.narrow(Incident.objects.all())) == [one]


def test_a_long_paste_is_searched_as_far_as_is_said(alice, team):
    one = IncidentFactory(team=team)
    PasteFactory(incident=one, text="はじめ" + "あ" * search.ONE_TEXT + "おわり")
    indexed(one)
    assert (ids(alice, "はじめ"), ids(alice, "おわり")) == ([one.pk], [])


def test_rebuild_repairs(alice, team):
    Organisation.objects.get(pk=1)
    one = IncidentFactory(team=team, title="見積書")
    CountermeasureFactory(incident=one, title="画面を出す")
    assert ids(alice, "画面") == []
    assert search.rebuild() == 1
    assert ids(alice, "画面") == [one.pk]
