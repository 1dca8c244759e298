"""ひと息: each person's own page; what others do there is nowhere to be seen."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from incidents.domain import care, reminder
from incidents.enums import LetterKind, LetterState
from incidents.letters import links
from incidents.models import AuditEntry, CareCheckIn, HelpLine, Letter, Person
from incidents.tasks import sending
from tests.factories import HelpLineFactory, LetterFactory


def path_of(url: str) -> str:
    return urlsplit(url).path


def token_of(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def shown(client, url: str) -> str:
    return client.get(url).content.decode()


# The page -----------------------------------------------------------------------------------


def test_way_to_it_is_shown_to_the_writer_alone_and_for_a_week(clock, crack, bob, alice, vera, client_of):
    url = crack.get_absolute_url()
    assert "ひと息つく" in shown(client_of(bob), url)
    for other in (alice, vera):
        assert "ひと息つく" not in shown(client_of(other), url)
    clock.forward(days=8)
    assert "ひと息つく" not in shown(client_of(bob), url)


def test_page_lists_where_this_person_can_talk(bob, carol, team, client_of):
    HelpLine.objects.all().delete()
    HelpLineFactory(name="よりそいホットライン", name_en="Yorisoi Hotline", phone="0120-279-338", kind="now")
    HelpLineFactory(name="受注課の相談係", phone="内線 12", team=team)

    mine, theirs = shown(client_of(bob), "/care/"), shown(client_of(carol), "/care/")
    assert 'href="tel:0120-279-338"' in mine and "受注課の相談係" in mine and "まだ確かめていません" in mine
    assert mine.index("よりそいホットライン") < mine.index("受注課の相談係")
    assert "よりそいホットライン" in theirs and "受注課" not in theirs
    assert "続きは明日にして、今日は帰ってかまいません。" in mine  # leave to go, no praise for it


def test_page_in_english_names_the_places_in_english(bob, client_of):
    HelpLine.objects.all().delete()
    HelpLineFactory(name="よりそいホットライン", name_en="Yorisoi Hotline", kind="now")
    bob.language = "en"
    bob.save()

    assert "Yorisoi Hotline" in shown(client_of(bob), "/care/")


def test_signed_out_is_led_to_the_door(dave, client_of, db):
    assert client_of(dave).get("/care/").headers["Location"] == "/account/login/?next=/care/"


def test_opening_the_page_leaves_nothing(bob, client_of):
    before = AuditEntry.objects.count()
    client_of(bob).get("/care/")

    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("wanted", ["no", "yes"])
def test_choice_is_ones_own(bob, alice, client_of, wanted):
    client = client_of(bob)
    client.post("/care/letters/", {"wanted": wanted})

    assert Person.objects.get(pk=bob.pk).care_opt_out is (wanted == "no")
    assert Person.objects.get(pk=alice.pk).care_opt_out is False
    assert ("便りを受け取る" if wanted == "no" else "便りを止める") in shown(client, "/care/")


def test_choice_is_not_made_by_looking(bob, client_of):
    assert client_of(bob).get("/care/letters/").url == "/care/"
    assert Person.objects.get(pk=bob.pk).care_opt_out is False


# The link of the mail -----------------------------------------------------------------------


def test_link_shows_and_the_button_stops(clock, crack, bob, dave, client_of):
    client, url = client_of(dave), path_of(links.care_url(person_id=bob.pk))
    for _ in range(3):  # a scanner
        assert client.get(url).status_code == 200
        assert client.head(url).status_code == 200
    assert Person.objects.get(pk=bob.pk).care_opt_out is False
    assert CareCheckIn.objects.count() == 2

    assert "止めました" in client.post(url, {"page_token": links.page_token(token_of(url))}).content.decode()
    assert Person.objects.get(pk=bob.pk).care_opt_out is True
    assert CareCheckIn.objects.count() == 0
    assert "止めました" in client.get(url).content.decode()


@pytest.mark.parametrize("site", ["https://ushiro.example.jp", "http://192.168.1.5:8000"])
def test_the_mail_programs_own_button_stops(clock, crack, bob, dave, client_of, settings, mailoutbox, site):
    settings.SITE_URL = site
    clock.forward(days=1)
    care.write_due()
    sending.deliver()
    [sent] = mailoutbox
    url = sent.extra_headers["List-Unsubscribe"].strip("<>")
    assert url.startswith(f"{site}/m/care/") and url in sent.body
    assert sent.extra_headers.get("List-Unsubscribe-Post") == (
        "List-Unsubscribe=One-Click" if site.startswith("https") else None
    )
    # RFC 8058: a server of the mail provider posts this and nothing else; it brings no cookie and names no page.
    one_press = client_of(dave, csrf=True).post(path_of(url), {"List-Unsubscribe": "One-Click"})
    assert one_press.status_code == 200
    assert Person.objects.get(pk=bob.pk).care_opt_out is True


def test_what_others_rely_on_cannot_be_switched_off(clock, story, mailoutbox):
    story.promised(due_on=date(2026, 12, 11))
    clock.to("2026-12-11 09:00")
    reminder.write_due_digests()
    sending.deliver()
    assert [name for name in mailoutbox[0].extra_headers if name.startswith("List-")] == ["List-Id"]


def test_link_asks_for_the_form_of_its_own_page(bob, dave, client_of):
    url = path_of(links.care_url(person_id=bob.pk))
    assert "止めますか" in client_of(dave, csrf=True).post(url).content.decode()
    assert Person.objects.get(pk=bob.pk).care_opt_out is False
    elsewhere = client_of(dave, csrf=True, Origin="https://evil.example")
    assert elsewhere.post(url, {"page_token": links.page_token(token_of(url))}).status_code == 403
    assert Person.objects.get(pk=bob.pk).care_opt_out is False


def test_forged_foreign_and_old_links_and_those_of_somebody_gone_are_nothing(clock, bob, alice, dave, client_of, story):
    client, good = client_of(dave), links.care_url(person_id=bob.pk)
    measure = story.promised()
    foreign = links.done_url(measure.follow_up, bob).replace("/m/", "/m/care/")
    for url in (good[:-2] + "x/", foreign, "http://testserver/m/care/none/"):
        assert client.post(path_of(url)).status_code == 410
    bob.is_active = False
    bob.save()
    assert client.post(path_of(good)).status_code == 410
    clock.forward(days=366)
    assert client.post(path_of(links.care_url(person_id=alice.pk))).status_code == 200
    assert client.post(path_of(good)).status_code == 410
    assert Person.objects.get(pk=bob.pk).care_opt_out is False


# Nobody else --------------------------------------------------------------------------------


@pytest.fixture
def letter_of_bob(clock, crack, bob) -> Letter:
    clock.to("2026-11-25 09:00")
    care.write_due()
    return Letter.objects.get(kind=LetterKind.CARE)


def test_letter_is_read_by_its_reader_alone(letter_of_bob, bob, alice, admin, carol, client_of):
    url = reverse("letter", args=[letter_of_bob.pk])
    assert "ひと息の便り" in shown(client_of(bob), url)
    for other in (alice, admin, carol):
        assert client_of(other).get(url).status_code == 404
        assert "ひと息の便り</" not in shown(client_of(other), "/letters/")


def test_console_knows_no_such_letter(letter_of_bob, admin, client_of):
    console = client_of(admin)
    other = LetterFactory(subject="お知らせ 三件")
    for query in ("", "?kind__exact=care", "?q=ひと息", "?state__exact=waiting"):
        answer = shown(console, reverse("admin:incidents_letter_changelist") + query)
        assert f"/letter/{letter_of_bob.pk}/" not in answer and letter_of_bob.to_email not in answer
    assert f"/letter/{other.pk}/" in shown(console, reverse("admin:incidents_letter_changelist"))
    one = reverse("admin:incidents_letter_change", args=[letter_of_bob.pk])
    assert console.get(one).status_code == 302  # the console's answer to a key of nothing
    nothing = reverse("admin:incidents_letter_change", args=[999_999])
    assert console.get(nothing).status_code == 302
    console.post(
        reverse("admin:incidents_letter_changelist"),
        {"action": "cancel", "_selected_action": [letter_of_bob.pk], "confirmed": "yes", "reason": "x"},
    )
    letter_of_bob.refresh_from_db()
    assert letter_of_bob.state == LetterState.WAITING


def test_console_has_no_page_of_those_who_are_asked(letter_of_bob, bob, admin, client_of):
    console = client_of(admin)
    index = shown(console, reverse("admin:index"))
    assert "carecheckin" not in index.lower()
    assert "care_opt_out" not in shown(console, reverse("admin:incidents_person_change", args=[bob.pk]))
    assert "ひと息" not in shown(console, reverse("admin:incidents_auditentry_changelist"))


def test_failed_letter_is_not_counted_for_the_administrator(letter_of_bob, admin, client_of):
    before = shown(client_of(admin), reverse("admin:index"))
    Letter.objects.filter(pk=letter_of_bob.pk).update(state=LetterState.FAILED)

    assert shown(client_of(admin), reverse("admin:index")).count("送れなかった") == before.count("送れなかった")
