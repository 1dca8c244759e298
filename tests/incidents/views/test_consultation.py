"""The pages of 相談: who reads is said before anything is written, and everybody else is told that there is nothing."""

from __future__ import annotations

import re
from datetime import date
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.domain import adviser, consultation
from incidents.models import AuditEntry, Consultation, ConsultationNote
from incidents.queries import sealed
from tests.factories import PersonFactory
from tools.plain import sealed as plain

pytestmark = pytest.mark.django_db
WORDS = "夜、眠れない日が続いています。"
BOX, NEW = "/private/", "/private/new/"


@pytest.fixture
def thread(alice, bob):
    return consultation.begin(by=bob, adviser=alice, text=WORDS, named=False, reply_by=None)


def address(thread, end=""):
    return reverse("consultation", args=[thread.pk]) + end


def without_chance(answer, pk) -> str:
    """The page without what is another one each time: its tokens, and the key that was asked for."""
    page = answer.content.decode().replace(str(pk), "")
    return re.sub(r'"X-CSRFToken": "\w+"|csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"', "", page)


def test_the_way_from_the_frame_to_a_thread(client_of, alice, bob):
    client = client_of(bob)
    assert f'href="{BOX}"' in client.get("/").content.decode()
    assert f'href="{NEW}"' in client.get(BOX).content.decode()
    assert "佐藤 美咲（受注課）" in client.get(NEW).content.decode()

    written_on = client.post(NEW, {"adviser": alice.pk}).content.decode()
    before_the_field = written_on.partition("<textarea")[0]
    assert "読めるのは、あなた（鈴木 健太）と 佐藤 美咲さんの二人だけです。" in before_the_field
    assert "データベースと鍵の両方を持つ人" in before_the_field
    assert "data-draft" not in written_on.partition("<main")[2]
    assert not Consultation.objects.exists()

    answer = client.post(NEW, {"adviser": alice.pk, "named": "no", "text": WORDS, "reply_by": ""}, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain[0][0] == address(Consultation.objects.get())
    assert WORDS in page
    assert "相手の画面に、あなたの名前は出ていません。" in page


def test_the_adviser_reads_answers_and_is_shown_no_name(client_of, alice, bob, thread):
    client = client_of(alice)
    assert "お名前を出していない方からの相談" in client.get(BOX).content.decode()
    page = client.get(address(thread)).content.decode()
    assert WORDS in page
    assert "鈴木" not in page
    assert client.post(address(thread), {"text": "話してくれてありがとうございます。"}).status_code == 302
    assert "ありがとうございます。" in client_of(bob).get(address(thread)).content.decode()
    assert client.post(address(thread, "day/"), {"on": "2099-12-01"}).status_code == 302
    assert Consultation.objects.get().reply_due_on == date(2099, 12, 1)


def test_a_name_is_shown_to_the_adviser_when_the_author_gave_it(client_of, alice, bob):
    thread = consultation.begin(by=bob, adviser=alice, text=WORDS, named=True)
    client = client_of(alice)
    assert "鈴木 健太さんからの相談" in client.get(BOX).content.decode()
    assert "鈴木 健太さんからの相談" in client.get(address(thread)).content.decode()


@pytest.mark.parametrize("end", ["", "day/", "person/", "close/"])
@pytest.mark.parametrize("who", ["vera", "carol", "admin"])
def test_everybody_else_is_told_what_is_told_of_no_thread(client_of, thread, who, end, request):
    client = client_of(request.getfixturevalue(who))
    nothing = reverse("consultation", args=[uuid4()])
    for method in (client.get, client.post):
        real, none = method(address(thread, end)), method(nothing + end)
        assert (real.status_code, none.status_code) == (404, 404)
        assert without_chance(real, thread.pk) == without_chance(none, nothing[9:-1])
    assert ConsultationNote.objects.count() == 1


def test_somebody_signed_out_is_led_to_the_sign_in(client_of, dave, thread):
    for place in (BOX, NEW, address(thread)):
        assert client_of(dave).get(place).url.startswith("/account/login/")


def test_each_of_the_two_does_what_is_theirs(client_of, alice, bob, thread):
    assert client_of(alice).get(address(thread, "person/")).status_code == 403
    assert client_of(bob).get(address(thread, "day/")).status_code == 403


def test_the_author_chooses_anew_sees_who_could_read_and_ends_it(client_of, alice, bob, team, admin, thread):
    dan = PersonFactory(name="山田 律子")
    adviser.set_adviser(by=admin, person=dan)
    client = client_of(bob)
    page = client.get(address(thread, "person/")).content.decode()
    assert "佐藤 美咲さんは、その時から読めなくなります。" in page
    client.post(address(thread, "person/"), {"adviser": dan.pk})
    assert client_of(alice).get(address(thread)).status_code == 404
    grants = client.get(address(thread)).content.decode().partition("読めた人")[2]
    assert grants.index("佐藤 美咲") < grants.index("山田 律子")
    client.post(address(thread, "close/"))
    assert "に終わりました" in client_of(dan).get(address(thread)).content.decode()
    assert client.get(address(thread, "close/")).url == address(thread)


def test_a_refusal_keeps_what_was_typed(client_of, alice, bob):
    page = client_of(bob).post(NEW, {"adviser": alice.pk, "named": "no", "text": WORDS, "reply_by": "2020-01-01"})
    assert WORDS in page.content.decode()
    assert "過ぎた日です。" in page.content.decode()
    assert not Consultation.objects.exists()


def test_without_anybody_to_choose_the_page_says_what_to_do(client_of, carol):
    assert "いま、相談を受ける人が登録されていません。" in client_of(carol).get(NEW).content.decode()


def test_the_places_to_talk_say_whether_somebody_has_checked_them(client_of, bob):
    page = client_of(bob).get(BOX).content.decode()
    for number in ("0120-565-455", "0120-279-338", "0120-783-556", "0570-003-110", "0570-078374"):
        assert number in page
    assert "まだ確かめていません" in page


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("words", "だれかが手を加えたか、壊れています。"),
        ("author", "だれかが手を加えたか、壊れています。"),
        ("key", "書いたときの鍵が、サーバーにありません。"),
    ],
)
def test_what_does_not_open_is_a_calm_page_and_leaves_a_trace(client_of, settings, alice, bob, spoil, said):
    thread = consultation.begin(by=bob, adviser=alice, text=WORDS, named=True)
    client = client_of(alice)
    if spoil == "words":
        ConsultationNote.objects.update(body_sealed=b"\x01" + b"x" * 60)
    elif spoil == "author":
        other = consultation.begin(by=bob, adviser=alice, text="x", named=True)
        other.refresh_from_db()
        Consultation.objects.filter(pk=thread.pk).update(author_sealed=other.author_sealed)
    else:
        settings.CONSULT_KEY_FALLBACKS = [settings.CONSULT_KEY]
        settings.CONSULT_KEY = plain.new_key()
        name = sealed.key_name()
        note = ConsultationNote.objects.get()
        bad = bytearray(note.body_sealed)
        bad[1:5] = bytes(4)
        ConsultationNote.objects.update(body_sealed=bytes(bad), sealed_with=name)
    answer = client.get(address(thread))
    if spoil == "words":
        said = "書いたときの鍵が、サーバーにありません。"  # what stands there now names no key that is known
    assert answer.status_code == 409
    assert said in answer.content.decode()
    assert client.get(BOX).status_code == 200
    trace = AuditEntry.objects.get(verb="consultation.unreadable")
    assert (trace.actor_id, trace.target_id) == (None, None)


def test_an_edited_ciphertext_is_said_to_be_changed(client_of, alice, bob, thread):
    note = ConsultationNote.objects.get()
    bad = bytearray(note.body_sealed)
    bad[-1] ^= 1
    ConsultationNote.objects.update(body_sealed=bytes(bad))
    answer = client_of(bob).get(address(thread))
    assert answer.status_code == 409
    assert "だれかが手を加えたか、壊れています。" in answer.content.decode()


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_the_box_costs_the_same_for_one_thread_and_for_many(client_of, alice, bob, who, request):
    person = request.getfixturevalue(who)
    client = client_of(person)
    costs = []
    for rows in (1, 2, 30):
        for _more in range(rows):
            consultation.begin(by=bob, adviser=alice, text=WORDS, named=True)
        client.get(BOX)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            client.get(BOX)
        costs.append(len(caught))
    assert len(set(costs)) == 1, costs
