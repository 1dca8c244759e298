"""The guard of the sign-in as a person meets it: by the pages, never by force_login."""

from __future__ import annotations

import base64
import json
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from incidents.domain import factor, session
from incidents.models import AuditEntry, Letter, Organisation, SignedIn
from incidents.queries import factor as factors
from tools.plain import totp

PASSWORD = "urushi-to-kin-2026"
LOGIN = "/account/login/"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


@pytest.fixture
def password(alice, admin, bob, vera):
    for one in (alice, admin, bob, vera):
        one.set_password(PASSWORD)
        one.save()


def signs_in(person, *, remember=False, client=None, address="", **more):
    client = client or Client(headers={"user-agent": CHROME})
    form = {"login": address or person.email, "password": PASSWORD, **({"remember": "on"} if remember else {}), **more}
    client.answer = client.post(LOGIN, form)
    return client


def with_app(person) -> str:
    """Gives the person an app, as the page does; returns its secret."""
    secret = totp.new_secret()
    code = totp.code_at(secret, int(time.time()) // 30)
    factor.add_app(person, by=person, stored=factor.seal(person, secret), code=code)
    return secret


def code_now(secret: str) -> str:
    return totp.code_at(secret, int(time.time()) // 30)


def is_in(client) -> bool:
    return client.get("/preferences/").status_code == 200


# The app -------------------------------------------------------------------------------------------


def test_an_administrator_sets_up_an_app_before_anything_else(admin, password):
    client = signs_in(admin)
    for page in ("/", "/incidents/", "/console/", "/console/incidents/person/", "/preferences/"):
        assert client.get(page)["Location"] == "/preferences/sign-in/", page
    assert client.post("/console/incidents/person/add/", {})["Location"] == "/preferences/sign-in/"
    assert "あなたの役割では" in client.get("/preferences/sign-in/").content.decode()
    page = client.get("/preferences/sign-in/app/").content.decode()
    secret = re.search(r'<code class="num">([A-Z2-7 ]+)</code>', page)[1].replace(" ", "")
    assert client.post("/preferences/sign-in/app/", {"code": "000000"}).status_code == 200
    before = client.session.session_key
    shown = client.post("/preferences/sign-in/app/", {"code": code_now(secret)}).content.decode()
    assert len(re.findall(r"^(?:.*>)?[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", shown, re.MULTILINE)) == 10
    assert client.session.session_key != before, "the key of the session is a new one"
    assert client.get("/console/incidents/person/").status_code == 200
    assert AuditEntry.objects.filter(verb="factor.added", actor_id=admin.pk).count() == 1
    assert Letter.objects.get(recipient=admin).subject == "サインインの守りが変わりました"


def test_the_code_of_the_app_is_asked_and_serves_once(bob, password, clock):
    secret = with_app(bob)
    client = signs_in(bob)
    assert client.answer["Location"] == "/account/factor/authenticate/"
    assert not is_in(client), "a password alone is nobody"
    assert "確かめられませんでした" in client.post(client.answer["Location"], {"code": "123456"}).content.decode()
    used = code_now(secret)
    assert "確かめられませんでした" in client.post(client.answer["Location"], {"code": used}).content.decode(), (
        "the code of the set-up does not serve again"
    )
    clock.forward(seconds=30)
    code = code_now(secret)
    assert client.post(client.answer["Location"], {"code": code})["Location"] == "/"
    assert is_in(client)
    other = signs_in(bob)
    other.post(other.answer["Location"], {"code": code})
    assert not is_in(other), "what somebody read over the shoulder is worth nothing"


def test_a_recovery_code_serves_once_and_its_owner_hears_of_it(bob, password):
    secret = with_app(bob)
    codes = factor.make_codes(bob, by=bob)
    stored = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)
    client = signs_in(bob)
    assert client.post(client.answer["Location"], {"code": codes[3].lower()})["Location"] == "/"
    assert factors.codes_left(bob) == 9
    assert "残りは 9 個" in Letter.objects.first().text
    again = signs_in(bob)
    again.post(again.answer["Location"], {"code": codes[3]})
    assert not is_in(again)


def test_secrets_open_for_their_owner_alone_and_with_an_earlier_key(bob, alice, settings):
    stored = factor.seal(bob, "ABCDEFGH")
    with pytest.raises(factor.sealed.NotOpened):
        factor.unseal(alice, stored)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another-key-" * 6
    assert factor.unseal(bob, stored) == "ABCDEFGH"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(factor.sealed.NotOpened):
        factor.unseal(bob, stored)


def test_a_changed_secret_key_keeps_apps_and_codes_working(bob, password, settings, clock):
    secret = with_app(bob)
    codes = factor.make_codes(bob, by=bob)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another-key-" * 6
    clock.forward(seconds=60)
    assert factor.use_code(bob, code_now(secret)) is not None
    assert factor.use_code(bob, codes[0]) is not None
    settings.SECRET_KEY_FALLBACKS = []
    clock.forward(seconds=60)
    assert factor.use_code(bob, code_now(secret)) is not None, "it was sealed anew when it was used"


def test_the_last_factor_of_somebody_who_needs_one_stays(admin, bob, password, client_of):
    with_app(admin), with_app(bob)
    one = factors.factors_of(admin)[0]
    page = client_of(admin).post(f"/preferences/sign-in/{one.pk}/remove/", follow=True).content.decode()
    assert "二つめの確認が必要です" in page
    assert factors.has_factor(admin)
    mine = factors.factors_of(bob)[0]
    assert client_of(admin).post(f"/preferences/sign-in/{mine.pk}/remove/").status_code == 404
    client_of(bob).post(f"/preferences/sign-in/{mine.pk}/remove/")
    assert Authenticator.objects.filter(user=bob).count() == 0, "its recovery codes went with it"


def test_roles_for_which_the_house_asks_a_factor(alice, bob, vera, password):
    Organisation.objects.update(factor_for_leads=True, factor_for_viewers=True)
    assert [factors.needs_factor(one) for one in (alice, bob, vera)] == [True, False, True]
    assert signs_in(alice).get("/")["Location"] == "/preferences/sign-in/"
    assert signs_in(bob).get("/").status_code == 200


def test_an_administrator_takes_the_lost_factors_of_somebody_away(admin, bob, password, client_of):
    with_app(bob)
    inside = client_of(bob)
    inside.get("/")
    session.note(bob, key=inside.session.session_key, device="x", known_as=None)
    url = reverse("admin:incidents_person_changelist")
    form = {"action": "reset_factors", "_selected_action": [bob.pk], "confirmed": "1", "reason": "電話をなくした"}
    client_of(admin).post(url, form)
    assert not factors.has_factor(bob)
    assert inside.get("/").status_code == 302
    entry = AuditEntry.objects.get(verb="factor.reset")
    assert (entry.actor_id, entry.target_id, entry.reason) == (admin.pk, bob.pk, "電話をなくした")
    client_of(admin).post(url, form | {"_selected_action": [admin.pk]})
    assert AuditEntry.objects.filter(verb="factor.reset").count() == 1, "nobody does it for themselves"


# Sessions ------------------------------------------------------------------------------------------


def test_a_session_that_is_left_alone_ends(bob, password, clock):
    client = signs_in(bob)
    clock.forward(minutes=50)
    assert is_in(client)
    clock.forward(minutes=50)
    client.get("/clocks/")  # what the page asks by itself
    clock.forward(minutes=11)
    assert not is_in(client)
    assert SignedIn.objects.count() == 0


def test_a_session_ends_after_twelve_hours_of_work(bob, password, clock):
    client = signs_in(bob)
    for _half_hour in range(23):
        clock.forward(minutes=30)
        assert is_in(client)
    clock.forward(minutes=31)
    assert not is_in(client)


def test_a_remembered_one_lasts_seven_days_from_the_sign_in_on(bob, password, clock):
    client = signs_in(bob, remember=True)
    for _day in range(7):
        clock.forward(hours=23, minutes=59)
        assert is_in(client)
    clock.forward(minutes=8)
    assert not is_in(client)


def test_ended_sessions_are_nobody_at_the_next_request(bob, password):
    here, there, third = signs_in(bob), signs_in(bob), signs_in(bob)
    for one in (here, there, third):
        assert is_in(one)
    page = here.get("/preferences/sign-in/").content.decode()
    assert page.count("Chrome / Windows") >= 3
    assert page.count("この端末</span>") == 1
    row = SignedIn.objects.get(session_key=there.session.session_key)
    here.post(f"/preferences/sign-in/devices/{row.pk}/end/")
    assert [is_in(one) for one in (here, there, third)] == [True, False, True]
    here.post("/preferences/sign-in/devices/end/")
    assert [is_in(one) for one in (here, third)] == [True, False]
    assert AuditEntry.objects.filter(verb="session.ended").count() == 2


def test_nobody_ends_somebody_elses_session(alice, bob, password):
    theirs, mine = signs_in(alice), signs_in(bob)
    row = SignedIn.objects.get(person=alice)
    assert mine.post(f"/preferences/sign-in/devices/{row.pk}/end/").status_code == 404
    assert is_in(theirs)


def test_the_key_of_a_session_is_a_new_one_after_the_sign_in(bob, password):
    client = Client()
    kept = client.session
    kept["planted"] = True
    kept.save()
    client.cookies["ushiro_sid"] = planted = kept.session_key
    signs_in(bob, client=client)
    assert is_in(client)
    assert client.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()


@pytest.mark.parametrize("change", [{"is_admin": True}, {"is_active": False}, {"email": "new@example.jp"}])
def test_another_standing_ends_every_session(admin, bob, password, client_of, change):
    from incidents.domain import person

    client = signs_in(bob)
    assert is_in(client)
    person.edit_person(bob, by=admin, **change)
    assert not is_in(client)


# Once more -----------------------------------------------------------------------------------------


def test_an_export_asks_once_more_after_a_quarter_of_an_hour(alice, password, clock):
    client = signs_in(alice)
    assert client.get("/incidents/csv/").status_code == 200
    clock.forward(minutes=16)
    asked = client.get("/incidents/csv/?q=x")
    assert asked["Location"] == "/account/reauthenticate/?next=%2Fincidents%2Fcsv%2F%3Fq%3Dx"
    assert client.post(asked["Location"], {"password": "wrong"}).status_code == 200
    assert client.get("/incidents/csv/").status_code == 302
    answer = client.post(asked["Location"], {"password": PASSWORD, "next": "/incidents/csv/?q=x"})
    assert answer["Location"] == "/incidents/csv/?q=x"
    assert client.get("/incidents/csv/").status_code == 200


def test_what_was_typed_in_the_console_is_done_after_the_proof(admin, password, clock):
    secret = with_app(admin)
    clock.forward(seconds=60)
    client = signs_in(admin)
    client.post(client.answer["Location"], {"code": code_now(secret)})
    clock.forward(minutes=16)
    url = "/console/incidents/team/add/"
    asked = client.post(url, {"name": "新しい課", "slug": "new", "first_report_minutes": ""})
    assert asked["Location"].startswith("/account/factor/reauthenticate/?next=")
    client.post("/account/factor/reauthenticate/", {"code": code_now(secret), "next": url})
    assert AuditEntry.objects.filter(verb="team.created", actor_id=admin.pk).count() == 1


def test_keys_ask_once_more(bob, password, clock):
    client = signs_in(bob)
    clock.forward(minutes=16)
    assert client.post("/preferences/calendar/")["Location"].startswith("/account/reauthenticate/")
    assert client.get("/preferences/sign-in/app/")["Location"].startswith("/account/reauthenticate/")


# Limits --------------------------------------------------------------------------------------------


@pytest.fixture
def limits(settings):
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/300s/key", "reset_password": "20/m/ip"}


def tries(address, *, from_=None, password="wrong", **more):
    client = Client(REMOTE_ADDR=from_ or "203.0.113.7")
    return client.post(LOGIN, {"login": address, "password": password}, **more)


def test_tries_are_limited_however_the_address_is_written(bob, password, limits):
    spellings = ["bob@example.jp", "BOB@example.jp", "Bob@Example.JP", " bob@example.jp ", "bob@EXAMPLE.jp"]
    for one in spellings:
        assert "合いません" in tries(one).content.decode()
    assert "しばらく受けつけません" in tries("bOb@example.jp", password=PASSWORD).content.decode()


def test_whoever_tries_from_elsewhere_locks_nobody_out(bob, password, limits):
    for _try in range(8):
        tries("bob@example.jp", from_="198.51.100.9")
    assert tries("bob@example.jp", from_="203.0.113.7", password=PASSWORD).status_code == 302


def test_the_console_has_no_door_of_its_own(admin, password, limits):
    found = Client().post("/console/login/?next=/console/", {"username": admin.email, "password": PASSWORD})
    assert found["Location"] == "/account/login/?next=/console/"
    for _try in range(5):
        tries("admin@example.jp")
    assert "しばらく受けつけません" in tries("admin@example.jp", password=PASSWORD).content.decode()
    before = Client(REMOTE_ADDR="203.0.113.7").post(
        "/console/login/", {"username": "admin@example.jp", "password": PASSWORD}
    )
    assert before.status_code == 302
    assert "sessionid" not in before.cookies


@pytest.mark.parametrize(
    ("proxies", "told", "found"),
    [
        (0, "1.2.3.4", "203.0.113.7"),
        (1, "1.2.3.4", "1.2.3.4"),
        (1, "9.9.9.9, 1.2.3.4", "1.2.3.4"),
        (2, "9.9.9.9, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
        (2, "1.2.3.4", "203.0.113.7"),
        (1, "<script>", "0.0.0.0"),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_whose_address_counts(rf, settings, proxies, told, found):
    from incidents.views.account import AccountAdapter

    settings.TRUSTED_PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR="203.0.113.7", headers={"X-Forwarded-For": told})
    assert AccountAdapter(request).get_client_ip(request) == found


def test_a_mailbox_is_not_filled_by_wishes_for_a_password(bob):
    for _wish in range(9):
        assert Client().post("/account/password/reset/", {"email": "bob@example.jp"}).status_code == 302
    assert Letter.objects.filter(recipient=bob).count() == 5


# Open redirects ------------------------------------------------------------------------------------

ELSEWHERE = [
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\/evil.example", "\\\\evil.example",
    "http://evil.example", "https://evil.example", "https:evil.example", "http:evil.example", "https:/evil.example",
    "http:///evil.example", "https:////evil.example", "HTTPS://evil.example", "hTTp://evil.example", "ftp://evil.example",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript://%0aalert(1)", "data:text/html,x", "vbscript:x", "blob:x",
    "//evil.example/%2f..", "/%09/evil.example", "/\t/evil.example", "\t//evil.example", "\n//evil.example",
    "/\n/evil.example", "/\r/evil.example", "%09//evil.example", " //evil.example", "\x00//evil.example", "\x01//evil.example",
    "//evil。example", "//evil．example", "https://evil。example", "//evil.example@testserver", "//testserver@evil.example",
    "https://testserver@evil.example", "https://testserver.evil.example", "https://testserver%40evil.example",
    "//testserver.evil.example", "http://[::1", "http://[", "//[", "https://[::ffff:1.2.3.4]/", "//127.0.0.1", "//2130706433",
    "//0x7f.1", "mailto:a@evil.example", "tel:1", "evil.example", "www.evil.example", "./evil", "../evil", "?next=//evil.example",
    "#//evil.example", "/\\/evil.example", "/\\\\evil.example", "\u2028//evil.example", "／／evil.example", "//evil.example:443",
]  # fmt: skip


def test_the_list_is_long_enough():
    assert len(set(ELSEWHERE)) >= 60


@pytest.mark.parametrize("way", ["login", "code", "again"])
def test_no_sign_in_leads_out_of_the_house(bob, password, way, clock):
    secret = with_app(bob) if way == "code" else ""
    for number, place in enumerate(ELSEWHERE):
        cache.clear()
        client = signs_in(bob, next=place)
        if way == "code":
            clock.forward(seconds=60)
            answer = client.post(client.answer["Location"], {"code": code_now(secret), "next": place})
        elif way == "again":
            answer = client.post("/account/reauthenticate/", {"password": PASSWORD, "next": place})
        else:
            answer = client.answer
        led_to = answer["Location"]
        assert answer.status_code == 302, (number, place)
        # "/%09/evil.example" is a page of this house, which is not there.
        assert led_to == "/" or re.fullmatch(r"/[\w.%-][\w./%-]*", led_to, re.ASCII), (number, place, led_to)


def test_the_qr_code_is_an_image_of_this_page(bob, client_of):
    page = client_of(bob).get("/preferences/sign-in/app/").content.decode()
    image = base64.b64decode(re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page)[1])
    assert image.startswith(b"<?xml")
