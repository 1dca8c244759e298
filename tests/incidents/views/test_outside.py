"""対外完了 on the pages: shown apart from the stage, filtered by, and never as gold."""

from __future__ import annotations

import re

import pytest

from incidents.models import Incident

pytestmark = pytest.mark.django_db

SENT = {"agreed": "差し替えを受け取り、終わり", "channel": "mail", "closed_at": "2026-11-24T09:30", "note": ""}


def shown(client, one) -> str:
    return client.get(one.get_absolute_url()).content.decode()


def head(text: str) -> str:
    return re.search(r'<div class="head-line">(.*?)</div>', text, re.S)[1]


def test_settle_and_take_back_on_the_page(clock, story, client_of, bob, alice):
    one = story.reported()
    page = client_of(bob)
    assert f"{one.get_absolute_url()}outside/" in shown(page, one)
    assert "対外完了" not in head(shown(page, one))

    answer = page.post(f"{one.get_absolute_url()}outside/", SENT)
    assert (answer.status_code, answer["Location"]) == (302, one.get_absolute_url() + "#outside")
    text = shown(client_of(alice), one)
    assert '<span class="chip info">対外完了</span>' in head(text)
    assert "差し替えを受け取り、終わり" in text
    assert "直すほうは続いています。" in text
    assert re.search(r'<ol class="steps".*?</ol>', text, re.S)[0].count("対外") == 0

    assert page.post(f"{one.get_absolute_url()}outside/reopen/", {"reason": " "}).status_code == 200
    answer = page.post(f"{one.get_absolute_url()}outside/reopen/", {"reason": "まだ違うと言われた"})
    assert answer.status_code == 302
    assert "対外完了" not in head(shown(page, one))
    assert "対外完了を取り消し: まだ違うと言われた" in shown(page, one)


def test_a_refusal_stands_beside_what_was_typed(clock, crack, client_of, bob):
    answer = client_of(bob).post(f"{crack.get_absolute_url()}outside/", SENT)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "待っている方への一次報告がまだです。" in text
    assert "差し替えを受け取り、終わり</textarea>" in text


def test_a_record_inside_the_house_has_no_such_part(clock, story, client_of, bob, team):
    from incidents.domain import incident

    one = incident.report(by=bob, team=team, title="棚の札がちがう", noticed_at=clock.now)
    assert 'id="outside"' not in shown(client_of(bob), one)


def test_viewer_reads_it_and_has_no_button(clock, story, client_of, bob, vera):
    one = story.reported()
    client_of(bob).post(f"{one.get_absolute_url()}outside/", SENT)
    text = shown(client_of(vera), one)
    assert "差し替えを受け取り、終わり" in text
    assert "/outside/" not in text
    assert client_of(vera).post(f"{one.get_absolute_url()}outside/reopen/", {"reason": "x"}).status_code == 403


def test_the_list_is_narrowed_by_it(clock, story, client_of, bob, team):
    from incidents.domain import incident

    open_one, settled = story.reported(title="続いている件"), story.reported(title="終わった件")
    incident.report(by=bob, team=team, title="中だけの件", noticed_at=clock.now)
    client_of(bob).post(f"{settled.get_absolute_url()}outside/", SENT)

    def rows(query: str) -> set[str]:
        text = client_of(bob).get(f"/incidents/?{query}").content.decode()
        return set(re.findall(r'<td class="title"><a[^>]*>([^<]*)</a>', text))

    assert rows("outside=closed") == {"終わった件"}
    assert rows("outside=open") == {"続いている件"}
    assert rows("outside=nonsense") == {"続いている件", "終わった件", "中だけの件"}
    assert Incident.objects.get(pk=open_one.pk).customer_closed_at is None
