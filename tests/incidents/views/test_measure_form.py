"""The form of a countermeasure: strength by what it does, who helps, and the evidence of できました."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from incidents.enums import Role
from incidents.letters import links
from incidents.models import Countermeasure, EffectCheck
from tests.factories import MembershipFactory, PersonFactory
from tests.incidents.views.test_meanwhile import opened

pytestmark = pytest.mark.django_db

IDEA = {"title": "画面で止める", "strength": "4", "kind": "corrective", "keep": "1"}


def checked(text: str) -> list[str]:
    return re.findall(r'name="strength" id="[^"]*" value="(\d)"[^>]* checked', text)


def test_each_strength_says_what_it_does_and_the_own_is_chosen(clock, story, client_of, bob):
    measure = story.proposed(strength=5)
    text = client_of(bob).get(f"/measures/{measure.pk}/").content.decode()
    rungs = re.findall(r'name="strength" id="([^"]*)" value="(\d)" aria-describedby="([^"]*)"', text)

    assert [value for _, value, _ in rungs] == ["6", "5", "4", "3", "2", "1", "0"]
    for own, _, says in rungs:
        assert re.search(rf'<label class="form-check-label" for="{own}">[^<]+</label>', text)
        assert re.search(rf'<p class="small" id="{says}">[^<]+ <span class="muted">例: [^<]+</span>', text)
    assert checked(text) == ["5"]
    assert "これだけでは対策に数えません。" in text


@pytest.mark.parametrize("strength", ["", "7", "-1", "四", "3.5"])
def test_what_is_no_strength_is_said_beside_the_ladder(clock, story, client_of, bob, strength):
    one = story.with_root().incident
    answer = client_of(bob).post(f"{one.get_absolute_url()}measures/new/", IDEA | {"strength": strength})
    text = answer.content.decode()

    assert (answer.status_code, Countermeasure.objects.count()) == (200, 0)
    assert re.search(r'id="id_strength-error"><p class="mb-0">[^<]+</p>', text)
    assert 'value="画面で止める"' in text


@pytest.fixture
def third(team):
    return MembershipFactory(person=PersonFactory(name="伊藤 誠"), team=team, role=Role.MEMBER).person


def helpers_chosen(text: str) -> list[str]:
    return re.findall(r'name="helpers"\s+(?:id="[^"]*"\s+)?value="(\d+)"[^>]*\bchecked', text)


def test_helpers_are_chosen_in_the_form_and_shown_on_the_page(clock, story, client_of, alice, bob, carol, third):
    one = story.with_root().incident
    page = client_of(bob)
    sent = IDEA | {"owner": bob.pk, "helpers": [third.pk, alice.pk]}
    assert page.post(f"{one.get_absolute_url()}measures/new/", sent).status_code == 302
    measure = Countermeasure.objects.get()
    assert set(measure.helpers.all()) == {third, alice}
    shown = page.get(one.get_absolute_url()).content.decode()
    assert re.search(r"手伝い:</span> 伊藤 誠、佐藤 美咲</span>", shown)
    text = page.get(f"/measures/{measure.pk}/").content.decode()
    assert set(helpers_chosen(text)) == {str(third.pk), str(alice.pk)}

    # Somebody of another team is no choice, and their name is not told.
    answer = page.post(f"{one.get_absolute_url()}measures/new/", IDEA | {"helpers": [carol.pk]})
    assert (answer.status_code, Countermeasure.objects.count()) == (200, 1)
    assert carol.name not in answer.content.decode()


def test_helpers_that_nobody_touched_stay(clock, story, client_of, alice, bob, third):
    measure = story.proposed(helpers=[third])
    url = f"/measures/{measure.pk}/"
    sent = opened(client_of(bob), url) | {"helpers": [str(third.pk)]}
    assert (
        client_of(alice).post(url, opened(client_of(alice), url) | {"helpers": [alice.pk, third.pk]}).status_code == 302
    )
    assert client_of(bob).post(url, sent | {"title": "画面で止める"}).status_code == 302
    measure.refresh_from_db()
    assert (measure.title, set(measure.helpers.all())) == ("画面で止める", {alice, third})


def test_helpers_of_a_promise_change_on_their_own_page(clock, story, client_of, bob, vera, third):
    measure = story.promised()
    url = f"/measures/{measure.pk}/helpers/"
    text = client_of(bob).get(url).content.decode()
    assert "伊藤 誠" in text and f'value="{bob.pk}"' not in text  # the owner answers for it already
    assert client_of(bob).post(url, {"helpers": [third.pk]}).status_code == 302
    assert list(measure.helpers.all()) == [third]
    assert client_of(bob).post(url, {}).status_code == 302
    assert list(measure.helpers.all()) == []
    assert client_of(vera).get(url).status_code == 403


def test_today_stays_with_whoever_is_accountable(clock, story, client_of, third, bob):
    measure = story.promised(helpers=[third], due_on=clock.today)
    assert measure.title in client_of(bob).get("/").content.decode()
    assert measure.title not in client_of(third).get("/").content.decode()


def test_evidence_is_shown_on_the_page_and_at_the_check(clock, story, client_of, alice, bob):
    measure = story.promised()
    sent = {
        "note": "",
        "evidence_name": "受注マニュアル 4章",
        "evidence_version": "第3版",
        "evidence": "https://docs.example.jp/4",
    }
    assert client_of(bob).post(f"/measures/{measure.pk}/done/", sent).status_code == 302
    link = 'href="https://docs.example.jp/4" rel="noopener noreferrer nofollow" target="_blank">受注マニュアル 4章</a>'
    check = EffectCheck.objects.get(measure=measure)
    for url in (measure.incident.get_absolute_url(), f"/checks/{check.pk}/"):
        text = client_of(alice).get(url).content.decode()
        assert link in text
        assert '<span class="chip plain">第3版</span>' in text


@pytest.mark.parametrize("link", ["http://wiki/受注", "http://sv01:8080/manual/4", "https://docs.example.jp/4?v=3#top"])
def test_evidence_may_lie_in_the_house(clock, story, client_of, bob, link):
    measure = story.promised()
    assert client_of(bob).post(f"/measures/{measure.pk}/done/", {"evidence": link}).status_code == 302
    assert f'href="{link}"' in client_of(bob).get(measure.incident.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "//wiki/4",
        "http://",
        "http://[1",
        "http://wiki:x/",
        "file:///srv/4",
        r"\\sv01\\4",
        "http://a b/",
    ],
)
def test_what_no_browser_should_open_is_told_and_stays(clock, story, client_of, bob, link):
    measure = story.promised()
    answer = client_of(bob).post(f"/measures/{measure.pk}/done/", {"note": "変えました", "evidence": link})
    assert answer.context["form"].errors == {"evidence": ["http:// か https:// ではじまるアドレスを入れてください。"]}
    assert answer.context["form"]["evidence"].value() == link
    measure.refresh_from_db()
    assert measure.status == "committed"


def test_evidence_without_a_link_is_words_alone(clock, story, client_of, alice, bob):
    measure = story.promised()
    url = f"/measures/{measure.pk}/done/"
    answer = client_of(bob).post(url, {"note": "変えました", "evidence_version": "v3"})
    assert "何の版かが書かれていません。" in answer.content.decode()
    assert client_of(bob).post(url, {"evidence_name": "<b>手順書</b>", "evidence_version": "v3"}).status_code == 302
    text = client_of(alice).get(f"/checks/{EffectCheck.objects.get(measure=measure).pk}/").content.decode()
    assert '証拠:</span> &lt;b&gt;手順書&lt;/b&gt; <span class="chip plain">v3</span>' in text


def test_evidence_comes_by_the_link_of_the_mail_too(clock, story, client_of, dave, bob):
    measure = story.promised()
    url = urlsplit(links.done_url(measure.follow_up, bob)).path
    token = links.page_token(url.rstrip("/").rpartition("/")[2])
    sent = {"evidence_name": "受注マニュアル", "evidence_version": "第3版", "page_token": token}
    assert client_of(dave).post(url, sent).status_code == 200
    measure.refresh_from_db()
    assert (measure.status, measure.done_evidence_name, measure.done_evidence_version) == (
        "done",
        "受注マニュアル",
        "第3版",
    )
