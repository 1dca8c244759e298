"""The links of the mails on a phone, signed in nowhere: seen, pressed once, told kindly; with and without JavaScript."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents.enums import MailAct
from incidents.letters import links
from incidents.models import Absence, DueRequest, Letter, MailReply
from tests.browser.fixtures import PHONE, sideways

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = "照合を半日ほど、いっしょに見てもらえると助かります。"


def says(page, words: str) -> None:
    """The page comes to say this, and fits the phone."""
    expect(page.locator("main")).to_contain_text(words)
    assert sideways(page) == 0, words


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_each_act_on_a_phone(story, bob, alice, site, open_page, axe, scripts):
    measure = story.promised()
    url = {act: urlsplit(links.act_url(act, measure.follow_up, bob)).path for act in MailAct}
    page = open_page(site, viewport=PHONE, java_script_enabled=scripts)
    today = timezone.localdate()

    page.goto(url[MailAct.DUE])
    assert not scripts or axe(page) == []
    says(page, measure.title)
    page.get_by_label("新しい期限").fill((today - timedelta(days=3)).isoformat())
    page.get_by_label("変える理由").fill("部品が届くのを待っています")
    page.get_by_role("button", name="相談する").click()
    says(page, "期限が過去の日付です。")
    assert page.get_by_label("変える理由").input_value() == "部品が届くのを待っています"
    page.get_by_label("新しい期限").fill((today + timedelta(days=40)).isoformat())
    page.get_by_role("button", name="相談する").click()
    says(page, "相談を送りました。")
    assert DueRequest.objects.get().asked_by == bob

    page.goto(url[MailAct.HELP])
    page.get_by_label("どんな手伝いがあると助かりますか").fill(WORDS)
    assert sideways(page) == 0
    page.get_by_role("button", name="手伝いを頼む").click()
    says(page, "手伝いのお願いを伝えました。")
    page.go_back()
    page.goto(url[MailAct.HELP])
    says(page, "もう伝わっています。")

    page.goto(url[MailAct.NOT_MINE])
    assert sideways(page) == 0
    page.get_by_role("button", name="リーダーに伝える").click()
    says(page, "リーダーに伝えました。")

    page.goto(urlsplit(links.away_url(bob)).path)
    page.get_by_label("いつから").fill((today + timedelta(days=3)).isoformat())
    page.get_by_label("いつまで").fill((today + timedelta(days=5)).isoformat())
    page.get_by_label("代わりの人").fill("いない人")
    page.get_by_role("button", name="不在にする").click()
    says(page, "代わりの人を決められません")
    page.get_by_label("代わりの人").fill("佐藤さん")
    page.get_by_role("button", name="不在にする").click()
    says(page, "不在の予定を入れました。")

    assert Absence.objects.get().stand_in == alice
    assert sorted(MailReply.objects.values_list("kind", flat=True)) == ["due", "help", "not_mine"]
    assert sorted(Letter.objects.values_list("kind", flat=True)) == ["help", "not_mine", "stand_in"]
    assert page.context.cookies() == []
