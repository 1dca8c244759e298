"""Random people drive random verbs; after each step every invariant holds (product.md, 1-3, 5, 7 and 10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from incidents import rules
from incidents.domain import (
    auditor,
    cause,
    check,
    containment,
    countermeasure,
    due_request,
    final_report,
    handover,
    incident,
    outside,
    recurrence,
    reminder,
    review,
)
from incidents.enums import (
    COVERING_STATUSES,
    OTHER_ENDS,
    RUNNING_STATUSES,
    SILENT_ENDS,
    Anniversary,
    FollowUpKind,
    IncidentKind,
    MeasureStatus,
    Outcome,
    Role,
    Stage,
)
from incidents.errors import Refused
from incidents.models import (
    AuditEntry,
    Countermeasure,
    DueRequest,
    EffectCheck,
    FollowUp,
    Incident,
    ReminderDelivery,
    RootCause,
    Why,
)
from incidents.queries.clock import final_report_due, final_report_facts, first_contained_at
from incidents.queries.incident import record_facts
from tests.conftest import at
from tests.factories import MembershipFactory, PersonFactory
from tests.rows import arrive

# Most steps are made by those who may; now and then a viewer or a stranger tries.
WHO = st.sampled_from(["lead", "lead", "lead", "member", "member", "second", "viewer", "stranger"])
WORKER = st.sampled_from(["lead", "member", "second"])
NTH = st.integers(0, 5)
DAYS = st.sampled_from([-1, 0, 1, 7, 40])
WORDS = st.sampled_from(["", " ", "見たとおりです", "先方と話した"])
SEVERITY = st.sampled_from(["", "S1", "S3", "S4"])
EFFECTS = st.sampled_from([[], [], ["danger"], ["one_outside", "inside_only"]])
KIND = st.sampled_from([*[IncidentKind.INCIDENT] * 3, IncidentKind.NEAR_MISS])


class Story(RuleBasedStateMachine):
    """Up to three records of one team. The database goes back after each run."""

    people: dict[str, Any]
    team: Any

    def __init__(self) -> None:
        super().__init__()
        self.ran: dict[int, Any] = {}  # records whose clock has run, and its end
        self.travel = time_machine.travel(at("2026-11-24 09:30"), tick=False)
        self.clock = self.travel.start()
        self.undo = transaction.atomic()
        self.undo.__enter__()

    def teardown(self) -> None:
        """At the end of each story the auditor finds nothing but letters that no morning has written (U1)."""
        try:
            assert [fault for fault in auditor.audit() if fault.code != "untold"] == []
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)
            self.travel.stop()

    # Tools -----------------------------------------------------------------------------------

    def do(self, who: str, verb: Any, *arguments: Any, **named: Any) -> Any:
        """One verb by one person. What is refused leaves nothing; what is done leaves its trace (invariants 5, 10)."""
        before = AuditEntry.objects.count()
        try:
            with transaction.atomic():
                made = verb(*arguments, by=self.people[who], **named)
        except Refused as refusal:
            assert refusal.code and str(refusal.reason)
            assert AuditEntry.objects.count() == before
            return None
        assert who not in {"viewer", "stranger"}, verb
        assert AuditEntry.objects.count() > before, verb
        return made

    @staticmethod
    def nth(rows: Any, n: int) -> Any:
        found = list(rows.order_by("pk"))
        return found[n % len(found)] if found else None

    @property
    def today(self) -> Any:
        return timezone.localdate()

    # Records ---------------------------------------------------------------------------------

    @initialize(who=WORKER, severity=SEVERITY, waits=st.booleans())
    def first(self, who, severity, waits):
        self.report(who, severity, waits)

    @rule(who=WHO, severity=SEVERITY, waits=st.booleans())
    def report_another(self, who, severity, waits):
        if Incident.objects.count() < 3:
            self.report(who, severity, waits)

    def report(self, who, severity, waits):
        self.do(
            who,
            incident.report,
            team=self.team,
            title="宛先ちがい",
            noticed_at=timezone.now(),
            who_waits="青空物産さま" if waits else "",
            severity=severity,
        )

    @rule(who=WHO, n=NTH, waived=st.booleans(), words=WORDS)
    def tell_the_other_side(self, who, n, waived, words):
        one = self.nth(Incident.objects, n)
        if waived:
            self.do(who, incident.waive_first_report, one, reason=words)
        else:
            self.do(who, incident.record_first_report, one, channel="phone", reported_at=timezone.now())

    @rule(who=WHO, n=NTH, severity=SEVERITY, effects=EFFECTS, words=WORDS)
    def weigh(self, who, n, severity, effects, words):
        one = self.nth(Incident.objects, n)
        fields = {"severity": severity, "effects": effects, "severity_reason": words, "body": one.body + "。"}
        self.do(who, incident.edit, one, **fields)

    @rule(who=WHO, n=NTH, waits=st.booleans(), kind=KIND, another=st.booleans(), earlier=st.booleans())
    def change_who_waits(self, who, n, waits, kind, another, earlier):
        one = self.nth(Incident.objects, n)
        fields = {"kind": kind, "who_waits": "緑商事さま" if waits else "", "body": one.body + "。"}
        if earlier:
            fields["noticed_at"] = one.noticed_at - timedelta(minutes=7)
        self.do(who, incident.edit, one, another_waits=another, **fields)

    @rule(who=WORKER, n=NTH, words=WORDS)
    def make_a_duplicate_of_the_next(self, who, n, words):
        one, original = self.nth(Incident.objects, n), self.nth(Incident.objects, n + 1)
        self.do(who, incident.end_otherwise, one, end=Stage.DUPLICATE, reason=words + "同じ件", duplicate_of=original)

    @rule(who=WHO, n=NTH, end=st.sampled_from(sorted(OTHER_ENDS)), words=WORDS)
    def end(self, who, n, end, words):
        original = self.nth(Incident.objects, n + 1)
        self.do(
            who, incident.end_otherwise, self.nth(Incident.objects, n), end=end, reason=words, duplicate_of=original
        )

    @rule(who=WHO, n=NTH, words=WORDS)
    def reopen(self, who, n, words):
        one = self.nth(Incident.objects.exclude(end=""), n)
        if one is not None:
            self.do(who, incident.reopen, one, reason=words)

    # The other side --------------------------------------------------------------------------

    @rule(who=WHO, n=NTH, days=DAYS, words=WORDS)
    def contain(self, who, n, days, words):
        done_at = timezone.now() - timedelta(days=max(days, 0))
        self.do(who, containment.record, self.nth(Incident.objects, n), text=words, done_at=done_at)

    @rule(who=WHO, n=NTH, step=st.sampled_from(["give", "agree", "agree", "waive"]), days=DAYS, words=WORDS)
    def report_finally(self, who, n, step, days, words):
        one = self.nth(Incident.objects, n)
        if step == "give":
            self.do(who, final_report.give, one, channel="mail", reported_at=timezone.now(), note=words)
        elif step == "agree":
            due_on = self.today + timedelta(days=days)
            self.do(who, final_report.agree, one, due_on=due_on, reason=words, told=bool(n))
        else:
            self.do(who, final_report.waive, one, reason=words)

    @rule(who=WHO, n=NTH, back=st.booleans(), words=WORDS)
    def settle_outside(self, who, n, back, words):
        one = self.nth(Incident.objects, n)
        if back:
            self.do(who, outside.reopen, one, reason=words)
        else:
            self.do(who, outside.close, one, closed_at=timezone.now(), channel="phone", agreed=words)

    @rule(who=WHO, n=NTH, to=WORKER)
    def hand_the_record_over(self, who, n, to):
        one = self.nth(Incident.objects, n)
        self.do(who, handover.hand_over, one, owner=self.people[to], reason="異動")

    # Causes ----------------------------------------------------------------------------------

    @rule(who=WHO, n=NTH)
    def find_a_root(self, who, n):
        one = self.nth(Incident.objects, n)
        if RootCause.objects.filter(incident=one).count() < 2:
            why = self.do(who, cause.ask_why, one, text="手順がない")
            if why is not None:
                self.do(who, cause.mark_root, why, factor="procedure")

    @rule(who=WHO, n=NTH)
    def mark(self, who, n):
        why = self.nth(Why.objects, n)
        if why is not None:
            self.do(who, cause.mark_root, why, factor="tool")

    @rule(who=WHO, n=NTH, words=WORDS)
    def unmark(self, who, n, words):
        root = self.nth(RootCause.objects, n)
        if root is not None:
            self.do(who, cause.unmark_root, root, reason=words)

    @rule(who=WHO, n=NTH, days=DAYS, words=WORDS)
    def accept_risk(self, who, n, days, words):
        root = self.nth(RootCause.objects, n)
        if root is not None:
            self.do(who, cause.accept_risk, root, reason=words, review_on=self.today + timedelta(days=days))

    # Measures --------------------------------------------------------------------------------

    @rule(
        who=WHO,
        n=NTH,
        strength=st.sampled_from([0, 1, 3, 4]),
        owner=WORKER,
        checker=WORKER,
        outside=st.booleans(),
        promise=st.booleans(),
        weak=WORDS,
    )
    def propose(self, who, n, strength, owner, checker, outside, promise, weak):
        root = self.nth(RootCause.objects, n)
        if root is None or Countermeasure.objects.filter(incident=root.incident_id).count() >= 4:
            return
        plan = {
            "title": "画面で止める",
            "root": root,
            "before": "前",
            "after": "後",
            "strength": strength,
            "owner": self.people[owner],
            "due_on": self.today + timedelta(days=10),
            "promised_outside": outside,
            "check_what": "件数",
            "check_threshold": "0件",
            "check_on": self.today + timedelta(days=40),
            "checker": self.people[checker],
        }
        verb = countermeasure.propose_and_commit if promise else countermeasure.propose
        self.do(who, verb, root.incident, **plan, **({"weak_reason": weak} if promise else {}))

    def a_measure(self, n: int, *statuses: str) -> Countermeasure | None:
        """Mostly one for which the step makes sense; each third time any."""
        rows = Countermeasure.objects.all()
        return self.nth(rows.filter(status__in=statuses) if n % 3 else rows, n)

    @rule(who=WHO, n=NTH, words=WORDS)
    def commit(self, who, n, words):
        one = self.a_measure(n, MeasureStatus.PROPOSED)
        if one is not None:
            self.do(who, countermeasure.commit, one, weak_reason=words)

    @rule(who=WHO, n=NTH)
    def start(self, who, n):
        one = self.a_measure(n, MeasureStatus.COMMITTED)
        if one is not None:
            self.do(who, countermeasure.start, one)

    @rule(who=WHO, n=NTH, words=WORDS)
    def complete(self, who, n, words):
        one = self.a_measure(n, *RUNNING_STATUSES)
        if one is not None:
            self.do(who, countermeasure.complete, one, note=words)

    @rule(who=WHO, n=NTH, days=DAYS, words=WORDS, draft=WORDS)
    def ask_for_another_date(self, who, n, days, words, draft):
        one = self.a_measure(n, *RUNNING_STATUSES)
        if one is not None:
            self.do(who, due_request.ask, one, due_on=self.today + timedelta(days=days), reason=words, draft=draft)

    @rule(who=WHO, n=NTH, granted=st.booleans(), words=WORDS)
    def answer_the_wish(self, who, n, granted, words):
        wish = self.nth(DueRequest.objects, n)
        if wish is not None:
            self.do(who, due_request.grant if granted else due_request.refuse, wish, note=words)

    @rule(who=WHO, n=NTH, to=st.sampled_from(["lead", "member", "second", "viewer", "stranger"]))
    def hand_over(self, who, n, to):
        one = self.a_measure(n, *RUNNING_STATUSES)
        if one is not None:
            self.do(who, countermeasure.hand_over, one, owner=self.people[to])

    @rule(who=WHO, n=NTH, days=DAYS, words=WORDS, draft=WORDS)
    def do_not_do(self, who, n, days, words, draft):
        one = self.a_measure(n, MeasureStatus.PROPOSED, *RUNNING_STATUSES)
        if one is not None:
            review_on = self.today + timedelta(days=days)
            told = {"draft": draft, "next_at": timezone.now() + timedelta(days=days)}
            self.do(who, countermeasure.not_doing, one, reason=words, review_on=review_on, **told)

    # Proof -----------------------------------------------------------------------------------

    @rule(who=WHO, n=NTH, outcome=st.sampled_from([Outcome.EFFECTIVE, *Outcome]), words=WORDS, days=DAYS)
    def judge(self, who, n, outcome, words, days):
        rows = EffectCheck.objects.filter(measure__status=MeasureStatus.DONE, outcome="") if n else EffectCheck.objects
        one = self.nth(rows, n)
        if one is not None:
            again = self.today + timedelta(days=days)
            self.do(who, check.record_outcome, one, outcome=outcome, note=words, again_on=again)

    @rule(who=WHO, n=NTH, to=WORKER)
    def another_checker(self, who, n, to):
        one = self.nth(EffectCheck.objects, n)
        if one is not None:
            self.do(who, check.hand_over, one, checker=self.people[to])

    @rule(who=WHO, n=NTH, up=st.booleans(), days=DAYS, words=WORDS)
    def look_again(self, who, n, up, days, words):
        kinds = [FollowUpKind.RISK_REVIEW, FollowUpKind.NOT_DOING_REVIEW]
        one = self.nth(FollowUp.objects.filter(kind__in=kinds), n)
        if one is not None and up:
            self.do(who, review.take_up, one, reason=words)
        elif one is not None:
            self.do(who, review.leave, one, again_on=self.today + timedelta(days=days), reason=words)

    @rule(who=WHO, n=NTH, answer=st.sampled_from(Anniversary.values), words=WORDS)
    def a_year_later(self, who, n, answer, words):
        one = self.nth(FollowUp.objects.filter(kind=FollowUpKind.ANNIVERSARY), n)
        if one is not None:
            self.do(who, review.answer_anniversary, one, answer=answer, note=words)

    @rule(who=WHO, n=NTH, m=NTH)
    def again(self, who, n, m):
        one, original = self.nth(Incident.objects, n), self.nth(Incident.objects, m)
        self.do(who, recurrence.link, one, original=original)

    @rule(who=WHO, n=NTH, words=WORDS)
    def another_thing_after_all(self, who, n, words):
        one = self.nth(Incident.objects.filter(recurrence_of__isnull=False), n)
        if one is not None:
            self.do(who, recurrence.unlink, one, reason=words)

    @rule(days=st.sampled_from([1, 3, 30]))
    def time_passes(self, days):
        self.clock.shift(timedelta(days=days))

    @rule()
    def a_morning_writes_its_letters(self):
        reminder.write_due_moments()
        reminder.write_due_digests()
        arrive()

    # What always holds -----------------------------------------------------------------------

    @invariant()
    def stage_is_what_the_rules_say(self):
        for one in Incident.objects.all():
            facts = record_facts(one)
            assert one.stage == rules.stage_of(facts), facts
            assert (one.mended_at is not None) == (one.stage == Stage.MENDED)

    @invariant()
    def a_running_clock_is_followed_once_and_a_stopped_one_never(self):
        """F1: the end on the record is the end of the one follow-up that tells of it."""
        for one in Incident.objects.all():
            followed = FollowUp.objects.open().filter(incident=one, kind=FollowUpKind.FIRST_REPORT)
            running = [one.first_report_due_at] if one.clock_is_running else []
            assert list(followed.values_list("due_at", flat=True)) == running
            if not one.end:  # who waits is never crossed out while the clock runs, and nobody waits without one
                waits = rules.first_report_expected(one.kind, someone_waits=bool(one.who_waits))
                stopped = one.first_reported_at is not None or one.first_report_waived
                assert one.clock_is_running == (waits and not stopped)

    @invariant()
    def a_clock_stops_with_a_report_or_a_reason(self):
        """F1: and once it has stopped, its end is a fact."""
        for one in Incident.objects.all():
            if one.clock_is_running:
                self.ran[one.pk] = one.first_report_due_at
            elif one.pk in self.ran:
                assert one.first_reported_at is not None or one.first_report_waived.strip()
                assert one.first_report_due_at == self.ran[one.pk]

    @invariant()
    def a_final_report_that_is_owed_is_followed_and_no_other(self):
        """B-3: one promise a record, open exactly while it is owed, for its day and its owner; given, or with a reason."""
        for one in Incident.objects.select_related("team"):
            found = list(FollowUp.objects.filter(incident=one, kind=FollowUpKind.FINAL_REPORT))
            assert len(found) <= 1
            contained_at = first_contained_at(one)
            owed = not rules.no_final_report(final_report_facts(one, contained_at))
            if one.final_reported_at is not None:
                assert [promise.state for promise in found if promise.state == "open"] == []
            elif owed:
                [promise] = found
                assert (promise.state, promise.due_on) == ("open", final_report_due(one, contained_at))
                assert (promise.owner_id, promise.backup_id) == (one.owner_id, one.backup_id)
            else:
                assert all(promise.state == "cancelled" and promise.closed_note.strip() for promise in found)

    @invariant()
    def duplicates_lead_to_a_record_that_goes_on(self):
        for one in Incident.objects.filter(end=Stage.DUPLICATE).select_related("duplicate_of"):
            assert one.duplicate_of.end not in SILENT_ENDS

    @invariant()
    def a_severity_is_never_emptied_nor_lighter_without_a_reason(self):
        """B-4: none is set only where none ever was."""
        for one in Incident.objects.all():
            suggested = rules.suggest_severity(one.effects, one.kind)
            assert not suggested or one.severity
            assert not suggested or one.severity <= suggested or one.severity_reason.strip()

    @invariant()
    def gold_is_proven(self):
        """Invariant 1."""
        for one in Incident.objects.filter(stage=Stage.MENDED):
            proven = Countermeasure.objects.filter(incident=one, status=MeasureStatus.EFFECTIVE)
            roots = RootCause.objects.filter(incident=one, withdrawn_at__isnull=True)
            held = set(proven.values_list("root_id", flat=True))
            assert roots.exists()
            assert all(root.pk in held or root.risk_review_on for root in roots)
            assert any(m.owner_id and m.due_on and m.before and m.after and m.checks.exists() for m in proven)

    @invariant()
    def wishes_are_no_measures(self):
        """Invariant 2."""
        for one in Incident.objects.filter(stage__in=[Stage.MEASURES_COMMITTED, Stage.MENDED]).exclude(severity="S4"):
            standing = list(Countermeasure.objects.filter(incident=one, status__in=COVERING_STATUSES))
            assert any(m.strength > 1 or m.weak_reason.strip() for m in standing)

    @invariant()
    def done_is_shown_and_judged_by_another(self):
        """Invariant 3."""
        for m in Countermeasure.objects.filter(status__in=[MeasureStatus.DONE, MeasureStatus.EFFECTIVE]):
            assert m.done_note.strip() or m.done_evidence.strip()
        for one in EffectCheck.objects.exclude(outcome="").select_related("measure"):
            assert one.decided_by_id != one.measure.owner_id
        for m in Countermeasure.objects.filter(status=MeasureStatus.EFFECTIVE):
            assert m.checks.filter(outcome=Outcome.EFFECTIVE).exists()
        for m in Countermeasure.objects.filter(status=MeasureStatus.INEFFECTIVE):
            assert AuditEntry.objects.filter(verb="root.reopened", target_id=m.root_id).exists()

    @invariant()
    def promises_outlive_their_record(self):
        """Invariant 7: whatever end the record has come to, what is promised is open, and somebody will be told."""
        followed = FollowUp.objects.open()
        for m in Countermeasure.objects.filter(status__in=RUNNING_STATUSES):
            assert followed.filter(measure=m, owner=m.owner, due_on=m.due_on).exists()
        for m in Countermeasure.objects.filter(status=MeasureStatus.DONE):
            assert followed.filter(check_plan__measure=m).exists()
        for m in Countermeasure.objects.filter(status=MeasureStatus.NOT_DOING):
            kept = followed.filter(review_of=m, kind=FollowUpKind.NOT_DOING_REVIEW)
            assert [f.due_on for f in kept] == [m.not_doing_review_on]
        for root in RootCause.objects.filter(risk_review_on__isnull=False, withdrawn_at__isnull=True):
            assert [f.due_on for f in followed.filter(root=root)] == [root.risk_review_on]
        for one in followed:
            told = ReminderDelivery.objects.filter(follow_up=one, state="pending", due_version=one.due_version)
            assert told.exists(), one.kind


def run(alice, bob, vera, carol, team, *, examples: int, steps: int, same: bool = False) -> None:
    second = PersonFactory(name="伊藤 誠", email="second@example.jp")
    MembershipFactory(person=second, team=team, role=Role.MEMBER)
    people = {"lead": alice, "member": bob, "second": second, "viewer": vera, "stranger": carol}
    machine = type("OneStory", (Story,), {"people": people, "team": team})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=same,  # the short run tells the same stories each time; the long one always new ones
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_short_story_breaks_an_invariant(alice, bob, vera, carol, team):
    run(alice, bob, vera, carol, team, examples=15, steps=30, same=True)


@pytest.mark.soak
def test_no_story_breaks_an_invariant(alice, bob, vera, carol, team):
    """200 stories of 50 steps each; `make soak` runs it."""
    run(alice, bob, vera, carol, team, examples=200, steps=50)
