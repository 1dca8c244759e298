"""A letter is shown as its mail looks, under the same policy as every page."""

from __future__ import annotations

import re

from incidents.domain import reminder


def put_back(shown: str, sheet: str) -> str:
    """The letter with each class as the style that the sheet gives it."""
    looks = dict(re.findall(r"^\.(m\d+)\{([^}]*)\}$", sheet, re.MULTILINE))
    return re.sub(r' class="(m\d+)"', lambda found: f' style="{looks[found[1]]}"', shown)


def in_order(text: str) -> list[str]:
    """Each tag with its attributes in no order; the text between as it is."""
    parts = re.split(r"(<[A-Za-z][^<>]*>)", text)
    return [
        " ".join(sorted(re.findall(r'[^\s"=<>]+(?:="[^"]*")?', part))) if part[:1] == "<" else part for part in parts
    ]


def test_the_page_keeps_every_style_and_every_word_of_the_letter(client_of, bob, clock, story):
    story.promised(due_on=clock.today)
    letter = reminder.write_digest(bob)
    text = re.sub(r';"', '"', letter.html).replace("&#x27;", "'")
    assert text.count(" style=") > 10

    answer = client_of(bob).get(f"/letters/{letter.pk}/mail/")

    page = answer.content.decode().replace("&#x27;", "'")
    sheet = re.search(r'<style nonce="[^"]+">(.*?)</style>', page, re.DOTALL)
    shown = page.replace(sheet[0], "")
    assert not re.search(r"<[^<>]*\sstyle=", shown)
    assert in_order(put_back(shown, sheet[1])) == in_order(text)


def test_the_page_has_the_policy_of_all_pages(client_of, bob, clock, story):
    story.promised(due_on=clock.today)
    letter = reminder.write_digest(bob)
    client = client_of(bob)
    mail, page = client.get(f"/letters/{letter.pk}/mail/"), client.get(f"/letters/{letter.pk}/")
    without_nonce = [re.sub(r"'nonce-[^']+'", "", one["Content-Security-Policy"]).split() for one in (mail, page)]
    assert without_nonce[0] == without_nonce[1]
    assert "unsafe-inline" not in mail["Content-Security-Policy"]
