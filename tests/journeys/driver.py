"""What people do on the pages, one sentence each: the shared steps of the journeys. Nothing here calls the product's code."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import expect

from tests.shared import shared

PASSWORD = "kintsugi-of-autumn"  # PersonFactory's


def post_mortem(ident: str) -> dict[str, Any]:
    """One of the 67 real reports."""
    known = json.loads(shared("data/postmortems/postmortems.json").read_text(encoding="utf-8"))
    return next(one for one in known if one["id"] == ident)


def sign_in(page: Any, email: str, password: str = PASSWORD) -> None:
    page.goto("/account/login/")
    fill_sign_in(page, email, password)
    page.locator("nav.side").wait_for()


def fill_sign_in(page: Any, email: str, password: str = PASSWORD) -> None:
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(password)
    page.get_by_role("button", name="サインインする").click()


def sign_out(page: Any) -> None:
    page.locator("nav.side details.me summary").click()
    page.get_by_role("button", name="サインアウト").click()
    page.wait_for_url("**/account/login/**")


def at_record(page: Any, path: str) -> None:
    """Wait until the record's own page is there, at whatever place of it."""
    page.wait_for_url(re.compile(re.escape(path) + "(#.*)?$"))


def fill_record(page: Any, *, what: str, noticed: str = "", waits: str = "") -> None:
    page.get_by_label("何が起きましたか").fill(what)
    if noticed:
        page.get_by_label("いつ気づきましたか").fill(noticed)
    if waits:
        page.get_by_label("だれが待っていますか").fill(waits)


def send_record(page: Any) -> None:
    page.get_by_role("button", name="記録する", exact=True).click()


def record(page: Any, *, what: str, noticed: str = "", waits: str = "") -> str:
    """Record a crack; its page's path."""
    page.goto("/incidents/new/")
    fill_record(page, what=what, noticed=noticed, waits=waits)
    send_record(page)
    page.wait_for_url("**/incidents/K-*/")
    return page.evaluate("location.pathname")


def take_over(page: Any, path: str, text: str, lines: list[tuple[str, str, str]]) -> None:
    """Paste a text and mark the lines that belong into the timeline: (words, when, certainty); "" leaves what was read."""
    page.goto(path)
    page.get_by_role("link", name="メールやチャットから取り出す").click()
    page.get_by_label("メールやチャットの文面").fill(text)
    page.get_by_role("button", name="行を選ぶ").click()
    page.wait_for_url("**/pastes/*/")
    for words, when, certainty in lines:
        row = page.locator(".paste-line", has_text=words).last
        row.get_by_role("checkbox").check()
        if when:
            row.locator("input[type=datetime-local]").fill(when)
        if certainty:
            row.get_by_role("combobox").select_option(certainty)
    page.get_by_role("button", name="印をつけた行を経緯に入れる").click()
    expect(page.locator(".paste-line.taken")).to_have_count(len(lines))


def timeline_of(page: Any, path: str, show: str = "") -> list[list[str]]:
    """What the timeline's own page shows, in its order: [time on the wall, words]."""
    page.goto(f"{path}timeline/{show and '?show=' + show}")
    return page.evaluate(
        """() => [...document.querySelectorAll("#list .tl > li")].map(li => [
            (li.querySelector("time")?.textContent ?? "").split(" ").pop(), li.querySelector(".what").textContent])"""
    )


def stage_of(page: Any) -> list[str]:
    """The steps on the record's page: "ok ok now todo todo"."""
    return page.evaluate("[...document.querySelectorAll('.steps > li')].map(li => li.className)")


def happened(page: Any, path: str, *, what: str, when: str, certainty: str = "fact") -> None:
    """Write one line of the timeline by hand."""
    page.goto(f"{path}#timeline-add")
    form = page.locator("#timeline-add")
    form.get_by_label("何がありましたか").fill(what)
    form.get_by_label("いつ").fill(when)
    form.get_by_label("確かさ").select_option(certainty)
    form.get_by_role("button", name="書く").click()
    expect(page.locator(".tl .what", has_text=what)).to_have_count(1)


def refute(page: Any, path: str, *, entry: int, found_out: str) -> None:
    """What was thought was not so: an addendum says it, the line stays."""
    page.goto(path)
    page.locator(f"#addendum-{entry}").get_by_role("link", name="追記").click()
    page.get_by_label("わかったこと").fill(found_out)
    page.get_by_label("事実ではなかった").check()
    page.get_by_role("button", name="追記する").click()
    expect(page.locator(f"#entry-{entry} s")).to_have_count(1)


def tell_first(
    page: Any, path: str, *, channel: str, when: str, said: str, next_at: str = "", no_next: str = ""
) -> None:
    """The first report went out; the clock stops."""
    page.goto(f"{path}first-report/")
    page.get_by_label(channel, exact=True).check()
    page.get_by_label("いつ伝えましたか").fill(when)
    page.get_by_label("伝えたこと").fill(said)
    page.locator("[name=next_at]").fill(next_at)
    if no_next:
        page.locator("[name=no_next]").fill(no_next)
    page.get_by_role("button", name="伝えました").click()
    page.wait_for_url(f"**{path}")


def limit(page: Any, path: str, *, what: str, when: str) -> None:
    """応急処置: what limits the effect now."""
    page.goto(f"{path}#containment-add")
    box = page.locator("#containment-add")
    box.locator("[name=text]").fill(what)
    box.locator("[name=done_at]").fill(when)
    box.get_by_role("button", name="書く").click()
    expect(page.locator("#containment li", has_text=what)).to_have_count(1)


def line_of(page: Any, text: str) -> Any:
    """The line of the why-tree that says this."""
    return page.locator(".why > li").filter(has=page.locator(".k + div", has_text=text)).first


def ask_why(page: Any, text: str, *, under: str = "", track: str = "") -> None:
    """One more why, on the record's page that is open: at the top, or under the one that says `under`."""
    before = page.locator(".why > li").count()
    if under:
        line_of(page, under).get_by_role("link", name="この下に、なぜを足す").click()
    elif not page.locator("#why-add[open]").count():
        page.locator("#why-add summary").click()
    box = page.locator("#why-add")
    if not under:
        box.locator("[name=parent]").select_option("")
    if track:
        box.locator("[name=track]").select_option(track)
    box.locator("[name=text]").fill(text)
    box.locator("[name=text]").press("Enter")
    expect(page.locator(".why > li")).to_have_count(before + 1)


def mark_root(page: Any, text: str, factor: str) -> None:
    roots = page.locator(".why li.root").count()
    line = line_of(page, text)
    line.locator("summary", has_text="真因にする").click()
    line.get_by_label("要因").select_option(factor)
    line.get_by_role("button", name="真因に印をつける").click()
    expect(page.locator(".why li.root")).to_have_count(roots + 1)


def promise_measure(page: Any, path: str, **plan: str) -> None:
    """A countermeasure with all that a promise needs; `plan` names the form's fields."""
    page.goto(f"{path}measures/new/")
    for name, value in plan.items():
        field = page.locator(f"[name={name}]")
        if field.count() > 1:
            choice = page.locator(f"[name={name}][value='{value}']")
            page.locator(f"label[for={choice.get_attribute('id')}]").click()  # the label covers its radio
        elif field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.get_by_role("button", name="約束する").click()
    at_record(page, path)
