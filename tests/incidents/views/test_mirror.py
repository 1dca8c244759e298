"""The pages of チャットに写す: a lead connects, tries, stops; a member sees that it is there; nobody sees an address again."""

from __future__ import annotations

import logging

import pytest
from django.urls import reverse

from incidents.domain import reminder
from incidents.enums import MirrorState
from incidents.models import Mirror, MirrorPost
from incidents.tasks import mirror as task
from incidents.views import mirror as views
from tests.chat import PLACES, TOKEN, said
from tests.factories import MirrorFactory
from tests.rows import everything, fresh
from tools.plain.daybrake import DayBrake

pytestmark = pytest.mark.django_db
TYPED = {
    "kind": "webhook",
    "name": "受注課",
    "address": PLACES["webhook"],
    "morning": "on",
    "clock": "on",
    "language": "ja",
}


@pytest.fixture(autouse=True)
def brake(monkeypatch):
    monkeypatch.setattr(views, "BRAKE", DayBrake(most=40))


def connect(client, **typed):
    return client.post(reverse("mirror-new", args=["orders"]), {**TYPED, **typed})


def post(client, name, mirror):
    return client.post(reverse(name, args=[mirror.pk]), follow=True)


def test_from_the_page_to_the_channel(clock, client_of, story, service, settings):
    """The whole way: connected, tried, the morning, the message; its key is shown once and signs it."""
    settings.MAIL_CONFIGURED = False
    clock.to("2026-12-14 15:00")
    client = client_of(story.alice)
    answer = connect(client)
    made = Mirror.objects.get()
    assert made.secret in answer.text
    assert made.address not in answer.text
    assert made.state == MirrorState.NEW
    answer = post(client, "mirror-start", made)
    assert "届きました" in answer.text
    assert (fresh(made).is_on, service.posted[0].json["kind"]) == (True, "test")
    story.promised(due_on=clock.today)
    clock.to("2026-12-15 09:10")
    reminder.write_due_digests()
    task.sweep()
    told = service.posted[1].json
    assert (told["kind"], told["items"][0]["number"]) == ("morning", "K-1")
    shown = client.get(reverse("mirror", args=[made.pk])).text
    assert "12/15 09:10 に写しました" in shown
    ledger = client.get("/incidents/K-1/").text
    assert "チャットにも写しました（12/15 09:10）" in ledger


@pytest.mark.parametrize("kind", PLACES)
def test_no_page_shows_a_secret_again(clock, client_of, alice, service, kind, caplog):
    caplog.set_level(logging.DEBUG)
    client = client_of(alice)
    connect(client, kind=kind, address=PLACES[kind], token=TOKEN)
    made = Mirror.objects.get()
    service.always = said(404)
    pages = [post(client, "mirror-start", made)]
    service.always = said(200)
    pages += [post(client, "mirror-start", made), post(client, "mirror-test", made)]
    pages += [client.get(reverse(name, args=[made.pk])) for name in ("mirror", "mirror-move")]
    pages.append(client.get(reverse("mirror-list")))
    assert fresh(made).is_on
    shown = "".join(page.text for page in pages) + caplog.text
    for secret in ("slackSecretToken", "secret-token", "secret-signature", TOKEN, made.secret or TOKEN, made.address):
        assert secret not in shown
    assert made.tail in pages[3].text
    assert made.host in pages[3].text


def test_new_key_is_shown_once_and_the_old_one_signs_nothing(client_of, alice, team, service):
    made = MirrorFactory(team=team)
    answer = client_of(alice).post(reverse("mirror-key", args=[made.pk]))
    new = fresh(made).secret
    assert new != made.secret
    assert new in answer.text
    assert new not in client_of(alice).get(reverse("mirror", args=[made.pk])).text


def test_what_does_not_arrive_is_said_and_not_switched_on(client_of, alice, team, service):
    made = MirrorFactory(team=team, state="new")
    service.always = said(403)
    answer = post(client_of(alice), "mirror-start", made)
    assert "書き込めない" in answer.text
    assert fresh(made).state == MirrorState.NEW
    service.always = said(200)
    post(client_of(alice), "mirror-start", made)
    assert fresh(made).is_on


def test_test_button_reaches_nothing_inside(client_of, alice, team, service, settings):
    """The hole of others: the page that tries an address forgot the check."""
    settings.EGRESS_ALLOW = []
    for name, state in (("mirror-start", "new"), ("mirror-test", "on")):
        made = MirrorFactory(team=team, state=state)
        assert "インターネットの外" in post(client_of(alice), name, made).text
    assert service.posted == []


def test_trials_have_a_measure(client_of, alice, team, service, monkeypatch):
    monkeypatch.setattr(views, "BRAKE", DayBrake(most=2))
    made = MirrorFactory(team=team)
    for _ in range(2):
        post(client_of(alice), "mirror-test", made)
    assert "もうたくさんためしました" in post(client_of(alice), "mirror-test", made).text
    assert len(service.posted) == 2


@pytest.mark.parametrize(
    ("typed", "said_there"),
    [
        ({"address": "https://10.0.0.1/"}, "インターネットの外"),
        ({"address": "https://localhost/"}, "へは送れません"),
        ({"address": "http://hooks.example.jp/"}, "https://"),
        ({"address": "https://a:b@hooks.example.jp/"}, "利用者名"),
        ({"address": "https://hooks.example.jp:8443/"}, "ポート"),
        ({"address": "https://2130706433/"}, "ホスト名"),
        ({"address": "x" * 2001}, "2000"),
        ({"kind": "slack"}, "選んだサービスのアドレスではありません"),
        ({"kind": "chatwork", "address": "12345"}, "APIトークン"),
        ({"kind": "odd"}, "odd"),
        ({"morning": "", "clock": ""}, "写すものが選ばれていません"),
        ({"name": ""}, "必須"),
    ],
)
def test_bad_input_is_said_and_loses_nothing(client_of, alice, team, typed, said_there):
    client = client_of(alice)
    before = everything()
    answer = connect(client, **typed)
    assert answer.status_code == 200
    assert said_there in answer.text
    if typed.get("name", "x"):
        assert 'value="受注課"' in answer.text
    assert everything() == before


def test_stop_move_and_put_away(client_of, alice, team):
    made = MirrorFactory(team=team)
    client = client_of(alice)
    assert "止めました" in post(client, "mirror-stop", made).text
    moved = client.post(reverse("mirror-move", args=[made.pk]), {"address": "https://hooks.example.jp/in/new-one"})
    assert moved.url == reverse("mirror", args=[made.pk])
    assert (fresh(made).state, fresh(made).tail) == (MirrorState.NEW, "-one")
    assert "片づけました" in post(client, "mirror-away", made).text
    assert (fresh(made).address, fresh(made).secret) == ("", "")
    assert client.get(reverse("mirror", args=[made.pk])).status_code == 404


def test_options_are_saved(client_of, alice, team):
    made = MirrorFactory(team=team)
    client_of(alice).post(
        reverse("mirror", args=[made.pk]), {"name": "夜間", "clock": "on", "titles": "on", "language": "en"}
    )
    made = fresh(made)
    assert (made.name, made.morning, made.clock, made.titles, made.language) == ("夜間", False, True, True, "en")


def test_member_sees_that_it_is_there_and_no_more(client_of, bob, vera, team):
    made = MirrorFactory(team=team)
    for person in (bob, vera):
        client = client_of(person)
        shown = client.get(reverse("mirror-list")).text
        assert made.name in shown
        assert "朝のお知らせ、一次報告の時計" in shown
        for hidden in (made.host, made.tail, reverse("mirror", args=[made.pk]), reverse("mirror-new", args=["orders"])):
            assert hidden not in shown
        assert client.get(reverse("mirror", args=[made.pk])).status_code == 403
        assert connect(client).status_code == 403


def test_stranger_meets_nothing(client_of, carol, admin, team):
    made = MirrorFactory(team=team)
    clients = [client_of(person) for person in (carol, admin)]
    before = everything()
    for client in clients:
        assert made.name not in client.get(reverse("mirror-list")).text
        for name in (
            "mirror",
            "mirror-start",
            "mirror-test",
            "mirror-stop",
            "mirror-move",
            "mirror-key",
            "mirror-away",
        ):
            path = reverse(name, args=[made.pk])
            assert {client.get(path).status_code, client.post(path).status_code} == {404}
        assert connect(client).status_code == 404
    assert everything() == before


def test_page_costs_the_same_for_one_team_and_for_many_channels(client_of, alice, team, django_assert_max_num_queries):
    client = client_of(alice)
    MirrorFactory.create_batch(9, team=team)
    with django_assert_max_num_queries(8):
        client.get(reverse("mirror-list"))


def test_ledger_says_again_and_planned(clock, client_of, story, team, service, settings):
    settings.MAIL_CONFIGURED = False
    MirrorFactory(team=team)
    service.answers = [said(500)]
    story.promised(due_on=clock.today)
    clock.to("2026-11-25 09:10")
    reminder.write_due_digests()
    mirrors = MirrorPost.objects
    task.mirroring.write_due_mornings()
    if mirrors.count() == 0:
        pytest.fail("nothing was due")
    page = client_of(story.bob).get("/incidents/K-1/").text
    assert "チャットにも写す予定です" in page
    task.run()
    page = client_of(story.bob).get("/incidents/K-1/").text
    assert "チャットへの再送を待っています（1回ためしました）" in page
