"""The first-report clock on the pages: whoever waits is told, or a reason says why not; also after 修理のみ."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from incidents.domain import incident as verbs
from incidents.enums import Stage
from incidents.models import FollowUp, Incident
from tests.incidents.views.test_meanwhile import opened

pytestmark = pytest.mark.django_db


def clocks() -> list[str]:
    return list(FollowUp.objects.filter(kind="first_report").order_by("pk").values_list("state", flat=True))


@pytest.fixture
def repaired(clock, crack, alice):
    """Repaired only, while the other side still waits."""
    return verbs.end_otherwise(crack, by=alice, end=Stage.REPAIRED_ONLY, reason="その場で直した")


def report_form(**more):
    now = timezone.localtime()
    return {
        "channel": "phone",
        "reported_at": now.strftime("%Y-%m-%dT%H:%M"),
        "next_at": (now + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"),
    } | more


def test_after_repair_the_record_shows_the_way_to_the_report(repaired, client_of, bob, vera, carol):
    path = f"/incidents/{repaired.reference}/"
    page = client_of(bob).get(path).content.decode()
    assert f'href="{path}first-report/"' in page
    assert "青空物産さま が待っています" in page
    seen = client_of(vera).get(path).content.decode()
    assert "青空物産さま が待っています" in seen
    assert f'href="{path}first-report/"' not in seen
    for step in ("first-report/", "first-report/phone/"):
        assert client_of(bob).get(f"{path}{step}").status_code == 200
        assert client_of(vera).get(f"{path}{step}").status_code == 403
        assert client_of(carol).get(f"{path}{step}").status_code == 404


def test_after_repair_the_report_stops_the_clock(repaired, client_of, bob):
    path = f"/incidents/{repaired.reference}/"
    assert client_of(bob).post(f"{path}first-report/", report_form()).status_code == 302
    told = Incident.objects.get(pk=repaired.pk)
    assert (told.stage, told.first_reported_at) == (Stage.REPAIRED_ONLY, timezone.now())
    assert clocks() == ["kept"]
    assert FollowUp.objects.filter(kind="next_report", state="open").count() == 1
    assert "が待っています" not in client_of(bob).get(path).content.decode()


def test_after_repair_a_reason_stops_the_clock(repaired, client_of, bob):
    path = f"/incidents/{repaired.reference}/first-report/waive/"
    assert client_of(bob).post(path, {"reason": "先方から不要と言われた"}).status_code == 302
    assert Incident.objects.get(pk=repaired.pk).stage == Stage.REPAIRED_ONLY
    assert clocks() == ["cancelled"]


def test_today_and_the_strip_agree_after_repair(repaired, client_of, alice, bob, vera):
    link = f"/incidents/{repaired.reference}/first-report/"
    for person, concerned in ((alice, True), (bob, True), (vera, False)):
        client = client_of(person)
        assert (link in client.get("/").content.decode()) is concerned
        assert (link in client.get("/clocks/").content.decode()) is concerned


def test_whoever_recorded_it_sees_the_clock_of_a_record_without_owner(clock, crack, client_of, bob):
    verbs.edit(crack, by=bob, owner=None)
    link = f"/incidents/{crack.reference}/first-report/"
    assert link in client_of(bob).get("/").content.decode()
    assert link in client_of(bob).get("/clocks/").content.decode()


def test_a_repaired_record_is_not_settled_outside_before_the_report(repaired, client_of, bob):
    now = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    form = {"closed_at": now, "channel": "phone", "agreed": "差し替えで了解"}
    path = f"/incidents/{repaired.reference}/outside/"
    assert "一次報告がまだです" in client_of(bob).post(path, form).content.decode()
    verbs.waive_first_report(repaired, by=bob, reason="先方から不要と言われた")
    client_of(bob).post(path, form)
    assert Incident.objects.get(pk=repaired.pk).customer_closed_at is not None


# Two people, and a form that says two things ----------------------------------------------------


def test_a_reason_for_no_next_report_beside_a_time_is_asked_about(clock, crack, client_of, bob):
    path = f"/incidents/{crack.reference}/first-report/"
    both = report_form(note="お電話で事実だけ", no_next="先方が明日まで不要とのこと")
    answer = client_of(bob).post(path, both)
    assert list(answer.context["form"].errors) == ["no_next"]
    page = answer.content.decode()
    assert "お電話で事実だけ" in page and "先方が明日まで不要とのこと" in page and both["next_at"] in page
    assert (clocks(), FollowUp.objects.filter(kind="next_report").count()) == (["open"], 0)

    assert client_of(bob).post(path, both | {"next_at": ""}).status_code == 302
    assert clocks() == ["kept"]
    assert not FollowUp.objects.filter(kind="next_report").exists()


def test_who_was_slower_keeps_the_words_and_sees_where_they_go(clock, crack, client_of, alice, bob):
    path = f"/incidents/{crack.reference}/first-report/"
    client_of(bob).post(path, report_form())
    page = client_of(alice).post(path, report_form(note="差し替えを約束した")).content.decode()
    assert "差し替えを約束した" in page and "続報として記録してください" in page
    for step in ("", "phone/"):
        opened_late = client_of(alice).get(f"{path}{step}").content.decode()
        assert "もう記録されています" in opened_late
        assert f'href="/incidents/{crack.reference}/report/"' in opened_late


def test_a_second_waiver_keeps_the_first_reason(clock, crack, client_of, alice, bob):
    path = f"/incidents/{crack.reference}/first-report/"
    client_of(bob).post(f"{path}waive/", {"reason": "先方が先に気づいた"})
    page = client_of(alice).post(f"{path}waive/", {"reason": "口頭で済んだ"}).content.decode()
    assert "口頭で済んだ" in page and "もう不要とされています（理由: 先方が先に気づいた）" in page
    assert Incident.objects.get(pk=crack.pk).first_report_waived == "先方が先に気づいた"
    assert "不要とされています（理由: 先方が先に気づいた）" in client_of(alice).get(path).content.decode()


def test_a_waiver_without_a_reason_leaves_the_next_time_filled_in(clock, crack, client_of, bob):
    path = f"/incidents/{crack.reference}/first-report/"
    there = client_of(bob).get(path).context["form"]["next_at"].value()
    answer = client_of(bob).post(f"{path}waive/", {"reason": ""})
    assert "reason" in answer.context["waive_form"].errors
    assert there and answer.context["form"]["next_at"].value() == there


# What does not stop the clock -----------------------------------------------------------------


@pytest.mark.parametrize(("change", "field"), [({"who_waits": ""}, "who_waits"), ({"kind": "near_miss"}, "kind")])
def test_crossing_out_who_waits_shows_the_way_and_loses_nothing(clock, crack, client_of, bob, change, field):
    path, report = f"/incidents/{crack.reference}/edit/", f"/incidents/{crack.reference}/first-report/"
    client = client_of(bob)
    answer = client.post(path, opened(client, path) | {"process": "見積書の送付"} | change)

    assert answer.status_code == 200
    assert "一次報告の時計が動いています。" in answer.context["form"].errors[field][0]
    page = answer.content.decode()
    assert f'href="{report}"' in page and f'href="{report}?waive=1#waive"' in page
    assert 'value="見積書の送付"' in page
    assert Incident.objects.get(pk=crack.pk).process == ""
    waiving = client.get(f"{report}?waive=1").content.decode()
    assert 'id="waive" open' in waiving
    assert 'id="waive" open' not in client.get(report).content.decode()


def test_the_page_of_the_ends_says_what_becomes_of_the_clock(clock, crack, client_of, bob):
    path = f"/incidents/{crack.reference}/end/"
    assert "「不要」として止まり" in client_of(bob).get(path).content.decode()
    verbs.waive_first_report(crack, by=bob, reason="先方から不要と言われた")
    assert "「不要」として止まり" not in client_of(bob).get(path).content.decode()


def test_a_duplicate_of_what_has_ended_is_refused_beside_its_number(clock, crack, client_of, bob, team):
    gone = verbs.report(by=bob, team=team, title="二重払い", noticed_at=timezone.now())
    verbs.end_otherwise(gone, by=bob, end=Stage.WITHDRAWN, reason="別件")
    form = {"end": "duplicate", "duplicate_of": gone.reference, "reason": "同じ件です"}
    answer = client_of(bob).post(f"/incidents/{crack.reference}/end/", form)
    assert "取下げか重複で終わっています" in answer.context["form"].errors["duplicate_of"][0]
    assert "同じ件です" in answer.content.decode()


# Somebody else begins to wait -----------------------------------------------------------------


def test_the_form_asks_whether_somebody_else_waits_only_after_a_waiver(clock, crack, client_of, bob):
    path, client = f"/incidents/{crack.reference}/edit/", client_of(bob)
    assert "前とは別の方が待っている" not in client.get(path).content.decode()
    verbs.waive_first_report(crack, by=bob, reason="先方から不要と言われた")
    assert "前とは別の方が待っている" in client.get(path).content.decode()

    corrected = opened(client, path) | {"who_waits": "青空物産の山本さま"}
    assert client.post(path, corrected).status_code == 302
    assert not Incident.objects.get(pk=crack.pk).clock_is_running
    ticked = opened(client, path) | {"another_waits": "on"}
    assert client.post(path, ticked).status_code == 302
    assert Incident.objects.get(pk=crack.pk).clock_is_running
    assert "前とは別の方が待っている" not in client.get(path).content.decode()
    page = client.get(f"/incidents/{crack.reference}/").content.decode()
    assert "一次報告の時計が、また動きはじめました" in page


def test_a_tick_without_anybody_is_refused_beside_it(clock, crack, client_of, bob):
    path, client = f"/incidents/{crack.reference}/edit/", client_of(bob)
    verbs.waive_first_report(crack, by=bob, reason="先方から不要と言われた")
    answer = client.post(path, opened(client, path) | {"who_waits": "", "another_waits": "on"})
    assert "待っている方がいないため" in answer.context["form"].errors["another_waits"][0]


def test_when_a_colleague_was_faster_the_tick_stays(clock, crack, client_of, alice, bob):
    path, client = f"/incidents/{crack.reference}/edit/", client_of(bob)
    verbs.waive_first_report(crack, by=bob, reason="先方から不要と言われた")
    mine = opened(client, path) | {"who_waits": "緑商事さま", "another_waits": "on"}
    verbs.edit(crack, by=alice, who_waits="青空物産の山本さま")
    answer = client.post(path, mine)
    assert answer.status_code == 200
    assert (answer.context["form"]["another_waits"].value(), answer.context["form"]["who_waits"].value()) == (
        True,
        "緑商事さま",
    )


@pytest.mark.parametrize("running", [1, 3, 4, 25])
def test_every_running_clock_is_counted_and_the_strip_says_when_there_are_more(clock, alice, team, client_of, running):
    for n in range(running):
        verbs.report(by=alice, team=team, title=f"割れ {n}", noticed_at=timezone.now(), who_waits="青空物産さま")
    client = client_of(alice)
    today = client.get("/")
    assert f"一次報告の時計が {running} つ動いています。" in today.content.decode()
    assert len(today.context["clocks"]) == min(running, 20)
    strip = client.get("/letters/").content.decode()
    assert strip.count('<div class="strip"') == min(running, 3)
    assert ("ほかにも動いている時計があります。" in strip) == (running > 3)


def test_the_clock_stands_on_every_page_of_its_record_that_does_not_show_it_large(clock, crack, bob, client_of):
    client, path = client_of(bob), crack.get_absolute_url()
    for page, seen in {"": 0, "first-report/": 0, "first-report/phone/": 1, "timeline/": 1, "paste/": 1}.items():
        assert (page, client.get(f"{path}{page}").content.decode().count('<div class="strip"')) == (page, seen)
