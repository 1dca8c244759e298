"""The whole story on a running installation: `manage.py up`, Chromium, the worker, beat and a mail server.

Nothing is called from inside: people use pages and mails. Two things are arranged for the test: today counts as a
business day whatever the calendar says (the story must also run on a Sunday), and beat ticks each second.
"""

from __future__ import annotations

import re
import sys
import time
import urllib.request
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from incidents.domain import setup as set_up
from incidents.enums import Role
from incidents.models import Closure, Incident, Membership, Person, Team
from tests.browser.fixtures import PHONE
from tests.servers import MailServer, Program, base_environ, free_port, until, work_on

pytestmark = [pytest.mark.integration, pytest.mark.browser]
TOKYO = ZoneInfo("Asia/Tokyo")
PASSWORD = "urushi-to-kin-2026"


class Running:
    def __init__(self, folder: Path):
        self.mail = MailServer()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = f"sqlite:///{folder / 'var' / 'ushiro.sqlite3'}"
        environ = base_environ(folder / "var", SMTP_URL=self.mail.url, USHIRO_TICK="1")
        del environ["USHIRO_MODE"]
        command = [sys.executable, "manage.py", "up", "--port", str(self.port), "--no-sample"]
        self.program = Program(command, log=folder / "up.log", environ=environ)

    def set_up_link(self) -> str:
        found = until(lambda: re.search(r"http://\S+/setup/\S+", self.program.said), 120, "the set-up link is printed")
        return found[0]

    def stop(self) -> None:
        self.program.stop(patience=10)
        self.mail.stop()


@pytest.fixture
def running(tmp_path):
    installation = Running(tmp_path)
    yield installation
    installation.stop()


def sign_in(page, email: str) -> None:
    page.goto("/account/login/")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="サインインする").click()
    page.locator("nav.side").wait_for()


def local_now(minutes: int = 0) -> str:
    return (datetime.now(TOKYO) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")


def test_a_crack_becomes_gold(running, open_page, axe, django_db_blocker, settings, capsys):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]  # as the installation has it
    looked_at: list[str] = []

    def look(page, name: str) -> None:
        assert axe(page) == [], name
        looked_at.append(name)

    # The installation is empty: the set-up link makes the organisation, a team and its lead.
    alice = open_page(running.url)
    alice.goto(running.set_up_link())
    look(alice, "set-up")
    for label, text in {
        "組織の名前": "青葉商事株式会社",
        "最初のチームの名前": "受注管理チーム",
        "あなたの名前": "佐藤 美咲",
    }.items():
        alice.get_by_label(label).fill(text)
    alice.get_by_label("メールアドレス").fill("sato@example.jp")
    alice.get_by_label("パスワード").fill(PASSWORD)
    alice.get_by_role("button", name="はじめる").click()
    alice.wait_for_url(running.url + "/")
    look(alice, "today, empty")
    assert "金継ぎ済み 0" in alice.locator("main").inner_text().replace("\n", " ")

    with django_db_blocker.unblock(), work_on(running.database):
        assert set_up.begin(site_url=running.url) == ""
        colleague = Person.objects.create_user("tanaka@example.jp", PASSWORD, name="田中 誠")
        Membership.objects.create(person=colleague, team=Team.objects.get(), role=Role.MEMBER)
        Closure.objects.create(day=datetime.now(TOKYO).date(), name="臨時営業", works=True)

    # Bob, on his phone, has his letter at any hour and records a crack in three fields.
    bob = open_page(running.url, viewport=PHONE, has_touch=True)
    sign_in(bob, "tanaka@example.jp")
    bob.goto("/preferences/")
    look(bob, "preferences")
    bob.get_by_label("お知らせの時刻").select_option("0")
    bob.get_by_role("button", name="保存する").click()
    refusal = bob.locator(".invalid-feedback").inner_text()
    assert "静かな時間に入っています" in refusal
    bob.get_by_label("静かな時間（ここから）").select_option(label="静かな時間を置かない")
    bob.get_by_role("button", name="保存する").click()
    bob.get_by_text("設定を保存しました。").wait_for()
    began = time.monotonic()
    bob.get_by_role("link", name="割れを記録する").click()
    look(bob, "record")
    bob.get_by_label("何が起きましたか").fill("請求書を別のお客様へ送ってしまった")
    bob.get_by_label("いつ気づきましたか").fill(local_now(-10))
    bob.get_by_label("だれが待っていますか").fill("株式会社青山商事 様")
    bob.get_by_role("button", name="記録する", exact=True).click()
    bob.wait_for_url("**/incidents/K-1/")
    recorded_in = time.monotonic() - began
    assert recorded_in < 30
    look(bob, "incident, new")

    # Alice sees the clock and tells the customer by phone; the clock stops.
    alice.goto("/")
    assert re.fullmatch(r"00:[34]\d:\d\d|00:50:00", alice.locator(".big[data-clock-due]").inner_text())
    alice.get_by_role("link", name="一次報告を記録する").click()
    look(alice, "first report")
    alice.get_by_label("電話").check()
    alice.get_by_label("伝えたこと").fill("起きたことと、17時に続報することをお伝えしました。")
    alice.get_by_role("button", name="伝えました").click()
    alice.wait_for_url("**/incidents/K-1/")
    assert alice.locator("[data-clock-due]").count() == 0

    # Bob asks why, twice, and marks what can be changed. Each step swaps the body without a new page.
    bob.reload()
    bob.evaluate("window.samePage = true")
    for why in ("似た名前が並んだ候補から宛先を手で選んだ", "宛先と添付の会社名を突き合わせる仕組みがない"):
        if not bob.locator("#why-add[open]").count():
            bob.locator("#why-add summary").click()
        bob.get_by_label("なぜ、そうなりましたか").fill(why)
        bob.locator("#why-add").get_by_role("button", name="足す").click()
        bob.locator(".why li", has_text=why).wait_for()
    last = bob.locator(".why li", has_text="突き合わせる仕組みがない")
    last.locator("summary", has_text="真因にする").click()
    last.get_by_label("要因").select_option("procedure")
    last.get_by_role("button", name="真因に印をつける").click()
    bob.locator(".why li.root").wait_for()
    assert bob.evaluate("window.samePage") is True
    assert bob.locator(".steps li.now").inner_text().startswith("金粉")
    look(bob, "incident, cause known")

    # Alice promises a countermeasure. The first try names its owner as its judge and is refused with the way out.
    alice.goto("/incidents/K-1/")
    alice.get_by_role("link", name="＋ 対策").click()
    look(alice, "countermeasure")
    today = datetime.now(TOKYO).date()
    alice.get_by_label("何を変えますか").fill("宛先と添付の会社名が違うと送信できないようにする")
    alice.get_by_label("変更前").fill("送る人が目で見比べる")
    alice.get_by_label("変更後").fill("会社名が違うと送信ボタンが押せない")
    alice.get_by_label("間違えられなくする").check()
    alice.get_by_label("担当", exact=True).select_option(label="田中 誠")
    alice.get_by_label("期限").fill(today.isoformat())
    alice.get_by_label("何を測りますか").fill("宛先ちがいの件数")
    alice.get_by_label("どうなれば効いたと言えますか").fill("30日で0件")
    alice.get_by_label("確かめる人").select_option(label="田中 誠")
    alice.get_by_role("button", name="約束する").click()
    refusal = alice.locator(".invalid-feedback").inner_text()  # beside the field that it is about
    assert "担当と確かめる人が同じです。" in refusal and "別の方を選んでください。" in refusal
    assert alice.get_by_label("変更前").input_value() == "送る人が目で見比べる"
    look(alice, "countermeasure, refused")
    alice.get_by_label("確かめる人").select_option(label="佐藤 美咲")
    promised_at = time.time()
    alice.get_by_role("button", name="約束する").click()
    alice.wait_for_url("**/incidents/K-1/**")
    assert alice.locator(".steps li.now").inner_text().startswith("金継ぎ")
    look(alice, "incident, promised")

    # Beat finds that bob's morning has come, the worker hands the letter to the mail server.
    taken = until(
        lambda: [one for one in running.mail.inbox.accepted if one.recipients == ["tanaka@example.jp"]],
        30,
        "bob's mail",
    )[0]
    message = taken.message
    assert message["Auto-Submitted"] == "auto-generated"
    assert "今日が期限です" in message["Subject"] and "宛先と添付の会社名が違うと" in message["Subject"]
    body = message.get_body(("plain",)).get_content()
    link = re.search(rf"{running.url}/m/\S+", body)[0]
    assert link in message.get_body(("html",)).get_content()

    # A mail scanner follows the link, thrice and with HEAD. Nothing happens.
    for method in ("GET", "GET", "GET", "HEAD"):
        request = urllib.request.Request(link, method=method, headers={"User-Agent": "SafeLinks/1.0"})
        with closing(urllib.request.urlopen(request, timeout=10)) as answer:
            assert answer.status == 200
    alice.reload()
    assert alice.locator(".seam").inner_text().count("約束") >= 1

    # Bob, signed out and on his phone, presses できました and says what he did.
    mail = open_page(running.url, viewport=PHONE)
    mail.goto(link)
    look(mail, "done, from the mail")
    mail.get_by_label("やったこと").fill("送信画面に照合を入れ、3件で確かめました。")
    mail.get_by_role("button", name="できました").click()
    mail.get_by_role("heading", name="おつかれさまでした。").wait_for()
    look(mail, "thanks")
    mail.goto(link)
    mail.get_by_role("heading", name="もう実施済みです。").wait_for()

    # His own page offers him no judgement; alice, who is not the owner, confirms the effect.
    bob.reload()
    assert bob.get_by_role("link", name="効き目を確かめる").count() == 0
    alice.goto("/")
    before = alice.locator("svg.bowl").inner_html()
    alice.get_by_role("link", name=re.compile("^確かめる")).click()
    look(alice, "effect check")
    alice.get_by_label("効いている", exact=True).check()
    alice.get_by_label("何を見て、そう判断しましたか").fill("送信 214 件で宛先ちがい 0 件。")
    alice.get_by_role("button", name="結果を記録する").click()
    alice.wait_for_url("**/incidents/K-1/")
    assert "金継ぎになりました" in alice.locator("#messages").inner_text()
    assert alice.locator(".seam.gold").count() == 1
    look(alice, "incident, mended")

    # The bowl is redrawn: one crack, gold.
    alice.goto("/")
    after = alice.locator("svg.bowl").inner_html()
    assert before != after
    assert "金継ぎ済み 1" in alice.locator("main").inner_text().replace("\n", " ")
    look(alice, "today, gold")

    with django_db_blocker.unblock(), work_on(running.database):
        mended = Incident.objects.get()
        assert (mended.stage, mended.number) == ("mended", 1)
    with capsys.disabled():
        print(
            f"\njourney: recorded in {recorded_in:.1f} s; promised -> mail accepted {taken.at - promised_at:.1f} s; "
            f"axe 0 violations on {len(looked_at)} pages: {', '.join(looked_at)}"
        )
