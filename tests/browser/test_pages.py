"""Every page, as a desk and a phone show it, light and dark, in Japanese and English: no violation, no complaint.

The walk takes its pages from the URL table: a page that is not walked here fails the test.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.urls import get_resolver
from django.utils import timezone
from playwright.sync_api import expect

from incidents.domain import (
    call,
    containment,
    countermeasure,
    due_request,
    invitation,
    paste,
    promise,
    question,
    reminder,
    spread,
    timeline,
)
from incidents.domain import letter as letters
from incidents.enums import Language, MailAct, Role
from incidents.letters import links
from incidents.letters.account import password_reset
from incidents.models import FollowUp, Membership, Person, SpreadAnswer
from incidents.queries.nameless import door_path
from tests.browser.fixtures import PHONE, sideways
from tests.factories import (
    AttachmentFactory,
    IncidentFactory,
    InvitationFactory,
    JottingFactory,
    MembershipFactory,
    MendingFactory,
    MirrorFactory,
    MirrorPostFactory,
    NamelessNoteFactory,
    ReceivedMailFactory,
    SavedViewFactory,
    SpreadAnswerFactory,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESK = {"width": 1400, "height": 900}
# POST alone; what they answer is walked by the tests of the path.
ACTS = {
    "incident-waive",
    "incident-final-report-waive",
    "incident-unrestrict",
    "incident-why-hint",
    "incident-containment",
    "incident-why",
    "why-root",
    "measure-start",
    "mirror-start",
    "mirror-test",
    "mirror-stop",
    "mirror-key",
    "mirror-away",
    "letter-write-today",
    "view-choose",
    "view-unshare",
    "view-delete",
    "care-letters",
    "calendar-make",
    "calendar-off",
    "jotting-new",
    "jotting-drop",
    "absence-end",
    "team-nameless",
    "team-nameless-move",
    "similar",
    "received-post",
    "received-drop",
    "intake-make",
    "intake-off",
    "address-reached",
    "incident-ask",
    "read-request-grant",
    "read-request-decline",
    "invitation-again",
    "invitation-revoke",
    "membership-role",
    "team-choose",
}
NOT_PAGES = {
    "healthz",
    "readyz",
    "enginez",
    "metrics",
    "attachment",
    "calendar-feed",
    "clocks",
    "incident-list-csv",
    "seam-list-csv",
    "received-original",
    "entry-mail",
    "team-new",  # an administrator's
    "join",  # behind a page of `mail-join`: tests/incidents/views/test_invitation.py
}


@pytest.fixture
def pages(alice, bob, story):
    """Addresses by route name, for alice; `proposed` and `done` are two states of one page each."""
    idea = story.proposed(title="案のままの対策")
    running = story.promised(owner=alice, checker=bob, title="進行中の対策")
    done = story.done(title="実施済みの対策")
    letter = reminder.write_digest(alice, asked_for=True)
    if letter is None:
        letter = _some_letter(alice)
    key = running.incident.reference
    told = promise.promise(
        running.incident, by=alice, text="折り返しのお電話", due_at=timezone.now() + timedelta(hours=2)
    )
    facts = some_facts(running.incident, alice)
    countermeasure.not_doing(
        story.proposed(title="見送った対策"),
        by=alice,
        reason="費用",
        review_on=timezone.localdate() + timedelta(days=60),
    )
    wish = due_request.ask(
        story.promised(title="期限を相談中の対策"),
        by=bob,
        due_on=timezone.localdate() + timedelta(days=60),
        reason="部品待ち",
    )
    JottingFactory(person=alice)
    note = NamelessNoteFactory(team=running.incident.team)
    channel = MirrorPostFactory(
        mirror=MirrorFactory(team=running.incident.team, state="broken", why="answered_404")
    ).mirror
    whole = {
        "today": "/",
        "incident-list": "/incidents/",
        "incident-new": "/incidents/new/",
        "incident": f"/incidents/{key}/",
        "incident-edit": f"/incidents/{key}/edit/",
        "incident-first-report": f"/incidents/{key}/first-report/",
        "incident-final-report": f"/incidents/{key}/final-report/",
        "incident-final-report-day": f"/incidents/{key}/final-report/day/",
        "incident-readers": f"/incidents/{key}/readers/",
        "incident-phone": f"/incidents/{key}/first-report/phone/",
        "incident-promise": f"/incidents/{key}/promises/new/",
        "incident-report-again": f"/incidents/{key}/report/",
        "incident-call": f"/incidents/{key}/call/",
        "mirror-list": "/mirrors/",
        "mirror-new": f"/teams/{running.incident.team.slug}/mirrors/new/",
        "mirror": f"/mirrors/{channel.pk}/",
        "mirror-move": f"/mirrors/{channel.pk}/move/",
        "incident-mending": f"/incidents/{key}/mending/",
        "mending-withdraw": f"/mendings/{facts['mending'].pk}/withdraw/",
        "promise-keep": f"/promises/{told.pk}/keep/",
        "promise-move": f"/promises/{told.pk}/move/",
        "promise-hand-over": f"/promises/{told.pk}/hand-over/",
        "incident-similar": f"/incidents/{key}/similar/",
        "incident-end": f"/incidents/{key}/end/",
        "incident-reopen": f"/incidents/{key}/reopen/",
        "incident-outside": f"/incidents/{key}/outside/",
        "incident-outside-reopen": f"/incidents/{key}/outside/reopen/",
        "incident-history": f"/incidents/{key}/history/",
        "incident-spread": f"/incidents/{key}/spread/",
        "spread-done": f"/spreads/{_taken_on(running.incident.team, alice).pk}/done/",
        "spread-answer": f"/spreads/{SpreadAnswerFactory(team=running.incident.team).pk}/",
        "incident-recurrence": f"/incidents/{key}/recurrence/?of=K-1",
        "incident-recurrence-unlink": f"/incidents/{key}/recurrence/unlink/",
        "incident-causes": f"/incidents/{key}/causes/",
        "why-evidence": f"/whys/{running.root.why_id}/evidence/",
        "why-withdraw": f"/whys/{running.root.why_id}/withdraw/",
        "root-unmark": f"/roots/{running.root_id}/unmark/",
        "incident-timeline": f"/incidents/{key}/timeline/?all=1",
        "entry-addendum": f"/entries/{facts['entry'].pk}/addendum/",
        "received-list": "/mails/",
        "received": f"/mails/{facts['mail'].pk}/",
        "incident-paste": f"/incidents/{key}/paste/",
        "paste": f"/pastes/{facts['paste'].pk}/",
        "incident-question": f"/incidents/{key}/questions/new/?entry={facts['entry'].pk}",
        "question-answer": f"/questions/{facts['question'].pk}/answer/",
        "question-due": f"/questions/{facts['question'].pk}/due/",
        "question-hand-over": f"/questions/{facts['question'].pk}/hand-over/",
        "question-drop": f"/questions/{facts['question'].pk}/drop/",
        "containment-lift": f"/containments/{facts['containment'].pk}/lift/",
        "incident-files": f"/incidents/{key}/files/",
        "attachment-withdraw": f"/attachments/{facts['file'].pk}/withdraw/",
        "root-accept": f"/roots/{running.root_id}/accept/",
        "measure-new": f"/incidents/{key}/measures/new/",
        "measure-edit": f"/measures/{idea.pk}/",
        "measure-done": f"/measures/{running.pk}/done/",
        "measure-due": f"/measures/{running.pk}/due/",
        "due-request-grant": f"/due-requests/{wish.pk}/grant/",
        "due-request-refuse": f"/due-requests/{wish.pk}/refuse/",
        "follow-up-review": f"/follow-ups/{FollowUp.objects.get(kind='not_doing_review').pk}/review/",
        "measure-hand-over": f"/measures/{running.pk}/hand-over/",
        "measure-helpers": f"/measures/{running.pk}/helpers/",
        "measure-terms": f"/measures/{running.pk}/terms/",
        "measure-gain": f"/measures/{done.pk}/gain/",
        "measure-history": f"/measures/{running.pk}/history/",
        "measure-not-doing": f"/measures/{running.pk}/not-doing/",
        "check": f"/checks/{done.checks.get().pk}/",
        "check-hand-over": f"/checks/{done.checks.get().pk}/hand-over/",
        "seam-list": "/seams/?view=all",
        "view-list": "/views/",
        "incident-list-hand-over": f"/incidents/hand-over/?row={running.incident.pk}",
        "seam-list-hand-over": f"/seams/hand-over/?row={running.pk}",
        "view-new": "/views/new/?of=measures&view=running&due=late",
        "view-edit": f"/views/{SavedViewFactory(person=alice).pk}/",
        "letter-list": "/letters/",
        "letter": f"/letters/{letter.pk}/",
        "letter-mail": f"/letters/{letter.pk}/mail/",
        "jotting-list": "/jottings/",
        "nameless-list": "/nameless/",
        "nameless-record": f"/nameless/{note.pk}/record/",
        "nameless-reply": f"/nameless/{note.pk}/reply/",
        "nameless-aside": f"/nameless/{note.pk}/aside/",
        "nameless-write": door_path(running.incident.team),
        "nameless-answer": door_path(running.incident.team) + "answer/",
        "preferences": "/preferences/",
        "care": "/care/",
        "absence": "/preferences/away/",
        "team-list": "/teams/",
        "team": f"/teams/{running.incident.team.slug}/",
        "team-invite": f"/teams/{running.incident.team.slug}/invite/",
        "membership-leave": f"/memberships/{Membership.objects.get(person=bob).pk}/leave/",
        "mail-join": f"/m/join/{_guest_link(running.incident.team, alice)}/",
        "mail-away": urlsplit(links.away_url(alice)).path,
        **{
            f"mail-{act.value.replace('_', '-')}": urlsplit(links.act_url(act, running.follow_up, alice)).path
            for act in MailAct
        },
        "mail-care": urlsplit(links.care_url(person_id=alice.pk)).path,
        "mail-done": urlsplit(links.done_url(running.follow_up, alice)).path,
    }
    return whole


def some_facts(incident, by) -> dict[str, Any]:
    """Lines in each state of certainty, a question, a containment and a pasted text."""
    guess = timeline.record(
        incident, by=by, text="宛先の打ちまちがい", event_at=incident.noticed_at, certainty="estimate"
    )
    timeline.amend(guess, by=by, text="控えでは宛先は正しかった", verdict="refuted")
    entry = timeline.record(incident, by=by, text="何通出たかわからない", event_at=None, certainty="unknown")
    due = timezone.localdate() + timedelta(days=9)
    return {
        "entry": entry,
        "question": question.ask(incident, by=by, text="何通出たか", owner=by, due_on=due, entry=entry),
        "file": AttachmentFactory(incident=incident, uploaded_by=by),
        "mail": ReceivedMailFactory(incident=incident, quoted="> 前の文", left_out="「a.exe」: 受け取れません。"),
        "held": ReceivedMailFactory(incident=incident, state="held", why="wrong_sender", entry=None, person=by),
        "mending": MendingFactory(incident=incident, person=by),
        "call": call.note(
            incident, by=by, with_whom="青空物産さま", called_at=timezone.now(), said="1通届いた", asks="返金してほしい"
        ),
        "containment": containment.record(incident, by=by, text="削除をお願いした", done_at=timezone.now()),
        "paste": paste.keep(
            incident, by=by, text="10:12 お電話\n[2026/11/24 10:15] 佐藤: 確認します\n\n佐藤 10:20\n1通だけ"
        ),
    }


def _guest_link(team, by: Person) -> str:
    """The token of an open invitation into the team."""
    InvitationFactory(team=team, invited_by=by, token_hash=invitation.hash_of("guest"))
    return "guest"


def _taken_on(team, by: Person):
    """A question of another team, of which somebody of this one has promised to act."""
    due_on = timezone.localdate() + timedelta(days=9)
    asking = MembershipFactory(role=Role.LEAD)
    crack = IncidentFactory(team=asking.team, recorded_by=asking.person)
    spread.spread(crack, by=asking.person, teams=[team], title="手で選ぶ作業がありますか", body="", due_on=due_on)
    asked = SpreadAnswer.objects.get(spread__incident=crack)
    return spread.answer(asked, by=by, reply="action", note="一覧をやめます", owner=by, due_on=due_on)


def _some_letter(person: Person):
    return letters.post(
        kind="account", key=f"walk:{person.pk}", to=person, rendered=password_reset(person, "http://x/")
    )


def test_walk_knows_every_page(pages):
    names = {p.name for p in get_resolver("incidents.urls").url_patterns if p.name}
    assert names - ACTS - NOT_PAGES - {"setup"} == set(pages)


# Each pair of language, size and scheme is looked at on every run; what is left of the eight, by `make soak`.
LOOKS = [
    pytest.param("ja", DESK, "light", id="ja-desk-light"),
    pytest.param("ja", PHONE, "dark", id="ja-phone-dark"),
    pytest.param("en", DESK, "dark", id="en-desk-dark"),
    pytest.param("en", PHONE, "light", id="en-phone-light"),
    pytest.param("ja", DESK, "dark", id="ja-desk-dark", marks=pytest.mark.soak),
    pytest.param("ja", PHONE, "light", id="ja-phone-light", marks=pytest.mark.soak),
    pytest.param("en", DESK, "light", id="en-desk-light", marks=pytest.mark.soak),
    pytest.param("en", PHONE, "dark", id="en-phone-dark", marks=pytest.mark.soak),
]


@pytest.mark.parametrize(("language", "viewport", "scheme"), LOOKS)
def test_each_page_is_calm(pages, alice, page_of, axe, language, viewport, scheme):
    Person.objects.filter(pk=alice.pk).update(language=Language(language))
    page = page_of(alice, viewport=viewport, color_scheme=scheme)
    found = {}
    for name, url in pages.items():
        page.goto(url)
        # A letter stays in the language in which it was written; without a name there is no person's language.
        if name not in {"letter-mail", "nameless-write", "nameless-answer"}:
            assert page.locator("html").get_attribute("lang") == language, name
        violations = axe(page)
        if violations or sideways(page) > 0:
            found[name] = (violations, sideways(page))
    assert found == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signed_out_pages_are_calm(organisation, site, open_page, axe, complaints, scheme):
    complaints.expect("status of 404")
    for locale in ("ja-JP", "en-GB"):
        for viewport in (DESK, PHONE):
            page = open_page(site, viewport=viewport, color_scheme=scheme, locale=locale)
            for url in (
                "/account/login/",
                "/account/password/reset/",
                "/account/password/reset/done/",
                "/account/signup/",
                "/nowhere/",
            ):
                page.goto(url)
                assert (url, axe(page), sideways(page)) == (url, [], 0)


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_empty_pages_say_what_they_are_for(alice, page_of, axe, viewport):
    page = page_of(alice, viewport=viewport)
    for url, first_step in {
        "/": "いま、あなたが担当する対策はありません。",
        "/incidents/": "はじめの一つを記録する",
        "/seams/": "ここに並ぶ対策は、いまありません。",
        "/letters/": "うしろからの手紙が、ここに残ります。",
    }.items():
        page.goto(url)
        assert first_step in page.locator("main").inner_text()
        assert axe(page) == []


def test_console_is_calm(admin, alice, story, page_of, axe):
    story.done()
    page = page_of(admin, viewport=DESK)
    page.goto("/console/")
    addresses = sorted(
        {
            a
            for a in page.eval_on_selector_all(
                "#content-main a[href^='/console/']", "l => l.map(a => a.getAttribute('href'))"
            )
        }
    )
    assert len(addresses) >= 8
    for url in ["/console/", *addresses]:
        page.goto(url)
        assert (url, page.title() != "", sideways(page)) == (url, True, 0)


def test_slash_reaches_the_search_and_the_keyboard_reaches_the_rest(alice, crack, page_of):
    page = page_of(alice)
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    page.keyboard.type("見積書")
    page.keyboard.press("Enter")
    page.wait_for_url("**/incidents/?q=*")
    assert page.locator("table.incidents tbody tr").count() == 1


def test_without_javascript_a_crack_still_becomes_gold(alice, bob, team, page_of):
    """The same forms, plain: each step is a page."""
    no_script = {"java_script_enabled": False}
    at_bobs, at_alices = page_of(bob, viewport=PHONE, **no_script), page_of(alice, **no_script)
    at_bobs.goto("/incidents/new/")
    at_bobs.get_by_label("何が起きましたか").fill("納品書を入れちがえた")
    at_bobs.get_by_label("だれが待っていますか").fill("青空物産")
    at_bobs.get_by_role("button", name="記録する", exact=True).click()
    at_bobs.get_by_role("link", name="一次報告を記録する").click()
    at_bobs.get_by_role("button", name="伝えました").click()
    at_bobs.get_by_label("なぜ、そうなりましたか").fill("封入の順が二通りある")
    at_bobs.get_by_role("button", name="足す", exact=True).click()
    at_bobs.locator("summary", has_text="真因にする").click()
    at_bobs.get_by_label("要因").select_option("procedure")
    at_bobs.get_by_role("button", name="真因に印をつける").click()
    at_bobs.get_by_role("link", name="＋ 対策").click()
    for label, text in {
        "何を変えますか": "封入の順を一つにする",
        "変更前": "二通り",
        "変更後": "一通り",
        "何を測りますか": "入れちがいの件数",
        "どうなれば効いたと言えますか": "0件",
    }.items():
        at_bobs.get_by_label(label).fill(text)
    at_bobs.get_by_label("担当", exact=True).select_option(str(bob.pk))
    at_bobs.get_by_label("確かめる人").select_option(str(alice.pk))
    at_bobs.get_by_label("期限").fill(timezone.localdate().isoformat())
    at_bobs.get_by_role("button", name="約束する").click()
    at_bobs.get_by_role("link", name="できました").click()
    at_bobs.get_by_label("やったこと").fill("順を決めて貼り出した")
    at_bobs.get_by_role("button", name="できました").click()
    at_alices.goto("/")
    at_alices.get_by_role("link", name="確かめる").first.click()
    at_alices.get_by_label("効いている", exact=True).check()
    at_alices.get_by_label("何を見て、そう判断しましたか").fill("60通で0件")
    at_alices.get_by_role("button", name="結果を記録する").click()
    expect(at_alices.locator("#messages")).to_contain_text("金継ぎになりました")
    at_alices.goto("/")
    assert "金継ぎ済み 1" in at_alices.locator("main").inner_text().replace("\n", " ")


def test_a_draft_survives_a_reload_and_leaves_with_success(bob, team, page_of):
    page = page_of(bob, viewport=PHONE)
    page.goto("/incidents/new/")
    page.get_by_label("何が起きましたか").fill("下書きのまま")
    page.wait_for_timeout(900)
    page.reload()
    assert page.get_by_label("何が起きましたか").input_value() == "下書きのまま"
    page.get_by_role("button", name="記録する", exact=True).click()
    page.wait_for_url("**/incidents/K-*/")
    page.goto("/incidents/new/")
    assert page.get_by_label("何が起きましたか").input_value() == ""
