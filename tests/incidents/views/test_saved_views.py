"""見方: saved, shared by a lead, opened at first; what is stored is never trusted."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from incidents.domain import view as verbs
from incidents.enums import Role
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, DefaultView, Membership, SavedView
from tests.factories import DefaultViewFactory, IncidentFactory, MembershipFactory, SavedViewFactory
from tests.shared import shared

pytestmark = pytest.mark.django_db

OF = SavedView.Of.INCIDENTS


def names(client, path: str = "/incidents/?all=1") -> list[str]:
    return [view.name for view, _address, _now in client.get(path).context["views"]]


def test_a_list_is_saved_as_it_stands_and_opened_again(client_of, alice, crack):
    client = client_of(alice)
    page = client.get(
        "/incidents/", {"q": "見積 & 100%", "due": "none", "sort": "old", "severity": "no-such", "x": "y"}
    )
    new = f"/views/new/?of=incidents&{page.context['query']}"
    shown = client.get(new).content.decode()
    assert "見積 &amp; 100%" in shown and "約束なし" in shown and "古い順" in shown and "no-such" not in shown
    answer = client.post(new, {"name": " 見積 "})
    view = SavedView.objects.get()
    assert (answer.status_code, view.name, view.person, view.of, view.team) == (302, "見積", alice, OF, None)
    opened = client.get(client.get("/incidents/?all=1").context["views"][0][1])
    assert opened.context["chosen"] == {"q": "見積 & 100%", "due": "none", "sort": "old"}
    assert 'aria-current="page">見積</a>' in opened.content.decode()
    assert AuditEntry.objects.filter(verb="view.saved", target_label="見積", actor_id=alice.pk).count() == 1


def test_a_view_is_its_owners_alone(client_of, alice, bob, carol):
    SavedViewFactory(person=alice, name="わたしの請求")
    assert names(client_of(alice)) == ["わたしの請求"]
    for other in (bob, carol):
        assert names(client_of(other)) == []
        assert "わたしの請求" not in client_of(other).get("/views/").content.decode()


def test_a_lead_shares_a_view_and_each_chooses_for_themselves(client_of, alice, bob, vera, carol, team):
    alices = client_of(alice)
    alices.post("/views/new/?of=measures&view=running&due=late", {"name": "おくれている対策", "team": team.pk})
    view = SavedView.objects.get()
    assert view.team == team
    for person in (alice, bob, vera):
        assert names(client_of(person), "/seams/?view=all") == ["おくれている対策"]
    assert names(client_of(carol), "/seams/?view=all") == []
    client_of(bob).post(f"/views/{view.pk}/choose/")
    bare = client_of(bob).get("/seams/")
    assert (bare.status_code, bare.headers["Location"]) == (302, f"/seams/?view=running&due=late&saved={view.pk}")
    assert client_of(bob).get(bare.headers["Location"]).status_code == 200
    assert client_of(vera).get("/seams/").status_code == 200
    assert client_of(carol).post(f"/views/{view.pk}/choose/").status_code == 404
    # Taken back: bob's list opens without it, and is not led to it again when it is shared once more.
    verbs.unshare(view, by=alice)
    assert client_of(bob).get("/seams/").status_code == 200
    assert not DefaultView.objects.filter(person=bob).exists()


def test_a_member_shares_nothing(client_of, bob, vera, team):
    for person in (bob, vera):
        page = client_of(person).get("/views/new/?of=incidents")
        assert "team" not in page.context["form"].fields
        client_of(person).post("/views/new/?of=incidents", {"name": "x", "team": team.pk})
        assert SavedView.objects.get(person=person).team is None
        with pytest.raises(NotAllowed):
            verbs.save(by=person, of=OF, name="y", query="", team=team)


def test_a_lead_shares_with_no_team_of_others(client_of, alice, other_team):
    answer = client_of(alice).post("/views/new/?of=incidents", {"name": "x", "team": other_team.pk})
    assert answer.status_code == 200 and not SavedView.objects.exists()
    assert "経理課" not in answer.content.decode()


def test_another_lead_takes_a_shared_view_from_the_list_but_does_not_change_it(client_of, alice, bob, team):
    view = SavedViewFactory(person=alice, team=team, name="古い見方")
    client = client_of(bob)
    for step in ("", "delete/"):
        assert client.post(f"/views/{view.pk}/{step}", {"name": "z"}).status_code == 403
    assert client.post(f"/views/{view.pk}/unshare/").status_code == 403
    Membership.objects.filter(person=bob).update(role=Role.LEAD)
    assert client.get(f"/views/{view.pk}/").status_code == 200
    assert client.post(f"/views/{view.pk}/unshare/").status_code == 302
    view.refresh_from_db()
    assert (view.team, view.name, view.person) == (None, "古い見方", alice)
    assert client.post(f"/views/{view.pk}/unshare/").status_code == 404


def test_rename_default_and_delete(client_of, alice):
    view, other = SavedViewFactory(person=alice, name="a"), SavedViewFactory(person=alice, name="b")
    client = client_of(alice)
    taken = client.post(f"/views/{view.pk}/", {"name": "b"})
    assert "同じ名前の見方がもうあります" in taken.content.decode()
    assert client.post(f"/views/{view.pk}/", {"name": "c", "is_default": "on"}).status_code == 302
    assert client.post(f"/views/{other.pk}/", {"name": "b", "is_default": "on"}).status_code == 302
    assert DefaultView.objects.get().view == other  # one a list
    assert client.get("/incidents/").headers["Location"].endswith(f"saved={other.pk}")
    assert client.post(f"/views/{other.pk}/", {"name": "b"}).status_code == 302
    assert client.get("/incidents/").status_code == 200
    client.post(f"/views/{other.pk}/choose/")
    client.post(f"/views/{other.pk}/delete/")
    assert [one.name for one in SavedView.objects.all()] == ["c"] and not DefaultView.objects.exists()
    assert AuditEntry.objects.filter(verb="view.deleted", target_label="b").count() == 1


@pytest.mark.parametrize("name", ["", "   ", "a" * 61, "\x00"])
def test_a_name_that_is_none_is_told_beside_its_field(client_of, alice, name):
    answer = client_of(alice).post("/views/new/?of=incidents&stage=open", {"name": name})
    assert answer.status_code == 200 and answer.context["form"].errors and not SavedView.objects.exists()


def test_there_is_an_end_of_views(alice):
    SavedView.objects.bulk_create(SavedView(person=alice, of=OF, name=f"{n}", query="") for n in range(verbs.MOST))
    with pytest.raises(Refused, match="too_many_views"):
        verbs.save(by=alice, of=OF, name="x", query="")
    assert verbs.save(by=alice, of=SavedView.Of.MEASURES, name="x", query="").name == "x"


def test_a_failed_trace_keeps_no_view(alice, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr(AuditEntry, "save", fail)
    with pytest.raises(RuntimeError):
        verbs.save(by=alice, of=OF, name="x", query="")
    assert not SavedView.objects.exists()


HOSTILE = [
    "",
    "?",
    "&&&&",
    "#top",
    "//evil.example/",
    "javascript:alert(1)",
    "stage=open\r\nSet-Cookie: a=b",
    "q=%00&view=%0d%0a",
    "q=" + "a" * 2990,
    "&".join(f"k{n}=1" for n in range(400)),
    "owner__password=x&team__slug=accounts&sort=password",
    "saved=999&all=1&after=~&before=~",
    "q=%E0%A4%A&stage=%",
    "view=../../x&page=-1",
    "csrfmiddlewaretoken=x&of=incidents",
    '"><script>alert(1)</script>',
]


@pytest.mark.parametrize("of", [OF, SavedView.Of.MEASURES])
def test_hostile_stored_conditions_are_harmless(client_of, alice, crack, carol, of):
    client = client_of(alice)
    naughty = [one[:3000] for one in json.loads(shared("data/naughty/blns.json").read_text(encoding="utf-8"))]
    path = {"incidents": "/incidents/", "measures": "/seams/"}[of]
    view = SavedViewFactory(person=alice, of=of)
    DefaultViewFactory(view=view)
    for query in HOSTILE + naughty[::12]:
        SavedView.objects.filter(pk=view.pk).update(query=query.replace("\x00", ""))
        opened = client.get(path, follow=True)
        assert (opened.status_code, len(opened.redirect_chain)) == (200, 1), query
        assert opened.redirect_chain[0][0].startswith(f"{path}?")
        assert "<script>alert(1)" not in opened.content.decode()
        for page in ("/views/", f"/views/{view.pk}/"):
            assert client.get(page).status_code == 200, (page, query)


def test_a_shared_view_of_another_teams_filter_shows_nothing_of_it(client_of, alice, carol, team, other_team, crack):
    """A person of two teams shares a view; the names in it stay those that each reader knows."""
    MembershipFactory(person=alice, team=other_team, role=Role.MEMBER)
    view = SavedViewFactory(person=alice, team=team, query=f"team=accounts&owner={carol.pk}")
    vera_like = MembershipFactory(team=team, role=Role.VIEWER).person
    client = client_of(vera_like)
    opened = client.get(f"/incidents/?{view.query}&saved={view.pk}")
    edit = client.get(f"/views/{view.pk}/")
    for text in (opened.content.decode(), edit.content.decode()):
        assert carol.name not in text and "経理課" not in text
    assert set(opened.context["left_out"]) == {"チーム", "担当"}


def test_first_page_of_a_list_without_conditions_is_not_the_view_that_it_opens_with(client_of, alice, team, clock):
    for n in range(30):
        IncidentFactory(team=team, noticed_at=clock.now - timedelta(hours=n))
    DefaultViewFactory(view=SavedViewFactory(person=alice, query="stage=mended"))
    client = client_of(alice)
    after = client.get("/incidents/", {"all": "1"}).context["page"].after
    text = client.get("/incidents/", {"after": after}).content.decode()
    (first,) = re.findall(r'href="([^"]*)">はじめへ<', text)
    page = client.get(first if first.startswith("/") else f"/incidents/{first}", follow=True)
    assert (page.redirect_chain, len(page.context["page"].rows)) == ([], 25)
