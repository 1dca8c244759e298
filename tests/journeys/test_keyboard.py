"""From a crack to できました with the keys alone, and the focus to be seen at every stop (A6, WCAG 2.4.7 and 2.4.11)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from incidents.enums import MeasureStatus
from incidents.models import Countermeasure, Incident, RootCause
from tests.journeys import driver

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What the focused element is, and whether an eye can find it: an outline of its own, of its ::after or of the box
# around it (the search), inside the window, with nothing over it.
LOOK = """async () => {
    const ringed = style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    const look = () => {
        const e = document.activeElement;
        const around = [e, e.parentElement, e.closest(".search")].filter(Boolean);
        const ring = around.some(one => ringed(getComputedStyle(one))) || ringed(getComputedStyle(e, "::after"));
        const box = e.getBoundingClientRect();
        const over = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 12));
        const own = over && (e.contains(over) || over.contains(e) || over.closest("label")?.control === e);
        const name = `${e.tagName} ${e.id || e.name || e.textContent.trim().slice(0, 30)}`;
        return { name, ring, seen: box.width > 0 && box.height > 0 && !!own };
    };
    let found = look();
    for (let n = 0; n < 20 && !found.seen; n++) {  // the page may still be scrolling there
        await new Promise(later => setTimeout(later, 50));
        found = look();
    }
    return found;
}"""


class Keys:
    """A person with a keyboard; remembers each stop where the focus could not be seen."""

    def __init__(self, page: Any):
        self.page, self.stops, self.unseen = page, 0, []

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def look(self) -> None:
        found = self.page.evaluate(LOOK)
        self.stops += 1
        if not (found["ring"] and found["seen"]):
            self.unseen.append((self.page.url.split("/", 3)[-1], found))

    def to(self, target: Any, *, key: str = "Tab", most: int = 60) -> None:
        """Tab until the focus is there."""
        for _ in range(most):
            if target.evaluate("e => e === document.activeElement"):
                return
            self.press(key)
            self.look()
        raise AssertionError(f"not reached by {most} x {key}: {target}; at {self.page.evaluate(LOOK)['name']}")

    def write(self, target: Any, text: str) -> None:
        self.to(target)
        self.page.keyboard.insert_text(text)
        expect(target).to_have_value(text)

    def choose(self, target: Any, value: str, key: str = "ArrowDown") -> None:
        """In a list, or among radio buttons, by the arrows."""
        self.to(target)
        for _ in range(12):
            if self.page.evaluate("() => document.activeElement.value") == value:
                return
            self.press(key)
            self.look()
        raise AssertionError(f"{value} not reached in {target}")

    def day(self, target: Any, day: date) -> None:
        """A date, digit by digit; the order of its parts is the browser's own language's, which a page cannot choose."""
        self.to(target)
        for parts in ([f"{day:%m}", f"{day:%d}", f"{day:%Y}"], [f"{day:%Y}", f"{day:%m}", f"{day:%d}"]):
            for place, part in enumerate(parts):
                self.page.keyboard.type(part)
                if len(part) == 4 and place < 2:
                    self.press("ArrowRight")  # a year may have six digits, so that it does not go on by itself
            if target.input_value() == day.isoformat():
                return
            for _ in range(2):
                self.press("ArrowLeft")
        raise AssertionError(target.input_value())


@pytest.fixture
def keys(bob, page_of):
    page = page_of(bob)
    page.goto("/")
    return Keys(page)


def record(keys: Keys) -> None:
    page = keys.page
    keys.to(page.get_by_role("link", name="割れを記録する"))
    keys.press("Enter")
    page.wait_for_url("**/incidents/new/")
    expect(page.get_by_label("何が起きましたか")).to_be_focused()
    keys.look()
    keys.write(page.get_by_label("何が起きましたか"), "納品書を入れちがえた")
    keys.to(page.get_by_role("button", name="記録する", exact=True))
    keys.press("Enter")
    page.wait_for_url("**/incidents/K-*/")


def ask_why(keys: Keys) -> None:
    page = keys.page
    text = page.locator("#why-text")
    if not page.locator("#why-add[open]").count():
        keys.to(page.locator("#why-add summary"))
        keys.press("Enter")
    keys.write(text, "封入の順が二通りある")
    keys.press("Enter")
    expect(page.locator(".why > li")).to_have_count(1)
    expect(text).to_be_focused()  # the next why can be typed at once
    expect(text).to_have_value("")
    keys.to(page.locator(".why summary", has_text="真因にする"), key="Shift+Tab")
    keys.press("Enter")
    keys.choose(page.get_by_label("要因"), "procedure")
    keys.to(page.get_by_role("button", name="真因に印をつける"))
    keys.press("Enter")
    expect(page.locator(".why li.root")).to_have_count(1)
    expect(page.locator(".why li.root")).to_be_focused()  # the button is gone; the line it stood in is where one is


def promise(keys: Keys, *, owner, checker, due) -> None:
    page = keys.page
    keys.to(page.get_by_role("link", name="＋ 対策"))
    keys.press("Enter")
    page.wait_for_url("**/measures/new/")
    keys.write(page.get_by_label("何を変えますか"), "封入の順を一つにする")
    keys.choose(page.locator("[name=root]"), str(RootCause.objects.get().pk))
    keys.write(page.get_by_label("変更前"), "二通りの順")
    keys.write(page.get_by_label("変更後"), "一通りの順")
    keys.choose(page.locator("[name=strength]:checked"), "4", key="ArrowUp")
    keys.choose(page.locator("[name=owner]"), str(owner.pk))
    keys.day(page.get_by_label("期限"), due)
    keys.write(page.get_by_label("何を測りますか"), "入れちがいの件数")
    keys.write(page.get_by_label("どうなれば効いたと言えますか"), "0件")
    keys.choose(page.locator("[name=checker]"), str(checker.pk))
    keys.to(page.get_by_role("button", name="約束する"))
    keys.press("Enter")
    driver.at_record(page, Incident.objects.get().get_absolute_url())


def done(keys: Keys) -> None:
    page = keys.page
    keys.to(page.get_by_role("link", name="できました"), most=90)
    keys.press("Enter")
    page.wait_for_url("**/done/")
    keys.write(page.get_by_label("やったこと"), "順を決めて貼り出した")
    keys.to(page.get_by_role("button", name="できました"))
    keys.press("Enter")
    driver.at_record(page, Incident.objects.get().get_absolute_url())


def test_crack_to_done_by_the_keys_alone(alice, bob, team, keys, capsys):
    record(keys)
    ask_why(keys)
    promise(keys, owner=bob, checker=alice, due=timezone.localdate() + timedelta(days=14))
    measure = Countermeasure.objects.get()
    assert (measure.status, measure.owner) == (MeasureStatus.COMMITTED, bob)
    done(keys)
    measure.refresh_from_db()
    assert (measure.status, measure.done_note) == (MeasureStatus.DONE, "順を決めて貼り出した")
    expect(keys.page.locator(f"#measure-{measure.pk}")).to_contain_text("実施済み")
    with capsys.disabled():
        print(f"\nby the keys alone: {keys.stops} stops, the focus seen at each but {len(keys.unseen)}")
    assert not keys.unseen, "\n".join(map(str, keys.unseen))
