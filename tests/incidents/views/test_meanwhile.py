"""Two people save at once: nothing is overwritten unseen, nothing typed is lost."""

from __future__ import annotations

import html
import re

import pytest

from incidents.models import Countermeasure, Incident

pytestmark = pytest.mark.django_db


def opened(client, url: str) -> dict[str, object]:
    """The form as a browser would send it back untouched."""
    text = client.get(url).content.decode()
    sent: dict[str, object] = {}
    for tag in re.findall(r"<input\b[^>]*>", text):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        kind = (re.search(r'type="([^"]*)"', tag) or [None, "text"])[1]
        if name and kind not in {"checkbox", "radio", "search"} and name[1] != "csrfmiddlewaretoken":
            sent[name[1]] = html.unescape(value[1]) if value else ""
    for name, body in re.findall(r'<textarea\b[^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>', text, re.S):
        sent[name] = html.unescape(body)
    for name, body in re.findall(r'<select\b[^>]*name="([^"]*)"[^>]*>(.*?)</select>', text, re.S):
        chosen = re.search(r'<option value="([^"]*)"[^>]*\bselected', body)
        sent[name] = chosen[1] if chosen else ""
    for tag in re.findall(r"<input\b[^>]*\bchecked[^>]*>", text):
        value = re.search(r'value="([^"]*)"', tag)
        sent.setdefault(re.search(r'name="([^"]*)"', tag)[1], value[1] if value else "on")
    return sent


@pytest.fixture
def url(crack):
    return f"/incidents/{crack.reference}/edit/"


def test_different_fields_are_merged(client_of, alice, bob, crack, url):
    hers, his = opened(client_of(alice), url), opened(client_of(bob), url)
    assert client_of(alice).post(url, hers | {"process": "請求書の発行"}).status_code == 302
    assert client_of(bob).post(url, his | {"counterparty": "青空物産"}).status_code == 302
    now = Incident.objects.get(pk=crack.pk)
    assert (now.process, now.counterparty) == ("請求書の発行", "青空物産")


def test_the_same_field_shows_what_changed_and_keeps_the_own_text(client_of, alice, bob, crack, url):
    hers, his = opened(client_of(alice), url), opened(client_of(bob), url)
    client_of(alice).post(url, hers | {"process": "請求書の発行"})
    answer = client_of(bob).post(url, his | {"process": "見積書の送付"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "佐藤 美咲: 業務 – → 請求書の発行" in text
    assert 'value="見積書の送付"' in text
    assert Incident.objects.get(pk=crack.pk).process == "請求書の発行"
    # Sent once more, it is meant.
    again = re.search(r'name="seen" value="(\d+)"', text)[1]
    shown = html.unescape(re.search(r'name="shown" value="([^"]*)"', text)[1])
    sent = his | {"process": "見積書の送付", "seen": again, "shown": shown}
    assert client_of(bob).post(url, sent).status_code == 302
    assert Incident.objects.get(pk=crack.pk).process == "見積書の送付"


def test_an_untouched_form_puts_nothing_back(client_of, alice, bob, crack, url):
    his = opened(client_of(bob), url)
    client_of(alice).post(url, opened(client_of(alice), url) | {"title": "見積書を二社へ送った"})
    client_of(bob).post(url, his)
    assert Incident.objects.get(pk=crack.pk).title == "見積書を二社へ送った"


def test_ideas_of_measures_are_merged_too(client_of, alice, bob, story):
    idea = story.proposed()
    url = f"/measures/{idea.pk}/"
    hers, his = opened(client_of(alice), url), opened(client_of(bob), url)
    assert client_of(alice).post(url, hers | {"before": "手で選ぶ", "keep": "1"}).status_code == 302
    assert client_of(bob).post(url, his | {"after": "候補を出さない", "keep": "1"}).status_code == 302
    now = Countermeasure.objects.get(pk=idea.pk)
    assert (now.before, now.after) == ("手で選ぶ", "候補を出さない")
    answer = client_of(bob).post(url, his | {"before": "候補から選ぶ", "keep": "1"})
    assert "ほかの方が同じ所を変えました" in answer.content.decode()
    assert "候補から選ぶ" in answer.content.decode()


def test_a_tick_is_a_change_too(client_of, bob, story):
    idea = story.proposed()
    url = f"/measures/{idea.pk}/"
    for tick in (True, False):
        sent = opened(client_of(bob), url) | {"keep": "1"}
        sent = sent | {"promised_outside": "on"} if tick else {k: v for k, v in sent.items() if k != "promised_outside"}
        assert client_of(bob).post(url, sent).status_code == 302
        assert Countermeasure.objects.get(pk=idea.pk).promised_outside is tick


@pytest.mark.parametrize("shown", ["", "x", "[]", "{}", '{"title": 3}', "\x00"])
def test_a_broken_memory_never_breaks_the_page(client_of, bob, crack, url, shown):
    sent = opened(client_of(bob), url) | {"shown": shown, "seen": "x", "title": "x"}
    assert client_of(bob).post(url, sent).status_code in {200, 302}


@pytest.mark.parametrize("letter", ["あ", "😀"])
def test_a_record_with_the_longest_text_is_still_edited(client_of, bob, crack, url, letter):
    """What the form remembers of itself must not be longer than it may be."""
    Incident.objects.filter(pk=crack.pk).update(body=letter * 50_000)
    sent = opened(client_of(bob), url) | {"process": "請求書の発行"}
    assert client_of(bob).post(url, sent).status_code == 302
    now = Incident.objects.get(pk=crack.pk)
    assert (now.process, now.body) == ("請求書の発行", letter * 50_000)
