"""まとめて引き継ぐ from the lists, as a browser without JavaScript meets it."""

from __future__ import annotations

import pytest

from incidents.enums import Role
from incidents.models import Countermeasure, Incident, Letter
from tests.factories import IncidentFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def test_marks_stand_before_a_leads_rows_alone(client_of, alice, bob, vera, story, other_team):
    measure = story.promised()
    MembershipFactory(person=alice, team=other_team, role=Role.MEMBER)
    other = IncidentFactory(team=other_team)
    marks = client_of(alice).get("/incidents/").content.decode()
    assert f'name="row" value="{measure.incident.pk}"' in marks and f'name="row" value="{other.pk}"' not in marks
    assert f"{measure.incident.reference} を選ぶ" in marks
    assert f'name="row" value="{measure.pk}"' in client_of(alice).get("/seams/?view=all").content.decode()
    for person in (bob, vera):
        for path in ("/incidents/", "/seams/?view=all"):
            assert 'name="row"' not in client_of(person).get(path).content.decode()


def test_chosen_rows_and_the_whole_page(client_of, alice, team):
    made = [IncidentFactory(team=team) for _ in range(3)]
    shown = [one.pk for one in made]
    client = client_of(alice)
    some = client.get("/incidents/hand-over/", {"row": shown[:2], "shown": shown})
    whole = client.get("/incidents/hand-over/", {"row": shown[:1], "shown": shown, "page": "1"})
    assert [len(answer.context["records"]) for answer in (some, whole)] == [2, 3]


@pytest.mark.parametrize(("path", "kind"), [("incidents", Incident), ("seams", Countermeasure)])
def test_hand_over_by_the_page(client_of, alice, bob, story, path, kind):
    measure = story.promised()
    one = measure if kind is Countermeasure else measure.incident
    dora = MembershipFactory(team=one.team if kind is Incident else one.incident.team, role=Role.MEMBER).person
    client = client_of(alice)
    page = client.get(f"/{path}/hand-over/", {"row": one.pk})
    assert one.title in page.content.decode()
    empty = client.post(f"/{path}/hand-over/", {"row": one.pk, "owner": dora.pk, "reason": ""})
    assert empty.context["form"].errors.keys() == {"reason"} and one.title in empty.content.decode()
    done = client.post(f"/{path}/hand-over/", {"row": one.pk, "owner": dora.pk, "reason": "異動のため"})
    assert done.status_code == 200 and "1件を引き継ぎました" in done.content.decode()
    assert kind.objects.get(pk=one.pk).owner == dora and Letter.objects.filter(recipient=dora).count() == 1
    again = client.post(f"/{path}/hand-over/", {"row": one.pk, "owner": dora.pk, "reason": "異動のため"})
    assert "担当は変わっていません" in again.content.decode()
    assert Letter.objects.filter(recipient=dora).count() == 1


@pytest.mark.parametrize(("path", "kind"), [("incidents", Incident), ("seams", Countermeasure)])
def test_without_any_mark_the_form_comes_back_with_what_was_typed(client_of, alice, bob, story, path, kind):
    measure = story.promised()
    one = measure if kind is Countermeasure else measure.incident
    client = client_of(alice)
    assert f'name="shown" value="{one.pk}"' in client.get(f"/{path}/hand-over/", {"row": one.pk}).content.decode()
    answer = client.post(f"/{path}/hand-over/", {"shown": one.pk, "owner": alice.pk, "reason": "来月から異動のため"})
    text = answer.content.decode()
    assert "何も選ばれていません。" in text and "来月から異動のため" in text and one.title in text
    assert f'name="row" value="{one.pk}">' in text  # still offered, and still without its mark
    assert kind.objects.get(pk=one.pk).owner == one.owner


def test_what_is_shown_and_not_marked_does_not_move(client_of, alice, bob, team):
    first, second = IncidentFactory(team=team, owner=alice), IncidentFactory(team=team, owner=alice)
    sent = {"row": first.pk, "shown": [first.pk, second.pk], "owner": bob.pk, "reason": "異動のため"}
    client_of(alice).post("/incidents/hand-over/", sent)
    assert [Incident.objects.get(pk=one.pk).owner for one in (first, second)] == [bob, alice]


def test_members_viewers_and_strangers(client_of, bob, vera, carol, crack):
    before = list(Incident.objects.values())
    for person, status in ((bob, 403), (vera, 403), (carol, 302)):
        client = client_of(person)
        assert client.get("/incidents/hand-over/", {"row": crack.pk}).status_code == status
        answer = client.post("/incidents/hand-over/", {"row": crack.pk, "owner": person.pk, "reason": "x"})
        assert answer.status_code == status
    # To a stranger a record of others is what no record is.
    there = client_of(carol).get("/incidents/hand-over/", {"row": crack.pk}, follow=True)
    nothing = client_of(carol).get("/incidents/hand-over/", {"row": 99999}, follow=True)
    assert there.redirect_chain == nothing.redirect_chain
    assert [str(m) for m in there.context["messages"]] == [str(m) for m in nothing.context["messages"]]
    assert list(Incident.objects.values()) == before


@pytest.mark.parametrize("row", ["", "x", "-1", "1e3", "９", "9" * 400, "\x00", "' OR 1=1"])
@pytest.mark.parametrize("path", ["/incidents/hand-over/", "/seams/hand-over/"])
def test_broken_choices_choose_nothing(client_of, alice, crack, path, row):
    for answer in (
        client_of(alice).get(path, {"row": row}, follow=True),
        client_of(alice).post(path, {"row": row, "owner": row, "reason": row}, follow=True),
    ):
        assert answer.status_code == 200
        assert [str(m) for m in answer.context["messages"]][0].startswith("何も選ばれていません。")


def test_many_rows_cost_no_page_of_queries(client_of, alice, team, django_assert_max_num_queries):
    made = [IncidentFactory(team=team) for _ in range(50)]
    client = client_of(alice)
    with django_assert_max_num_queries(14):
        assert client.get("/incidents/hand-over/", {"row": [one.pk for one in made]}).status_code == 200
