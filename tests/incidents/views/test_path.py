"""The pages of the path as each person meets them, with and without htmx."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.domain import countermeasure, reminder, setup
from incidents.domain import incident as verbs
from incidents.enums import MeasureStatus, Stage
from incidents.letters import links
from incidents.models import AuditEntry, Countermeasure, Incident, Letter, Person, TimelineEntry, Why
from tests.factories import MembershipFactory, PersonFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def report_form(team, **more):
    return {
        "title": "請求書を別のお客様へ送った",
        "noticed_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M"),
        "who_waits": "青空物産",
        "team": team.slug,
    } | more


def measure_form(story, known, **more):
    due = timezone.localdate() + timedelta(days=10)
    return {
        "title": "宛先と社名を突き合わせる",
        "root": known.root.pk,
        "before": "目で見て送る",
        "after": "社名が違うと送れない",
        "strength": "4",
        "kind": "corrective",
        "owner": story.bob.pk,
        "due_on": due.isoformat(),
        "check_what": "誤送信の件数",
        "check_threshold": "0件",
        "checker": story.alice.pk,
    } | more


def test_three_fields_record_a_crack_and_start_the_clock(client_of, bob, team):
    answer = client_of(bob).post("/incidents/new/", report_form(team))
    incident = Incident.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/incidents/{incident.reference}/")
    assert (incident.stage, incident.owner, incident.clock_is_running) == (Stage.RECORDED, bob, True)
    assert "一次報告まで" in client_of(bob).get(answer["Location"]).content.decode()


def test_form_whose_answer_was_lost_is_answered_again(client_of, bob, team):
    form = report_form(team)
    answers = [client_of(bob).post("/incidents/new/", form)["Location"] for _ in range(2)]
    assert answers == [f"/incidents/{Incident.objects.get().reference}/"] * 2


def test_form_of_an_ended_session_goes_to_the_sign_in_and_back_to_its_page(client_of, dave, crack):
    path = crack.get_absolute_url()
    answer = client_of(dave).post(
        f"{path}whys/", {"text": "x"}, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{path}?a=1"}
    )
    assert (answer.status_code, answer["HX-Redirect"], answer.content) == (
        204,
        f"/account/login/?next={path}%3Fa%3D1",
        b"",
    )
    elsewhere = {"HX-Request": "true", "HX-Current-URL": "https://elsewhere.example/"}
    answer = client_of(dave).post(f"{path}whys/", {"text": "x"}, headers=elsewhere)
    assert answer["HX-Redirect"] == f"/account/login/?next={path}whys/"


def test_bad_input_says_what_to_do_and_loses_nothing(client_of, bob, team):
    tomorrow = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    answer = client_of(bob).post("/incidents/new/", report_form(team, noticed_at=tomorrow))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "気づいた時刻が未来になっています。今日の日付と時刻を確かめてください。" in page
    assert "請求書を別のお客様へ送った" in page and tomorrow in page and "青空物産" in page
    assert Incident.objects.count() == 0


@pytest.mark.parametrize(
    "garbage",
    [
        {"title": ""},
        {"noticed_at": "きのう"},
        {"team": "no-such"},
        {"title": "x" * 201},
        {"title": "\x00\u200b"},
        {"kind": "war"},
    ],
)
def test_garbage_in_the_three_fields_is_answered_with_the_form(client_of, bob, team, garbage):
    answer = client_of(bob).post("/incidents/new/", report_form(team) | garbage)
    assert (answer.status_code, Incident.objects.count()) == (200, 0)


def test_nobody_records_for_a_team_that_is_not_theirs(client_of, bob, team, other_team):
    answer = client_of(bob).post("/incidents/new/", report_form(other_team))
    assert (answer.status_code, Incident.objects.count()) == (200, 0)


def test_a_viewer_reads_and_is_told_why_not_more(client_of, vera, crack):
    client = client_of(vera)
    page = client.get(crack.get_absolute_url())
    assert page.status_code == 200 and "なぜを足す" not in page.content.decode()
    refused = client.post(f"/incidents/{crack.reference}/whys/", {"text": "x"})
    assert refused.status_code == 403
    assert "閲覧の役割では変更できません。" in refused.content.decode()
    assert Why.objects.count() == 0


def test_a_stranger_meets_the_same_page_as_for_a_number_that_does_not_exist(client_of, carol, crack):
    client = client_of(carol)
    there, nowhere = client.get(crack.get_absolute_url()), client.get("/incidents/K-999999/")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    changing = re.compile(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+|nonce="[^"]+"')
    bodies = [changing.sub("", answer.content.decode()) for answer in (there, nowhere)]
    assert bodies[0].replace(crack.get_absolute_url(), "") == bodies[1].replace("/incidents/K-999999/", "")


def test_why_and_root_by_htmx_bring_the_body_with_the_moved_stage(client_of, bob, story):
    incident = story.reported()
    client = client_of(bob)
    answer = client.post(
        f"/incidents/{incident.reference}/whys/", {"text": "目だけで見ている", "track": "occurrence"}, headers=HTMX
    )
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "目だけで見ている" in page and "<html" not in page
    why = Why.objects.get()
    answer = client.post(f"/whys/{why.pk}/root-cause/", {"factor": "procedure"}, headers=HTMX)
    assert "真因（手順）" in answer.content.decode()
    incident.refresh_from_db()
    assert incident.stage == Stage.CAUSE_KNOWN


def test_without_htmx_the_same_step_leads_back_to_its_place(client_of, bob, story):
    incident = story.reported()
    answer = client_of(bob).post(f"/incidents/{incident.reference}/whys/", {"text": "目だけ", "track": "occurrence"})
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"/incidents/{incident.reference}/?under={Why.objects.get().pk}#why-add",
    )


def test_an_empty_why_comes_back_open_with_its_error(client_of, bob, story):
    incident = story.reported()
    answer = client_of(bob).post(
        f"/incidents/{incident.reference}/whys/", {"text": "", "track": "occurrence", "evidence": "ログ 12 行"}
    )
    assert answer.status_code == 200
    assert "ログ 12 行" in answer.content.decode()


def test_a_promise_without_a_checker_is_refused_with_the_way_to_mend_it(client_of, bob, story):
    known = story.with_root()
    answer = client_of(bob).post(
        f"/incidents/{known.incident.reference}/measures/new/", measure_form(story, known, checker="", commit="1")
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "確かめる人が決まっていません。担当ではない方を一人選んでください。" in page
    assert "宛先と社名を突き合わせる" in page
    assert Countermeasure.objects.count() == 0


def test_the_same_form_keeps_an_idea_that_is_not_complete(client_of, bob, story):
    known = story.with_root()
    client_of(bob).post(
        f"/incidents/{known.incident.reference}/measures/new/",
        measure_form(story, known, checker="", owner="", due_on="", keep="1"),
    )
    assert Countermeasure.objects.get().status == MeasureStatus.PROPOSED


def test_promise_sets_the_check_a_window_after_the_due_date(client_of, bob, story):
    known = story.with_root()
    client_of(bob).post(f"/incidents/{known.incident.reference}/measures/new/", measure_form(story, known, commit="1"))
    measure = Countermeasure.objects.get()
    assert measure.status == MeasureStatus.COMMITTED
    assert (measure.checks.get().check_on - measure.due_on).days == 90  # S2
    known.incident.refresh_from_db()
    assert known.incident.stage == Stage.MEASURES_COMMITTED


def test_weak_measures_alone_need_a_lead_and_a_reason(client_of, alice, bob, story):
    known = story.with_root()
    url = f"/incidents/{known.incident.reference}/measures/new/"
    weak = measure_form(story, known, strength="1", commit="1")
    assert "だけでは未対策です" in client_of(bob).post(url, weak).content.decode()
    assert client_of(bob).post(url, weak | {"weak_reason": "急ぎ"}).status_code == 200
    assert Countermeasure.objects.count() == 0
    client_of(alice).post(url, weak | {"weak_reason": "来月の入れ替えまで"})
    page = client_of(bob).get(known.incident.get_absolute_url()).content.decode()
    assert "未対策" in page and "来月の入れ替えまで" in page


def test_done_needs_evidence_or_a_note(client_of, bob, story):
    measure = story.promised()
    client = client_of(bob)
    answer = client.post(f"/measures/{measure.pk}/done/", {"note": "", "evidence": ""})
    assert (answer.status_code, "実施の証拠かひとことが要ります。" in answer.content.decode()) == (200, True)
    assert client.post(f"/measures/{measure.pk}/done/", {"evidence": "javascript:alert(1)"}).status_code == 200
    client.post(f"/measures/{measure.pk}/done/", {"note": "入れました"})
    measure.refresh_from_db()
    assert (measure.status, measure.done_by) == (MeasureStatus.DONE, bob)


def test_the_owner_cannot_prove_their_own_measure(client_of, alice, bob, story):
    measure = story.done()
    check = measure.checks.get()
    seen = {"outcome": "effective", "note": "214件で0件"}
    answer = client_of(bob).post(f"/checks/{check.pk}/", seen)
    assert "ご自身が担当した対策は、ご自身では確かめられません。" in answer.content.decode()
    answer = client_of(alice).post(f"/checks/{check.pk}/", seen, follow=True)
    assert "金継ぎになりました。対策と、確かめた効き目は、この記録に残ります。" in answer.content.decode()
    measure.incident.refresh_from_db()
    assert measure.incident.stage == Stage.MENDED


def test_somebody_else_can_take_the_check_over_but_never_the_owner(client_of, alice, bob, story, team):
    measure = story.done()
    check = measure.checks.get()
    eve = PersonFactory(name="山口 涼")
    MembershipFactory(person=eve, team=team, role="member")
    refused = client_of(alice).post(f"/checks/{check.pk}/hand-over/", {"checker": bob.pk})
    assert "担当と確かめる人が同じです。" in refused.content.decode()
    client_of(alice).post(f"/checks/{check.pk}/hand-over/", {"checker": eve.pk})
    check.refresh_from_db()
    assert (check.checker, check.follow_up.owner, check.follow_up.due_version) == (eve, eve, 2)
    told = check.follow_up.deliveries.filter(state="pending", step="d0").values_list("recipient", flat=True)
    assert list(told) == [eve.pk]


def test_gold_in_the_bowl_appears_with_the_proof_and_not_before(client_of, alice, story):
    measure = story.done()
    client = client_of(alice)
    assert "金継ぎ済み 0" in client.get("/").content.decode()
    client.post(f"/checks/{measure.checks.get().pk}/", {"outcome": "effective", "note": "0件"})
    assert "金継ぎ済み 1" in client.get("/").content.decode()


def test_ineffective_reopens_the_cause_and_keeps_the_story(client_of, alice, story):
    measure = story.done()
    answer = client_of(alice).post(
        f"/checks/{measure.checks.get().pk}/", {"outcome": "ineffective", "note": "また2件"}, follow=True
    )
    page = answer.content.decode()
    assert "対策が効かなかったので見直しています" in page and "また2件" in page
    measure.incident.refresh_from_db()
    assert measure.incident.stage == Stage.FIRST_REPORTED


def test_other_end_asks_for_a_reason_and_can_be_opened_again(client_of, bob, story):
    incident = story.reported()
    client = client_of(bob)
    assert (
        client.post(f"/incidents/{incident.reference}/end/", {"end": "repaired_only", "reason": ""}).status_code == 200
    )
    client.post(f"/incidents/{incident.reference}/end/", {"end": "repaired_only", "reason": "一度きりの作業"})
    incident.refresh_from_db()
    assert (incident.stage, incident.end_reason) == (Stage.REPAIRED_ONLY, "一度きりの作業")
    client.post(f"/incidents/{incident.reference}/reopen/", {"reason": "もう一件見つかった"})
    incident.refresh_from_db()
    assert incident.stage == Stage.FIRST_REPORTED


def test_a_duplicate_names_only_what_the_person_may_see(client_of, alice, bob, carol, other_team, story, crack):
    foreign = verbs.report(by=carol, team=other_team, title="よその記録", noticed_at=timezone.now())
    client = client_of(bob)
    form = {"end": "duplicate", "reason": "同じ件", "duplicate_of": foreign.reference}
    answer = client.post(f"/incidents/{crack.reference}/end/", form)
    assert "その番号の記録は見つかりません。" in answer.content.decode()
    other = story.reported()
    client.post(f"/incidents/{crack.reference}/end/", form | {"duplicate_of": other.reference.lower()})
    crack.refresh_from_db()
    assert (crack.stage, crack.duplicate_of) == (Stage.DUPLICATE, other)


def test_timeline_keeps_event_time_apart_and_accepts_unknown(client_of, bob, crack):
    client = client_of(bob)
    client.post(
        f"/incidents/{crack.reference}/timeline/",
        {"text": "倉庫に電話した", "event_at": "2026-11-24T09:05", "certainty": "fact"},
    )
    client.post(
        f"/incidents/{crack.reference}/timeline/", {"text": "いつ印刷したか", "event_at": "", "certainty": "unknown"}
    )
    newest = {e.text: (e.event_at is None, e.certainty) for e in TimelineEntry.objects.filter(incident=crack)}
    assert newest["倉庫に電話した"] == (False, "fact")
    assert newest["いつ印刷したか"] == (True, "unknown")
    assert "時刻不明" in client.get(crack.get_absolute_url()).content.decode()


def test_history_reads_as_sentences(client_of, bob, story):
    measure = story.promised()
    page = client_of(bob).get(f"/incidents/{measure.incident.reference}/history/").content.decode()
    assert "対策を約束しました" in page and "真因に印をつけました" in page
    assert AuditEntry.objects.filter(incident_id=measure.incident_id).count() >= 5


def test_promises_keep_their_buttons_when_their_record_has_ended(client_of, bob, story):
    measure = story.promised()
    verbs.end_otherwise(measure.incident, by=bob, end=Stage.REPAIRED_ONLY, reason="一度きり")
    page = client_of(bob).get(measure.incident.get_absolute_url()).content.decode()
    for url in ("done", "due", "hand-over"):
        assert f"/measures/{measure.pk}/{url}/" in page
    assert "なぜを足す" not in page
    client_of(bob).post(f"/measures/{measure.pk}/done/", {"note": "済み"})
    measure.refresh_from_db()
    assert measure.status == MeasureStatus.DONE


def test_editing_changes_only_what_was_touched(client_of, alice, bob, story):
    incident = story.reported()
    precise = incident.noticed_at.replace(second=41, microsecond=7)
    Incident.objects.filter(pk=incident.pk).update(noticed_at=precise)
    bob.memberships.all().delete()
    client = client_of(alice)
    form = client.get(f"/incidents/{incident.reference}/edit/").context["form"]
    typed = {name: form[name].value() if form[name].value() is not None else "" for name in form.fields}
    typed = {
        name: value.strftime("%Y-%m-%dT%H:%M") if hasattr(value, "strftime") else value for name, value in typed.items()
    }
    typed |= {"owner": bob.pk, "noticed_at": timezone.localtime(precise).strftime("%Y-%m-%dT%H:%M"), "process": "請求"}
    assert client.post(f"/incidents/{incident.reference}/edit/", typed).status_code == 302
    incident.refresh_from_db()
    assert (incident.noticed_at, incident.owner, incident.process) == (precise, bob, "請求")
    assert AuditEntry.objects.filter(verb="incident.edited").get().changes.keys() == {"process"}


@pytest.mark.parametrize(
    ("hours", "reason"),
    [(2, "気づいた時刻が未来になっています。"), (-0.1, "一次報告の時刻が、気づいた時刻より前です。")],
)
def test_notice_time_cannot_be_edited_past_what_followed(client_of, bob, story, hours, reason):
    incident = story.reported()
    Incident.objects.filter(pk=incident.pk).update(first_reported_at=timezone.now() - timedelta(hours=1))
    noticed = (timezone.localtime() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")
    answer = client_of(bob).post(f"/incidents/{incident.reference}/edit/", {"title": "t", "noticed_at": noticed})
    assert reason in answer.content.decode()


def test_a_long_chain_of_whys_is_shown(client_of, bob, story):
    known, parent = story.with_root(), None
    for n in range(1200):
        parent = Why.objects.create(incident=known.incident, parent=parent, text=f"なぜ {n}")
    assert client_of(bob).get(known.incident.get_absolute_url()).status_code == 200


def test_a_name_with_a_line_break_is_kept_on_one_line(client_of, bob):
    form = {
        "name": "鈴木\r\nBcc: x@example.jp",
        "language": "ja",
        "time_zone": "Asia/Tokyo",
        "digest_hour": "8",
        "quiet_until": "8",
        "theme": "auto",
    }
    client_of(bob).post("/preferences/", form)
    bob.refresh_from_db()
    assert bob.name == "鈴木 Bcc: x@example.jp"


# The mail's link ------------------------------------------------------------------------------


@pytest.fixture
def done_link(story):
    measure = story.promised()
    return measure, links.done_url(measure.follow_up, story.bob).removeprefix("http://testserver")


def test_the_link_shows_on_get_and_acts_on_post_without_sign_in(client_of, dave, done_link):
    measure, url = done_link
    robot = client_of(dave)
    for _ in range(3):
        assert robot.get(url).status_code == 200
        assert robot.head(url).status_code == 200
    measure.refresh_from_db()
    assert measure.status == MeasureStatus.COMMITTED
    person = client_of(dave, csrf=True)
    token = person.get(url).context["page_token"]
    assert "もう一度押してください" in person.post(url, {"note": "できた"}).content.decode()  # no token, no act
    measure.refresh_from_db()
    assert measure.status == MeasureStatus.COMMITTED
    answer = person.post(url, {"note": "できた", "page_token": token})
    assert "おつかれさまでした。" in answer.content.decode()
    measure.refresh_from_db()
    assert (measure.status, measure.done_note, measure.done_by.email) == (
        MeasureStatus.DONE,
        "できた",
        "bob@example.jp",
    )
    assert "もう実施済みです。" in person.get(url).content.decode()


def test_the_link_shows_no_more_than_the_mail(client_of, dave, done_link):
    measure, url = done_link
    page = client_of(dave).get(url).content.decode()
    assert measure.title in page
    assert measure.before not in page and measure.incident.who_waits not in page


@pytest.mark.parametrize("change", ["forged", "viewer", "left", "deactivated", "handed over"])
def test_the_link_dies_with_the_standing_it_was_given_for(client_of, dave, alice, done_link, change):
    measure, url = done_link
    bob = measure.owner
    if change == "forged":
        url = url[:-3] + ("A/" if url[-2] != "A" else "B/")
    elif change == "viewer":
        bob.memberships.update(role="viewer")
    elif change == "left":
        bob.memberships.all().delete()
    elif change == "deactivated":
        type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    else:
        eve = PersonFactory()
        MembershipFactory(person=eve, team=measure.incident.team, role="member")
        countermeasure.hand_over(measure, by=alice, owner=eve)
    answer = client_of(dave).post(url, {"note": "x"})
    assert (answer.status_code, "このリンクは使えません。" in answer.content.decode()) == (410, True)
    measure.refresh_from_db()
    assert measure.status == MeasureStatus.COMMITTED


def test_expired_link_says_so(client_of, dave, clock, story):
    measure = story.promised()
    url = links.done_url(measure.follow_up, story.bob).removeprefix("http://testserver")
    clock.forward(days=61)
    assert client_of(dave).get(url).status_code == 410


# Letters ---------------------------------------------------------------------------------------


def test_my_letters_are_mine_alone(client_of, alice, bob, clock, story):
    story.promised(due_on=clock.today)
    assert reminder.write_digest(bob) is not None
    letter = Letter.objects.get(recipient=bob)
    assert client_of(bob).get(f"/letters/{letter.pk}/").status_code == 200
    mail = client_of(bob).get(f"/letters/{letter.pk}/mail/")
    assert mail.status_code == 200 and " style=" not in mail.content.decode()
    nonce = re.search(r"style-src 'self' 'nonce-([^']+)'", mail["Content-Security-Policy"])[1]
    assert f'<style nonce="{nonce}">' in mail.content.decode()
    for person in (alice,):
        assert client_of(person).get(f"/letters/{letter.pk}/").status_code == 404
        assert client_of(person).get(f"/letters/{letter.pk}/mail/").status_code == 404


def test_the_morning_letter_on_request_comes_once(client_of, bob, clock, story):
    story.promised(due_on=clock.today)
    client = client_of(bob)
    assert "いま受け取る" in client.get("/letters/").content.decode()
    first = client.post("/letters/today/")
    assert first["Location"].startswith("/letters/") and Letter.objects.count() == 1
    client.post("/letters/today/")
    assert Letter.objects.count() == 1


def test_preferences_keep_language_zone_and_brightness(client_of, bob):
    client = client_of(bob)
    form = {
        "name": "鈴木 健太",
        "language": "en",
        "time_zone": "Asia/Tokyo",
        "digest_hour": "8",
        "quiet_until": "8",
        "theme": "dark",
    }
    answer = client.post("/preferences/", form, follow=True)
    page = answer.content.decode()
    assert 'lang="en"' in page and 'data-theme="dark"' in page
    bob.refresh_from_db()
    assert (bob.language, bob.digest_hour) == ("en", 8)
    assert client.post("/preferences/", form | {"digest_hour": "25"}).status_code == 200


# Sign-in and set-up ----------------------------------------------------------------------------


def test_nobody_signs_themselves_up(client, organisation):
    answer = client.get("/account/signup/")
    assert answer.status_code == 200 and "password1" not in answer.content.decode()


def test_password_reset_goes_through_the_outbox_and_tells_a_stranger_nothing(client, bob):
    known = client.post("/account/password/reset/", {"email": bob.email}, follow=True)
    unknown = client.post("/account/password/reset/", {"email": "nobody@example.jp"}, follow=True)
    assert [r.redirect_chain for r in (known,)] == [r.redirect_chain for r in (unknown,)]
    letter = Letter.objects.get()
    assert (letter.recipient, letter.kind) == (bob, "account")
    assert "http://testserver/account/password/reset/key/" in letter.text


def test_a_forged_host_never_reaches_a_mail(client, bob, settings):
    settings.SITE_URL = "https://ushiro.example.jp"
    settings.ALLOWED_HOSTS = ["testserver", "evil.example"]
    client.post("/account/password/reset/", {"email": bob.email}, headers={"host": "evil.example"})
    assert "https://ushiro.example.jp/account/password/reset/key/" in Letter.objects.get().text


def test_set_up_link_works_once(client, db):
    url = setup.begin(site_url="http://testserver").removeprefix("http://testserver")
    form = {
        "organisation": "青葉商事",
        "team": "受注",
        "name": "佐藤 美咲",
        "email": "SATO@example.jp",
        "password": "short",
    }
    assert client.post(url, form).status_code == 200
    answer = client.post(url, form | {"password": "urushi-to-kin-2026"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    person = Person.objects.get()
    assert (person.email, person.is_admin, person.memberships.get().role) == ("sato@example.jp", True, "lead")
    assert client.get("/").status_code == 200
    assert client.get(url).status_code == 404
    assert setup.begin(site_url="http://testserver") == ""


def test_a_record_that_ended_otherwise_asks_for_no_cause_and_keeps_what_it_has(crack, story, client_of, alice):
    verbs.end_otherwise(crack, by=alice, end="withdrawn", reason="思いちがいだった")
    text = client_of(alice).get(crack.get_absolute_url()).content.decode()
    assert 'id="causes"' not in text
    assert 'id="measures"' not in text

    known = story.proposed().incident
    verbs.end_otherwise(known, by=alice, end="repaired_only", reason="直すだけにする")
    text = client_of(alice).get(known.get_absolute_url()).content.decode()
    assert 'id="causes"' in text
    assert 'id="measures"' in text
