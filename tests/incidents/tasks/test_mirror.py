"""From the ledger to the channel: what is shown, once, when; what a fault costs; when a channel is stopped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.domain import incident, mirroring, person, reader, reminder
from incidents.enums import LetterKind, LetterState, MirrorState, PostState
from incidents.models import AuditEntry, Letter, Membership, Mirror, MirrorLine, MirrorPost, ReminderDelivery
from incidents.tasks import mirror as task
from incidents.tasks import sending
from tests.chat import said
from tests.conftest import at
from tests.factories import MembershipFactory, MirrorFactory, TeamFactory
from tests.rows import everything, fresh

pytestmark = pytest.mark.django_db
DUE_DAY = "2026-12-15"  # of story.promised() on 24 November


@pytest.fixture
def channel(team, settings) -> Mirror:
    """A webhook of the team. No mail server is set, so that no letter waits."""
    settings.MAIL_CONFIGURED = False
    return MirrorFactory(team=team)


def sweep() -> list[MirrorPost]:
    """One ring of the morning's letters and one of the mirrors; what was written by now."""
    reminder.write_due_digests()
    task.sweep()
    return list(MirrorPost.objects.order_by("pk"))


# The morning ----------------------------------------------------------------------------------


def test_team_hears_once_in_the_morning_what_its_people_are_told(clock, story, channel, service):
    story.promised()
    story.promised(title="二つめ", owner=story.alice, checker=story.bob)
    clock.to(f"{DUE_DAY} 09:06")
    [post] = sweep()
    assert (post.state, post.attempts) == (PostState.SENT, 1)
    [one] = service.posted
    first, second = one.json["items"]
    assert (first["number"], first["kind"], first["days"], first["owner"]) == ("K-1", "countermeasure", 0, "鈴木")
    assert (second["number"], second["owner"]) == ("K-2", "佐藤")
    assert "title" not in first
    assert post.text == f"{one.json['title']}\n{one.json['text']}"
    assert one.ident == str(post.ident)
    told = set(post.lines.values_list("delivery__follow_up__incident__number", "delivery__recipient__name"))
    assert told == {(1, "鈴木 健太"), (2, "佐藤 美咲")}
    for _ in range(5):
        clock.forward(minutes=20)
        sweep()
    assert len(service.posted) == 1


def test_nothing_due_and_no_message(clock, story, channel, service):
    story.promised()
    clock.to("2026-11-25 09:30")
    assert sweep() == []
    assert service.posted == []


def test_not_before_the_letters_and_not_on_a_closed_day(clock, story, channel, service):
    story.promised()
    clock.to(f"{DUE_DAY} 09:04")
    assert sweep() == []
    clock.to("2026-12-05 10:00")  # a Saturday
    assert sweep() == []
    clock.to(f"{DUE_DAY} 09:05")
    assert len(sweep()) == 1


def test_switched_on_in_the_day_it_waits_for_the_next_morning(clock, story, channel, service):
    story.promised()
    Mirror.objects.update(on_at=at(f"{DUE_DAY} 10:00"))
    clock.to(f"{DUE_DAY} 11:00")
    assert sweep() == []


def test_promise_that_waits_is_not_shown_each_morning(clock, story, channel, service):
    """Somebody pauses their letters: the row waits, and the channel has heard of it."""
    story.promised()
    person.set_preferences(
        story.bob, by=story.bob, **{name: getattr(story.bob, name) for name in person.OWN}
        | {"paused_until": at("2026-12-18 00:00").date()}
    )  # fmt: skip
    clock.to(f"{DUE_DAY} 09:10")
    sweep()
    for day in ("2026-12-16", "2026-12-17"):  # the next step, and a day without one
        clock.to(f"{day} 09:10")
        sweep()
    waiting = ReminderDelivery.objects.filter(state="pending", planned_on__lte=clock.today, recipient=story.bob)
    assert {"d-1", "d0", "d+1"} <= set(waiting.values_list("step", flat=True))
    assert [one.json["day"] for one in service.posted] == [DUE_DAY, "2026-12-16"]


def test_title_is_shown_where_the_lead_asked_for_it_and_calls_nobody(clock, story, channel, service):
    story.promised(title="<!channel> @everyone [toall] <https://x.example|y> `a`\n二行め")
    Mirror.objects.update(titles=True)
    clock.to(f"{DUE_DAY} 09:10")
    sweep()
    [one] = service.posted
    assert one.json["items"][0]["title"].startswith("＜!channel＞ ＠everyone ［toall］")
    assert not set("<>@[]`") & set(one.json["text"])
    assert one.json["text"].count("\n") == 2


def test_restricted_record_is_in_no_message(clock, story, channel, service):
    Mirror.objects.update(titles=True)
    kept = story.promised()
    reader.restrict(kept.incident, by=story.alice, readers=[story.alice, story.bob])
    clock.to(f"{DUE_DAY} 09:10")
    assert sweep() == []
    story.promised(title="ふつうの対策")
    clock.to("2027-01-05 09:10")
    sweep()
    assert service.posted != []
    for one in service.posted:
        assert b'K-1"' not in one.body and b"K-1 " not in one.body
        assert kept.title not in one.body.decode()


def test_nothing_of_another_team_and_nobody_who_waits(clock, story, channel, service, carol, other_team):
    story.promised()
    theirs = MirrorFactory(team=other_team, name="経理課")
    clock.to(f"{DUE_DAY} 09:10")
    sweep()
    [one] = service.posted
    assert {post.mirror for post in MirrorPost.objects.all()} == {channel}
    text = one.body.decode()
    for secret in ("青空物産", "見積書", "bob@example.jp", "経理課"):
        assert secret not in text
    assert fresh(theirs).told_at is None


def test_many_promises_are_one_short_message(clock, story, channel, service):
    known = story.with_root()
    for number in range(25):
        story.promised(to=known, title=f"対策{number}")
    clock.to(f"{DUE_DAY} 09:10")
    sweep()
    [one] = service.posted
    lines = one.json["text"].splitlines()
    assert len([line for line in lines if line.startswith("・")]) == 20
    assert "ほか 5 件" in lines
    assert len(one.json["items"]) == 25
    assert len(one.json["text"]) < 1800


def test_words_are_the_language_of_the_channel(clock, story, channel, service):
    story.promised()
    Mirror.objects.update(language="en")
    clock.to(f"{DUE_DAY} 09:10")
    sweep()
    [one] = service.posted
    assert "due today" in one.json["text"]


# The clock ------------------------------------------------------------------------------------


def crack(story, clock, **more):
    return incident.report(
        by=story.bob,
        team=story.team,
        title="請求書を別の会社に送った",
        noticed_at=clock.now,
        who_waits="青空物産さま",
        **more,
    )


def test_clock_of_a_first_report_is_shown_at_once_and_once_a_step(clock, story, channel, service):
    made = crack(story, clock)
    seen = []
    for minutes in (30, 15, 15):
        clock.forward(minutes=minutes)
        reminder.write_due_moments()
        task.sweep()
        seen.append(len(service.posted))
    assert seen == [1, 2, 3]
    letters = Letter.objects.filter(kind=LetterKind.MOMENT).count()
    assert letters >= 3
    assert [one.json["minutes"] for one in service.posted] == [30, 15, 0]
    first = service.posted[0].json
    assert (first["kind"], first["items"][0]["number"]) == ("clock", made.reference)
    assert "あと30分" in first["text"]
    assert "青空物産" not in str(first)
    assert MirrorLine.objects.filter(post__kind="clock").count() == letters
    clock.forward(minutes=30)
    reminder.write_due_moments()
    task.sweep()
    assert len(service.posted) == len(MirrorPost.objects.filter(kind="clock"))


def test_clock_that_stopped_before_it_was_shown_is_not_shown(clock, story, channel, service):
    made = crack(story, clock)
    clock.forward(minutes=31)
    reminder.write_due_moments()
    incident.record_first_report(made, by=story.bob, channel="phone", reported_at=clock.now)
    task.sweep()
    assert service.posted == []
    assert [(post.state, post.error) for post in MirrorPost.objects.all()] == [(PostState.CANCELLED, "stale")]


def test_clock_of_a_restricted_record_is_not_written(clock, story, channel, service):
    made = crack(story, clock)
    reader.restrict(made, by=story.alice, readers=[story.alice, story.bob])
    clock.forward(minutes=31)
    reminder.write_due_moments()
    assert MirrorPost.objects.count() == 0


def test_channel_that_shows_no_clock_is_written_none(clock, story, channel, service):
    Mirror.objects.update(clock=False)
    crack(story, clock)
    clock.forward(minutes=31)
    reminder.write_due_moments()
    assert MirrorPost.objects.count() == 0


def test_letter_and_message_stand_or_fall_together(clock, story, channel, monkeypatch):
    crack(story, clock)
    clock.forward(minutes=31)
    monkeypatch.setattr("incidents.domain.ledger.plan_next_moment", lambda *_, **__: 1 / 0)
    reminder.write_due_moments()
    assert (Letter.objects.filter(kind=LetterKind.MOMENT).count(), MirrorPost.objects.count()) == (0, 0)


# Faults ---------------------------------------------------------------------------------------


@pytest.fixture
def waiting(clock, story, channel, service) -> MirrorPost:
    """A morning that the channel has not taken at the first try."""
    service.answers = [said(500)]
    story.promised()
    clock.to(f"{DUE_DAY} 09:06")
    [post] = sweep()
    assert (post.state, post.error, post.attempts) == (PostState.WAITING, "answered_500", 1)
    return post


def test_it_is_tried_again_with_the_same_name(clock, waiting, service):
    task.sweep()
    assert len(service.posted) == 1
    clock.forward(seconds=70)
    task.sweep()
    post = fresh(waiting)
    assert (post.state, post.attempts, post.error) == (PostState.SENT, 2, "")
    assert {one.ident for one in service.posted} == {str(post.ident)}
    one = fresh(post.mirror)
    assert (one.failures, one.failing_since, one.told_at) == (0, None, post.sent_at)


def test_wait_that_is_asked_for_is_kept_and_is_no_fault(clock, story, channel, service):
    service.answers = [said(429, "Retry-After: 600\r\n")]
    story.promised()
    clock.to(f"{DUE_DAY} 09:06")
    [post] = sweep()
    assert post.next_try_at == clock.now + timedelta(seconds=600)
    assert fresh(channel).failures == 0
    clock.forward(seconds=300)
    task.sweep()
    assert len(service.posted) == 1
    clock.forward(seconds=301)
    task.sweep()
    assert fresh(post).state == PostState.SENT


def test_yesterdays_morning_is_not_shown_today(clock, waiting, service):
    clock.to("2026-12-16 08:00")
    task.sweep()
    assert (fresh(waiting).state, fresh(waiting).error) == (PostState.CANCELLED, "stale")


def test_claim_of_a_worker_that_died_runs_out(clock, waiting, service):
    clock.forward(seconds=70)
    taken = mirroring.claim()
    assert taken.pk == waiting.pk
    assert mirroring.claim() is None
    clock.forward(seconds=mirroring.LEASE * 6)
    again = mirroring.claim()
    assert (again.pk, again.ident, again.claim == taken.claim) == (waiting.pk, waiting.ident, False)
    mirroring.mark_failed(taken, word="too_slow")  # the dead one wakes up: the other has it
    assert fresh(waiting).state == PostState.SENDING
    mirroring.mark_sent(again, text="x")
    mirroring.give_back(again)
    assert fresh(waiting).state == PostState.SENT


def test_letter_that_waits_goes_first(clock, story, channel, service, settings):
    settings.MAIL_CONFIGURED = True
    story.promised()
    clock.to(f"{DUE_DAY} 09:06")
    reminder.write_due_digests()
    assert Letter.objects.filter(state=LetterState.WAITING).exists()
    task.sweep()
    assert (service.posted, MirrorPost.objects.get().state) == ([], PostState.WAITING)
    Letter.objects.update(state=LetterState.CANCELLED)
    task.sweep()
    assert len(service.posted) == 1


def test_slow_channel_is_left_alone_for_the_round_and_others_are_not(clock, story, channel, service, monkeypatch):
    other = MirrorFactory(team=story.team, name="もう一つ")
    service.answers = [said(500), said(200)]
    story.promised()
    clock.to(f"{DUE_DAY} 09:06")
    sweep()
    assert [post.state for post in MirrorPost.objects.order_by("mirror_id")] == [PostState.WAITING, PostState.SENT]
    assert fresh(other).told_at is not None


def test_end_of_the_worker_and_end_of_the_time_begin_nothing(clock, story, channel, service):
    story.promised()
    clock.to(f"{DUE_DAY} 09:06")
    mirroring.write_due_mornings()
    assert task.run(seconds=0) == 0
    sending.leave()
    assert task.run() == 0
    sending.stay()
    assert service.posted == []
    assert task.run() == 1


def test_odd_record_costs_its_own_message_and_no_other(clock, story, channel, service, monkeypatch):
    story.promised()
    MirrorFactory(team=story.team, name="もう一つ")
    real, seen = mirroring.words_now, []

    def odd(post, **more):
        seen.append(post.pk)
        return 1 / 0 if len(seen) == 1 else real(post, **more)

    monkeypatch.setattr(mirroring, "words_now", odd)
    clock.to(f"{DUE_DAY} 09:06")
    sweep()
    states = sorted(MirrorPost.objects.values_list("state", "error"))
    assert states == [("sent", ""), ("waiting", "not_written")]


# When it is stopped ----------------------------------------------------------------------------


def keep_trying(clock, service, tries: int = 20) -> None:
    """Let the time pass to each next try of today's messages, as often as there is one."""
    for _ in range(tries):
        due = MirrorPost.objects.filter(state=PostState.WAITING, mirror__state=MirrorState.ON).order_by("next_try_at")
        first = due.values_list("next_try_at", flat=True).first()
        if first is None or first.astimezone(clock.now.tzinfo).date() != clock.today:
            return
        clock.to(first.astimezone(clock.now.tzinfo).strftime("%Y-%m-%d %H:%M"))
        clock.forward(minutes=1)
        task.run()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_place_that_is_gone_is_believed_at_the_third_time(clock, story, channel, service, status):
    service.always = said(status)
    story.promised()
    clock.to(f"{DUE_DAY} 09:06")
    sweep()
    assert fresh(channel).is_on
    keep_trying(clock, service)
    stopped = fresh(channel)
    assert (stopped.state, stopped.why, stopped.failures) == (MirrorState.BROKEN, f"answered_{status}", 3)
    assert len(service.posted) == 3
    assert MirrorPost.objects.get().state == PostState.CANCELLED
    [letter] = Letter.objects.filter(kind=LetterKind.MIRROR_OFF)
    assert letter.recipient == story.alice
    assert str(status) in letter.text
    assert f"/mirrors/{channel.pk}/" in letter.text
    for secret in (channel.address, channel.secret, "token-secret"):
        assert secret not in f"{letter.text}{letter.html}{letter.subject}"
    assert AuditEntry.objects.get(verb="mirror.broken").actor_label == "うしろ"


def test_fault_that_passes_stops_nothing_for_a_day_and_then_does(clock, story, channel, service):
    service.always = said(500)
    first = story.promised()
    second = story.promised(title="二つめ", due_on=at("2026-12-16 00:00").date())
    clock.to(f"{DUE_DAY} 09:06")
    sweep()
    keep_trying(clock, service)
    assert (fresh(channel).state, fresh(channel).failures) == (MirrorState.ON, 6)
    clock.to("2026-12-16 09:06")
    sweep()
    keep_trying(clock, service)
    stopped = fresh(channel)
    assert (stopped.state, stopped.failures, stopped.why) == (MirrorState.BROKEN, 10, "answered_500")
    assert stopped.off_at - stopped.failing_since >= timedelta(hours=24)
    assert Letter.objects.filter(kind=LetterKind.MIRROR_OFF).count() == 1
    assert {first.status, second.status} == {"committed"}


def test_ten_faults_within_an_hour_stop_nothing(clock, story, channel, service, settings):
    settings.REMINDER_BACKOFF = (1,) * 30
    service.always = said(502)
    story.promised()
    clock.to(f"{DUE_DAY} 09:06")
    sweep()
    keep_trying(clock, service)
    assert (fresh(channel).state, fresh(channel).failures) == (MirrorState.ON, 21)


def test_each_lead_gets_one_letter_and_a_stopped_channel_is_written_nothing(clock, story, channel, service, carol):
    MembershipFactory(person=carol, team=story.team, role="lead")
    service.always = said(410)
    story.promised()
    clock.to(f"{DUE_DAY} 09:06")
    sweep()
    keep_trying(clock, service)
    told = Letter.objects.filter(kind=LetterKind.MIRROR_OFF).values_list("recipient__email", flat=True)
    assert sorted(told) == ["alice@example.jp", "carol@example.jp"]
    story.promised(title="二つめ", due_on=at("2026-12-16 00:00").date())
    clock.to("2026-12-16 09:06")
    sweep()
    assert len(service.posted) == 3


def test_letter_about_a_channel_that_runs_again_is_taken_back(clock, story, channel, service, settings):
    settings.MAIL_CONFIGURED = True
    mirroring._stop(channel, "answered_404", clock.now)
    letter = Letter.objects.get(kind=LetterKind.MIRROR_OFF)
    Letter.objects.filter(pk=letter.pk).update(state=LetterState.SENDING, claim="x")
    letter = fresh(letter)
    assert reminder.still_wanted(letter) is True
    Mirror.objects.update(state=MirrorState.ON)
    assert reminder.still_wanted(letter) is False
    assert fresh(letter).state == LetterState.CANCELLED


def test_letter_to_somebody_who_leads_no_more_is_taken_back(clock, story, channel, settings):
    settings.MAIL_CONFIGURED = True
    mirroring._stop(channel, "answered_404", clock.now)
    Letter.objects.update(state=LetterState.SENDING, claim="x")
    Membership.objects.filter(person=story.alice).update(role="member")
    assert reminder.still_wanted(Letter.objects.get(kind=LetterKind.MIRROR_OFF)) is False


# The trial ------------------------------------------------------------------------------------


def test_trial_says_what_will_be_shown_and_writes_nothing(clock, channel, service):
    before = everything()
    assert task.try_out(channel) == ""
    [one] = service.posted
    assert (one.json["kind"], one.json["items"]) == ("test", [])
    service.always = said(404)
    assert task.try_out(channel) == "answered_404"
    assert everything() == before


def test_fault_of_the_library_is_a_message_that_was_not_written(channel, service, monkeypatch, caplog):
    def broken(*_, **__):
        raise TypeError(f"An invalid ID ({channel.address}) was specified.")

    monkeypatch.setattr("incidents.gateways.chat._plugin", broken)
    assert task.try_out(channel) == "not_written"
    assert "TypeError" in caplog.text
    assert "token-secret" not in caplog.text


def test_trial_goes_by_the_same_way_out(clock, service, settings):
    settings.EGRESS_ALLOW = []
    assert task.try_out(MirrorFactory(team=TeamFactory())) == "not_public"
    assert service.posted == []
