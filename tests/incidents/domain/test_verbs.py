"""What holds for every verb alike: who may, that its trace stands or falls with it, and what it leaves in the history."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from incidents.domain import (
    attachment,
    audit,
    cause,
    check,
    containment,
    countermeasure,
    due_request,
    final_report,
    incident,
    outside,
    question,
    recurrence,
    reply,
    review,
    spread,
    terms,
    timeline,
)
from incidents.enums import Certainty, Factor, FollowUpKind, Role, Stage, Verdict
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, EffectCheck, FollowUp, Membership
from incidents.queries.audit import readable_changes
from tests.factories import AttachmentFactory, MembershipFactory, PasteFactory, PersonFactory, TeamFactory
from tests.rows import everything, undone

RAW = re.compile(r"\b[a-z]+_[a-z_]+\b|\d{4}-\d\d-\d\d")  # a name or a day as the code writes it
FUTURE = date(2027, 6, 1)


@pytest.fixture
def world(clock, story, team, third) -> SimpleNamespace:
    """A record in each state that some verb begins from."""
    made = SimpleNamespace(team=team, alice=story.alice, bob=story.bob, third=third)
    made.crack = incident.report(
        by=story.bob,
        team=team,
        title="請求書の金額ちがい",
        noticed_at=timezone.now() - timedelta(hours=2),
        who_waits="青空物産さま",
    )
    made.why = cause.ask_why(made.crack, by=story.bob, text="確かめる人がいない")
    known = story.with_root()
    made.root = known.root
    made.file = AttachmentFactory(incident=made.crack)
    made.proposed = story.proposed(to=known)
    made.promised = story.promised(to=known)
    done = story.done()
    made.check = EffectCheck.objects.get(measure=done)
    made.ended = incident.end_otherwise(story.reported(), by=story.bob, end=Stage.WITHDRAWN, reason="思いちがい")
    made.entry = timeline.record(made.crack, by=story.bob, text="宛先のまちがい", event_at=None)
    made.paste = PasteFactory(incident=made.crack)
    made.bare_root = story.with_root().root
    made.containment = containment.record(made.crack, by=story.bob, text="返送をお願いした", done_at=timezone.now())
    made.question = question.ask(
        made.crack, by=story.bob, text="控えはあるか", owner=story.bob, due_on=timezone.localdate()
    )
    made.wish = due_request.ask(story.promised(), by=story.bob, due_on=date(2027, 3, 1), reason="部品待ち")
    countermeasure.not_doing(story.proposed(), by=story.bob, reason="費用が出ない", review_on=date(2027, 3, 1))
    made.review = FollowUp.objects.get(kind=FollowUpKind.NOT_DOING_REVIEW)
    year = story.done()
    check.record_outcome(EffectCheck.objects.get(measure=year), by=story.alice, outcome="effective", note="0件")
    made.year = FollowUp.objects.get(kind=FollowUpKind.ANNIVERSARY)
    made.again = story.reported()
    made.told = story.reported()
    made.settled = outside.close(
        story.reported(), by=story.bob, closed_at=timezone.now(), channel="phone", agreed="差し替えで終わり"
    )
    made.linked = recurrence.link(story.reported(), by=story.bob, original=made.crack)
    made.other = MembershipFactory(role=Role.LEAD).team
    made.carols = None
    return made


Verb = Callable[[SimpleNamespace, Any], Any]
FILE = SimpleNamespace(name="控え.pdf", media_type="application/pdf", size=1, sha256="a" * 64, path="attachments/aa/a")
VERBS: dict[str, tuple[str, Verb]] = {
    "attach": ("attachment.kept", lambda w, by: attachment.keep(w.crack, by=by, received=FILE)),
    "withdraw_file": ("attachment.withdrawn", lambda w, by: attachment.withdraw(w.file, by=by, reason="別のもの")),
    "complete_with_files": (
        "measure.completed",
        lambda w, by: attachment.complete(w.promised, by=by, files=[FILE]),
    ),
    "report": (
        "incident.reported",
        lambda w, by: incident.report(
            by=by, team=w.team, title="二重払い", noticed_at=timezone.now(), who_waits="銀行"
        ),
    ),
    "edit": ("incident.edited", lambda w, by: incident.edit(w.crack, by=by, title="請求書の宛先ちがい")),
    "record_first_report": (
        "incident.first_reported",
        lambda w, by: incident.record_first_report(w.crack, by=by, channel="phone", reported_at=timezone.now()),
    ),
    "waive_first_report": (
        "incident.first_report_waived",
        lambda w, by: incident.waive_first_report(w.crack, by=by, reason="先方から連絡を受けた"),
    ),
    "end_otherwise": (
        "incident.ended",
        lambda w, by: incident.end_otherwise(w.crack, by=by, end=Stage.REPAIRED_ONLY, reason="一度きりの手順だった"),
    ),
    "reopen": ("incident.reopened", lambda w, by: incident.reopen(w.ended, by=by, reason="もう一度起きた")),
    "close outside": (
        "outside.closed",
        lambda w, by: outside.close(w.told, by=by, closed_at=timezone.now(), channel="mail", agreed="返金で終わり"),
    ),
    "give final report": (
        "final_report.given",
        lambda w, by: final_report.give(w.told, by=by, channel="mail", reported_at=timezone.now(), note="説明した"),
    ),
    "agree on final report": (
        "final_report.agreed",
        lambda w, by: final_report.agree(w.told, by=by, due_on=FUTURE, reason="先方の希望", told=True),
    ),
    "waive final report": (
        "final_report.waived",
        lambda w, by: final_report.waive(w.told, by=by, reason="先方が不要と言われた"),
    ),
    "reopen outside": ("outside.reopened", lambda w, by: outside.reopen(w.settled, by=by, reason="まだ違う")),
    "record": (
        "timeline.recorded",
        lambda w, by: timeline.record(w.crack, by=by, text="先方に電話した", event_at=timezone.now()),
    ),
    "ask_why": ("why.asked", lambda w, by: cause.ask_why(w.crack, by=by, text="手順書にない", parent=w.why)),
    "mark_root": ("root.marked", lambda w, by: cause.mark_root(w.why, by=by, factor=Factor.TOOL)),
    "accept_risk": (
        "root.risk_accepted",
        lambda w, by: cause.accept_risk(w.root, by=by, reason="年に一度の作業", review_on=FUTURE),
    ),
    "amend": (
        "timeline.amended",
        lambda w, by: timeline.amend(w.entry, by=by, text="ログで確かめた", verdict=Verdict.REFUTED),
    ),
    "take_over": (
        "timeline.taken_over",
        lambda w, by: timeline.take_over(
            w.paste, by=by, lines=[timeline.Taken(1, "お電話があった", Certainty.FACT, None)]
        ),
    ),
    "prove": ("why.proven", lambda w, by: cause.prove(w.why, by=by, evidence="送信控え")),
    "withdraw_why": ("why.withdrawn", lambda w, by: cause.withdraw_why(w.why, by=by, reason="記録と合わない")),
    "unmark_root": ("root.unmarked", lambda w, by: cause.unmark_root(w.bare_root, by=by, reason="まだ下がある")),
    "record_containment": (
        "containment.recorded",
        lambda w, by: containment.record(w.crack, by=by, text="出荷を止めた", done_at=timezone.now()),
    ),
    "lift_containment": (
        "containment.lifted",
        lambda w, by: containment.lift(w.containment, by=by, note="直った"),
    ),
    "ask": (
        "question.asked",
        lambda w, by: question.ask(w.crack, by=by, text="何通出たか", owner=w.third, due_on=FUTURE, entry=w.entry),
    ),
    "answer": ("question.answered", lambda w, by: question.answer(w.question, by=by, answer="1通")),
    "move question": (
        "question.moved",
        lambda w, by: question.move(w.question, by=by, due_on=FUTURE, reason="先方の休み明け"),
    ),
    "hand_over question": ("question.handed_over", lambda w, by: question.hand_over(w.question, by=by, owner=w.third)),
    "drop question": ("question.dropped", lambda w, by: question.drop(w.question, by=by, reason="要らなくなった")),
    "propose": ("measure.proposed", lambda w, by: countermeasure.propose(w.crack, by=by, title="二人で見る")),
    "edit measure": ("measure.edited", lambda w, by: countermeasure.edit(w.proposed, by=by, title="画面で止める")),
    "commit": ("measure.committed", lambda w, by: countermeasure.commit(w.proposed, by=by)),
    "start": ("measure.started", lambda w, by: countermeasure.start(w.promised, by=by)),
    "complete": ("measure.completed", lambda w, by: countermeasure.complete(w.promised, by=by, note="変えました")),
    "change_due": (
        "measure.due_changed",
        lambda w, by: countermeasure.change_due(w.promised, by=by, due_on=FUTURE, reason="改修が延びた"),
    ),
    "ask wish": (
        "due_request.asked",
        lambda w, by: due_request.ask(w.promised, by=by, due_on=FUTURE, reason="改修が延びた"),
    ),
    "grant": ("due_request.granted", lambda w, by: due_request.grant(w.wish, by=by, note="わかりました")),
    "refuse wish": ("due_request.refused", lambda w, by: due_request.refuse(w.wish, by=by, note="先に約束がある")),
    "leave": (
        "review.left",
        lambda w, by: review.leave(w.review, by=by, again_on=FUTURE, reason="まだ費用が出ない"),
    ),
    "take_up": ("measure.taken_up", lambda w, by: review.take_up(w.review, by=by, reason="費用が出た")),
    "answer_anniversary": (
        "review.anniversary",
        lambda w, by: review.answer_anniversary(w.year, by=by, answer="hollow", note="だれも見ていない"),
    ),
    "link recurrence": (
        "incident.recurrence_linked",
        lambda w, by: recurrence.link(w.again, by=by, original=w.crack),
    ),
    "unlink recurrence": (
        "incident.recurrence_unlinked",
        lambda w, by: recurrence.unlink(w.linked, by=by, reason="別の件だった"),
    ),
    "spread": (
        "spread.asked",
        lambda w, by: spread.spread(
            w.crack, by=by, teams=[w.other], title="ほかにもありますか", body="", due_on=FUTURE
        ),
    ),
    "hand_over": ("measure.handed_over", lambda w, by: countermeasure.hand_over(w.promised, by=by, owner=w.third)),
    "set_helpers": (
        "measure.helpers_changed",
        lambda w, by: countermeasure.set_helpers(w.promised, by=by, helpers=[w.third]),
    ),
    "ask_help": (
        "reply.help",
        lambda w, by: reply.ask_help(w.promised.follow_up, by=by, mark="a" * 64, words="半日手伝ってほしい"),
    ),
    "set_terms": (
        "measure.terms_changed",
        lambda w, by: terms.set_terms(w.promised, by=by, backup=w.third),
    ),
    "not_doing": (
        "measure.dropped",
        lambda w, by: countermeasure.not_doing(w.promised, by=by, reason="作業そのものをやめた", review_on=FUTURE),
    ),
    "record_outcome": (
        "check.decided",
        lambda w, by: check.record_outcome(w.check, by=by, outcome="effective", note="90日 0件"),
    ),
    "ineffective": (
        "root.reopened",
        lambda w, by: check.record_outcome(w.check, by=by, outcome="ineffective", note="また2件起きた"),
    ),
}
LEADS_ONLY = {"accept_risk", "not_doing", "change_due", "grant", "refuse wish"}
NOT_BY_OWNER = {"record_outcome", "ineffective"}


@pytest.fixture
def third(team) -> Any:
    person = PersonFactory(name="伊藤 誠", email="third@example.jp")
    MembershipFactory(person=person, team=team, role=Role.MEMBER)
    return person


def unchanged(name: str, world: SimpleNamespace, by: Any, expected: type[Exception], code: str | None = None) -> None:
    """The verb is refused, with this code where one is said, and leaves every row as it was."""
    before = everything()
    with pytest.raises(expected) as refused:
        VERBS[name][1](copy.deepcopy(world), by)

    assert code is None or refused.value.code == code
    assert everything() == before


# The world takes two seconds to make, so each test makes it once and rolls back what a verb did before the next.


def test_verb_leaves_its_trace(world, alice, subtests):
    for name, (verb, act) in VERBS.items():
        with subtests.test(verb=name), undone():
            before = AuditEntry.objects.count()
            act(copy.deepcopy(world), alice)

            written = AuditEntry.objects.order_by("pk")[before:]
            mine = [entry for entry in written if entry.verb == verb]
            assert [(e.actor_id, e.actor_label, e.team_id) for e in mine] == [(alice.pk, "佐藤 美咲", world.team.pk)]
            assert [] == [line for entry in written for line in readable_changes(entry) if RAW.search(" ".join(line))]


def test_change_without_its_trace_does_not_stand(world, alice, monkeypatch, subtests):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the trace cannot be written")

    monkeypatch.setattr(AuditEntry, "save", broken)
    for name in VERBS:
        with subtests.test(verb=name), undone():
            unchanged(name, world, alice, RuntimeError)


@pytest.mark.sqlite_is_enough
def test_viewer_changes_nothing(world, vera, subtests):
    for name in VERBS:
        with subtests.test(verb=name), undone():
            unchanged(name, world, vera, NotAllowed, "viewer")


@pytest.mark.sqlite_is_enough
@pytest.mark.parametrize("who", ["stranger", "deactivated lead", "administrator without a role"])
def test_nobody_else_changes_anything(who, world, carol, alice, admin, subtests):
    if who == "deactivated lead":
        alice.is_active = False
        alice.save()
    by = {"stranger": carol, "deactivated lead": alice, "administrator without a role": admin}[who]
    for name in VERBS:
        with subtests.test(verb=name), undone():
            unchanged(name, world, by, NotAllowed)


@pytest.mark.sqlite_is_enough
def test_lead_decides(world, bob, subtests):
    for name in sorted(LEADS_ONLY):
        with subtests.test(verb=name), undone():
            unchanged(name, world, bob, NotAllowed, "not_lead")


@pytest.mark.sqlite_is_enough
def test_owner_does_not_judge(world, bob, subtests):
    for name in sorted(NOT_BY_OWNER):
        with subtests.test(verb=name), undone():
            unchanged(name, world, bob, Refused, "checker_is_owner")


@pytest.mark.sqlite_is_enough
def test_lead_elsewhere_counts_for_nothing_here(world, carol, team):
    """Two teams, two roles: only the role in the record's own team is asked."""
    Membership.objects.create(person=carol, team=team, role=Role.VIEWER)
    Membership.objects.create(person=carol, team=TeamFactory(), role=Role.LEAD)

    with pytest.raises(NotAllowed):
        VERBS["edit"][1](world, carol)


def test_trace_keeps_old_and_new(world, alice):
    countermeasure.change_due(world.promised, by=alice, due_on=FUTURE, reason="改修が延びた")

    entry = AuditEntry.objects.filter(verb="measure.due_changed").get()
    assert (entry.changes, entry.reason, entry.target_label, entry.incident_id) == (
        {"due_on": ["2026-12-15", "2027-06-01"]},
        "改修が延びた",
        world.promised.title,
        world.promised.incident_id,
    )


def test_ushiro_itself_signs_with_its_name(world):
    entry = audit.note(None, "letter.cancelled", world.crack)

    assert (entry.actor_id, entry.actor_label) == (None, "うしろ")


def test_audit_row_cannot_be_rewritten_by_note(world, alice):
    entry = audit.entry(alice, "incident.edited", world.crack, title=("a", "b"))
    assert entry.pk is None
    assert entry.changes == {"title": ["a", "b"]}


def test_check_may_be_judged_after_its_day(world, clock, alice):
    clock.forward(days=200)
    decided = check.record_outcome(world.check, by=alice, outcome="effective", note="0件")

    assert decided.measure.incident.stage == Stage.MEASURES_COMMITTED  # the object is old; the row has moved on
    world.check.measure.incident.refresh_from_db()
    assert world.check.measure.incident.stage == Stage.MENDED
    assert decided.decided_at - timezone.now() < timedelta(seconds=1)
