"""Pure yes/no with a reason. Knows enums and plain values; never a query, never a model.

The page, the admin console and the mail links ask the same functions, so that a button is shown
exactly when the step would be accepted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.enums import (
    COVERING_STATUSES,
    EDITING_ROLES,
    LIGHTER_KINDS,
    RUNNING_STATUSES,
    SILENT_ENDS,
    WEAK_STRENGTHS,
    Certainty,
    IncidentKind,
    MeasureStatus,
    Role,
    Severity,
    Stage,
    Verdict,
)
from incidents.errors import NotAllowed, Refused

# Who ---------------------------------------------------------------------------------------


def may_edit(role: str | None) -> bool:
    """Members and leads write; viewers read; strangers do not know that the record exists."""
    return role in EDITING_ROLES


def refuse_unless_editor(role: str | None) -> None:
    """Raises NotAllowed for a viewer."""
    if not may_edit(role):
        raise NotAllowed(
            "viewer",
            _("閲覧の役割では変更できません。"),
            _("変更が必要なときは、チームのリーダーに役割の変更を頼んでください。"),
        )


def refuse_unless_lead(role: str | None) -> None:
    """Raises NotAllowed for everybody but a lead."""
    if role != Role.LEAD:
        raise NotAllowed("not_lead", _("この操作はリーダーが行います。"), _("チームのリーダーに頼んでください。"))


# How far the repair is ---------------------------------------------------------------------


@dataclass(frozen=True)
class MeasureFacts:
    status: str
    strength: int
    root_id: int | None
    excused: bool = False  # promised although weak, with a lead's reason that is kept (invariant 2)


@dataclass(frozen=True)
class RootFacts:
    id: int
    reopened: bool
    risk_accepted: bool  # with a review date; the database holds that both go together


@dataclass(frozen=True)
class RecordFacts:
    """All that decides the stage of an incident, as plain values."""

    end: str  # "" or one of OTHER_ENDS
    someone_waits: bool
    first_reported: bool
    first_report_waived: bool
    severity: str
    roots: Sequence[RootFacts]
    measures: Sequence[MeasureFacts]


@dataclass(frozen=True)
class Gate:
    """One step of the repair: open, or shut with a code, a reason and what would open it."""

    stage: Stage
    code: str
    reason: str | Promise
    fix: str | Promise
    anchor: str

    @property
    def is_open(self) -> bool:
        return not self.code


def _open(stage: Stage) -> Gate:
    return Gate(stage, "", "", "", "")


def is_untreated(measures: Sequence[MeasureFacts]) -> bool:
    """True when all that was promised is "be careful" or "teach" (B-5, A-34): shown as 未対策."""
    standing = [m for m in measures if m.status in COVERING_STATUSES]
    return bool(standing) and all(m.strength in WEAK_STRENGTHS for m in standing)


def weak_without_reason(measures: Sequence[MeasureFacts], severity: str) -> bool:
    """Whether all that stands is weak and no lead has said why (invariant 2). Asked of every severity but S4.

    A severity that nobody has set yet counts as serious: otherwise leaving it open would be the way round.
    """
    if severity == Severity.S4 or not is_untreated(measures):
        return False
    return not any(m.excused for m in measures if m.status in COVERING_STATUSES)


def gates(record: RecordFacts) -> list[Gate]:
    """The gates in the order of the repair, each open or shut with its reason (invariants 1 and 10)."""
    return [
        _open(Stage.RECORDED),
        _first_report_gate(record),
        _cause_gate(record),
        _measures_gate(record),
        _gold_gate(record),
    ]


def _first_report_gate(record: RecordFacts) -> Gate:
    stage = Stage.FIRST_REPORTED
    if record.first_reported or record.first_report_waived or not record.someone_waits:
        return _open(stage)
    return Gate(
        stage,
        "first_report_missing",
        _("待っている方への一次報告がまだです。"),
        _("一次報告を記録するか、不要な理由を書いてください。"),
        "first-report",
    )


DRIFT = timedelta(minutes=5)  # how far the clocks of two machines may stand apart


def is_ahead(moment: datetime | None, now: datetime) -> bool:
    """Whether what is told as done lies in the future, by more than clocks may differ."""
    return moment is not None and moment > now + DRIFT


def refuse_times(
    *,
    now: datetime,
    noticed_at: datetime,
    occurred_at: datetime | None = None,
    recognised_at: datetime | None = None,
    first_reported_at: datetime | None = None,
) -> None:
    """Whether the record's own times can be so: nothing ahead, and one after the other. Raises Refused."""
    if is_ahead(noticed_at, now):
        raise Refused(
            "noticed_in_future",
            _("気づいた時刻が未来になっています。"),
            _("今日の日付と時刻を確かめてください。"),
        )
    if first_reported_at is not None and noticed_at > first_reported_at:
        raise Refused(
            "report_before_notice",
            _("一次報告の時刻が、気づいた時刻より前です。"),
            _("どちらかの時刻を直してください。"),
        )
    # Something may be noticed before it happens (a date that will be missed), but not be told before it happened.
    if is_ahead(occurred_at, now):
        raise Refused(
            "occurred_in_future",
            _("起きた時刻が未来になっています。"),
            _("起きた時刻を入れてください。まだなら、空のままにします。"),
        )
    if is_ahead(recognised_at, now):
        raise Refused(
            "recognised_in_future",
            _("組織として知った時刻が未来になっています。"),
            _("知った時刻を入れてください。まだなら、空のままにします。"),
        )
    if recognised_at is not None and occurred_at is not None and recognised_at < occurred_at:
        raise Refused(
            "recognised_before_event",
            _("組織として知った時刻が、起きた時刻より前です。"),
            _("どちらかの時刻を直してください。"),
        )


def refuse_close_outside(
    *,
    at: datetime,
    agreed: str,
    noticed_at: datetime,
    first_reported_at: datetime | None,
    has_other_side: bool,
    report_missing: bool,
    now: datetime,
) -> None:
    """対外完了: whether it may be settled with the other side at `at`. The stage is not asked: the two are apart.

    report_missing: somebody waits for a first report that is neither recorded nor waived. Raises Refused.
    """
    if not has_other_side:
        raise Refused(
            "nobody_outside",
            _("この記録には、相手が書かれていません。"),
            _("「書きかえる」で、待っている人か相手を書いてください。"),
            "outside",
        )
    if report_missing:
        raise Refused(
            "first_report_missing",
            _("待っている方への一次報告がまだです。"),
            _("一次報告を記録するか、不要な理由を書いてください。"),
            "first-report",
        )
    if not agreed.strip():
        raise Refused(
            "nothing_agreed",
            _("相手と決まったことが書かれていません。"),
            _("何をもって終わりとしたかを、一行書いてください。"),
            "outside",
        )
    if is_ahead(at, now):
        raise Refused(
            "settled_in_future",
            _("対外完了の時刻が未来になっています。"),
            _("相手と確かめた時刻を入れてください。"),
            "outside",
        )
    before = max(noticed_at, first_reported_at or noticed_at)
    if at < before.replace(second=0, microsecond=0):  # a browser's field has no seconds
        raise Refused(
            "settled_before_report",
            _("対外完了の時刻が、一次報告か気づいた時刻より前です。"),
            _("どちらかの時刻を確かめてください。"),
            "outside",
        )


def refuse_call(*, at: datetime, said: str, asks: str, now: datetime) -> None:
    """電話メモ: what was said, or what was asked for, at a time that has come (A-22). Raises Refused."""
    if not (said.strip() or asks.strip()):
        raise Refused(
            "nothing_said",
            _("伺ったことも、ご要望も書かれていません。"),
            _("どちらか一行を書いてください。"),
            "outside",
        )
    if is_ahead(at, now):
        raise Refused(
            "call_in_future",
            _("電話の時刻が未来になっています。"),
            _("お電話のあった時刻を入れてください。"),
            "outside",
        )


def _cause_gate(record: RecordFacts) -> Gate:
    stage = Stage.CAUSE_KNOWN
    if not record.roots:
        return Gate(
            stage,
            "no_root_cause",
            _("真因がまだ決まっていません。"),
            _("なぜを足して、真因に印をつけてください。"),
            "causes",
        )
    if any(root.reopened for root in record.roots):
        return Gate(
            stage,
            "cause_reopened",
            _("対策が効かなかったため、原因を見直しています。"),
            _("なぜを足すか、真因をもう一度確かめてください。"),
            "causes",
        )
    return _open(stage)


def _measures_gate(record: RecordFacts) -> Gate:
    stage = Stage.MEASURES_COMMITTED
    covered = {m.root_id for m in record.measures if m.status in COVERING_STATUSES}
    if not covered:
        return Gate(
            stage,
            "no_committed_measure",
            _("約束した対策がまだありません。"),
            _("対策を一つ選び、担当・期限・効果確認を決めて約束してください。"),
            "measures",
        )
    if any(root.id not in covered and not root.risk_accepted for root in record.roots):
        return Gate(
            stage,
            "root_uncovered",
            _("対策のない真因が残っています。"),
            _("その真因に対策を約束するか、見直し日を決めてリスクを受け入れてください。"),
            "measures",
        )
    if weak_without_reason(record.measures, record.severity):
        return Gate(
            stage,
            "weak_only",
            _("「心がける」「教える」だけでは未対策です。"),
            _(
                "仕組みを変える対策を足してください。それでも進めるときは、リーダーが対策の「約束の条件」に理由を書きます。"
            ),
            "measures",
        )
    return _open(stage)


def _gold_gate(record: RecordFacts) -> Gate:
    stage = Stage.MENDED
    standing = [m for m in record.measures if m.status in COVERING_STATUSES]
    if any(m.status in RUNNING_STATUSES for m in standing):
        return Gate(
            stage,
            "measure_not_done",
            _("まだ実施していない対策があります。"),
            _("実施したら、証拠かひとことを添えて「できました」を押してください。"),
            "measures",
        )
    if not standing or any(m.status == MeasureStatus.DONE for m in standing):
        return Gate(
            stage,
            "effect_not_checked",
            _("効き目がまだ確かめられていません。"),
            _("担当ではない方が、期間の終わりに効き目を確かめます。"),
            "measures",
        )
    proven = {m.root_id for m in standing}
    if any(root.id not in proven and not root.risk_accepted for root in record.roots):
        return Gate(
            stage,
            "root_unproven",
            _("効き目の確かめられていない真因があります。"),
            _("その真因の対策の効き目を確かめてください。"),
            "measures",
        )
    return _open(stage)


def stage_of(record: RecordFacts) -> Stage:
    """The stage that the record has reached: the last gate of the unbroken row of open ones, or its other end.

    Lacquer is for what was said: a record on which nobody waits passes that gate but does not rest there.
    """
    if record.end:
        return Stage(record.end)
    said = record.first_reported or record.first_report_waived
    reached = Stage.RECORDED
    for gate in gates(record):
        if not gate.is_open:
            break
        if gate.stage != Stage.FIRST_REPORTED or said:
            reached = gate.stage
    return reached


# Steps -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CommitFacts:
    """What a countermeasure holds when somebody wants to promise it."""

    status: str
    has_root: bool
    before: str
    after: str
    strength: int
    owner_id: int | None
    due_on: date | None
    check_measure: str
    check_threshold: str
    checker_id: int | None
    check_on: date | None


def refuse_commit(
    facts: CommitFacts,
    *,
    severity: str,
    others: Sequence[MeasureFacts],
    role: str | None,
    weak_reason: str,
    today: date,
) -> None:
    """Raises Refused with the first thing that is missing for a promise (invariants 1, 2, 3)."""
    if facts.status != MeasureStatus.PROPOSED:
        raise Refused("not_proposed", _("この対策はもう約束されています。"))
    if not facts.has_root:
        raise Refused(
            "no_root_cause",
            _("どの真因への対策かが決まっていません。"),
            _("真因を選んでください。なければ先に、なぜを足してください。"),
            "causes",
        )
    if not facts.before.strip() or not facts.after.strip():
        raise Refused(
            "no_before_after",
            _("変更前と変更後がそろっていません。"),
            _("何がどう変わるかを、変更前・変更後に書いてください。"),
        )
    if facts.owner_id is None:
        raise Refused("no_owner", _("担当が決まっていません。"), _("担当を一人選んでください。"))
    if facts.due_on is None:
        raise Refused("no_due_date", _("期限が決まっていません。"), _("期限の日付を入れてください。"))
    if facts.due_on < today:
        raise Refused("due_in_past", _("期限が過去の日付です。"), _("今日かそれより後の日付を入れてください。"))
    if not facts.check_measure.strip() or not facts.check_threshold.strip() or facts.check_on is None:
        raise Refused(
            "no_check",
            _("効き目の確かめ方が決まっていません。"),
            _("何を測り、どうなれば効いたと言えるか、いつ確かめるかを書いてください。"),
        )
    if facts.checker_id is None:
        raise Refused("no_checker", _("確かめる人が決まっていません。"), _("担当ではない方を一人選んでください。"))
    if facts.checker_id == facts.owner_id:
        raise Refused(
            "checker_is_owner",
            _("担当と確かめる人が同じです。"),
            _("効き目は、担当ではない方が確かめます。別の方を選んでください。"),
        )
    if facts.check_on <= facts.due_on:
        raise Refused(
            "check_before_due", _("効果確認の日が期限より前か同じ日です。"), _("期限より後の日を選んでください。")
        )
    promised = MeasureFacts(MeasureStatus.COMMITTED, facts.strength, None)
    if weak_without_reason([*others, promised], severity):
        if not weak_reason.strip():
            raise Refused(
                "weak_only",
                _("「心がける」「教える」だけでは未対策です。"),
                _("仕組みを変える対策を足してください。それでも進めるときは、リーダーが理由を書きます。"),
            )
        if role != Role.LEAD:
            raise NotAllowed(
                "weak_needs_lead",
                _("弱い対策だけで進める判断は、リーダーが行います。"),
                _("リーダーに頼むか、強い対策を足してください。"),
            )


def refuse_complete(*, status: str, note: str, evidence: str, name: str = "", version: str = "") -> None:
    """Raises Refused unless a promised measure comes with evidence or a note (invariant 3).

    evidence: a link; name: the document or tool that changed; version: of that document or tool (M6).
    """
    if status not in RUNNING_STATUSES:
        raise Refused("not_running", _("この対策は、いま実施中ではありません。"))
    if not (note.strip() or evidence.strip() or name.strip()):
        raise Refused(
            "no_evidence",
            _("実施の証拠かひとことが要ります。"),
            _("何をしたかを一行書くか、変えた手順書や画面のリンクを入れてください。"),
        )
    if version.strip() and not (evidence.strip() or name.strip()):
        raise Refused(
            "version_of_nothing",
            _("何の版かが書かれていません。"),
            _("変えた文書や道具の名前か、リンクを入れてください。"),
        )


def refuse_due_change(*, status: str, old: date | None, due_on: date, reason: str, today: date) -> None:
    """Raises Refused unless a running measure gets another date from today on, with a reason (M3)."""
    if status not in RUNNING_STATUSES:
        raise Refused("not_running", _("この対策は、いま実施中ではありません。"))
    if not reason.strip():
        raise Refused("no_reason", _("期限を変える理由が書かれていません。"), _("理由を一行書いてください。"))
    if due_on < today:
        raise Refused("due_in_past", _("期限が過去の日付です。"), _("今日かそれより後の日付を入れてください。"))
    if due_on == old:
        raise Refused("same_date", _("期限は変わっていません。"), _("別の日付を選んでください。"))


def refuse_outcome(
    *, measure_status: str, check_open: bool, owner_id: int | None, by_id: int, note: str, done_by_id: int | None = None
) -> None:
    """Raises Refused unless somebody else judges a done measure, with what was seen (invariant 3, V2).

    Somebody else than its owner, and than whoever said できました for them.
    """
    if not check_open:
        raise Refused("check_closed", _("この効果確認は、もう終わっています。"))
    if owner_id is not None and owner_id == by_id:
        raise Refused(
            "checker_is_owner",
            _("ご自身が担当した対策は、ご自身では確かめられません。"),
            _("担当ではない方に頼んでください。"),
        )
    if done_by_id is not None and done_by_id == by_id:
        raise Refused(
            "checker_did_it",
            _("ご自身が「できました」とした対策は、ご自身では確かめられません。"),
            _("担当でも実施した方でもない方に、確かめる人を変えてください。"),
        )
    if measure_status != MeasureStatus.DONE:
        raise Refused("not_done", _("対策がまだ実施されていません。"), _("担当の方の「できました」を待ってください。"))
    if not note.strip():
        raise Refused(
            "no_observation",
            _("何を見て判断したかが書かれていません。"),
            _("件数や日付など、見たことを一行書いてください。"),
        )


def refuse_change(stage: str) -> None:
    """Raises Refused when the record has already come to one of its other ends."""
    if stage in {Stage.DUPLICATE, Stage.WITHDRAWN, Stage.REPAIRED_ONLY}:
        raise Refused(
            "ended",
            _("この記録は「修理のみ」「重複」「取下げ」のいずれかで終わっています。"),
            _("続けるときは、先に開き直してください。"),
        )


def refuse_report(stage: str) -> None:
    """Raises Refused where no first report is owed any more. A record repaired only still owes it (invariant 7)."""
    if stage != Stage.REPAIRED_ONLY:
        refuse_change(stage)


def standing_certainty(certainty: str, verdicts: Sequence[str]) -> str:
    """How certain a line of the timeline is now: a Certainty, or Verdict.REFUTED when it was found not to be so (R1).

    certainty: what its writer said. verdicts: of its addenda in the order of their recording; "" where one only adds.
    The latest verdict wins; the line itself never changes (invariant 4).
    """
    said = [verdict for verdict in verdicts if verdict]
    if not said:
        return certainty
    return Certainty.FACT if said[-1] == Verdict.CONFIRMED else Verdict.REFUTED


def refuse_unmark(measure_statuses: Sequence[str], *, withdrawn: bool) -> None:
    """Raises Refused while a measure still leans on the root cause; what was decided against or failed does not."""
    if withdrawn:
        raise Refused("root_withdrawn", _("この真因の印は、もう外されています。"), "", "causes")
    if any(status not in {MeasureStatus.NOT_DOING, MeasureStatus.INEFFECTIVE} for status in measure_statuses):
        raise Refused(
            "measure_leans",
            _("この真因に向けた対策があります。"),
            _("先に、その対策の真因を選び直すか、実施しないと決めてください。"),
            "measures",
        )


def refuse_question_step(*, is_open: bool) -> None:
    """Raises Refused when the question has been answered or dropped already."""
    if not is_open:
        raise Refused("question_closed", _("この問いは、もう終わっています。"), "", "questions")


def first_report_expected(kind: str, *, someone_waits: bool) -> bool:
    """The clock runs only for an incident that somebody outside the team waits on (F1, A-11)."""
    return kind == IncidentKind.INCIDENT and someone_waits


# The final report --------------------------------------------------------------------------


def final_report_days(severity: str) -> int | None:
    """Business days from the containment to the final report (B-3), or None where none is needed or it is still open."""
    return {Severity.S1: 5, Severity.S2: 5, Severity.S3: 3}.get(severity)


@dataclass(frozen=True)
class FinalReportFacts:
    """All that decides whether the other side is owed a final report that has not been given, as plain values."""

    kind: str
    severity: str
    someone_waits: bool
    first_reported: bool
    contained: bool
    agreed: bool  # a day was agreed with the other side: the promise stands by itself
    waived: bool
    settled: bool  # 対外完了
    end: str


def no_final_report(facts: FinalReportFacts) -> str:
    """Why none is owed, as a word of FINAL_REPORT_ENDS; "" when it is (B-3).

    By custom it is owed for an incident on which somebody outside waits or was told, from the containment on, by its
    severity. A day agreed with the other side is a promise of its own: it needs none of that, and ends with 不要,
    対外完了, 取下げ or 重複 alone. 修理のみ ends neither (invariant 7).
    """
    if facts.waived:
        return "waived"
    if facts.settled:
        return "settled"
    if facts.end in SILENT_ENDS:
        return "ended"
    if facts.agreed:
        return ""
    if facts.kind != IncidentKind.INCIDENT:
        return "lighter_kind"
    if not (first_report_expected(facts.kind, someone_waits=facts.someone_waits) or facts.first_reported):
        return "nobody_waits"
    if not facts.contained:
        return "not_contained"
    if final_report_days(facts.severity) is None:
        return "small" if facts.severity else "no_severity"
    return ""


# What the timeline says when a final report that was to come is not owed any more. 不要 has its own reason.
FINAL_REPORT_ENDS: dict[str, str | Promise] = {
    "waived": "",
    "settled": _("対外完了のため"),
    "ended": _("記録を取下げか重複で終えたため"),
    "lighter_kind": _("ヒヤリハットか違和感になったため"),
    "nobody_waits": _("待っている方がいなくなったため"),
    "not_contained": _("応急処置がないため"),
    "small": _("重大度が S4 になったため"),
    "no_severity": _("重大度がまだ決まっていないため"),
}


def refuse_final_report(
    *,
    end: str,
    given: bool,
    has_other_side: bool,
    first_report_missing: bool,
) -> None:
    """Raises Refused where no final report can be given, agreed on or waived. A record repaired only still owes it.

    first_report_missing: somebody waits for a first report that is neither recorded nor waived.
    """
    if end in SILENT_ENDS:
        refuse_change(end)
    if given:
        raise Refused("final_report_given", _("最終報告は、もう記録されています。"), "", "final-report")
    if not has_other_side:
        raise Refused(
            "nobody_outside",
            _("この記録には、相手が書かれていません。"),
            _("「書きかえる」で、待っている人か相手を書いてください。"),
            "outside",
        )
    if first_report_missing:
        raise Refused(
            "first_report_missing",
            _("待っている方への一次報告がまだです。"),
            _("先に一次報告を記録してください。"),
            "first-report",
        )


# The day's window by severity in calendar days (V1).
CHECK_WINDOW_DAYS = {Severity.S1: 180, Severity.S2: 90, Severity.S3: 30, Severity.S4: 30}


# What the mending took and gave --------------------------------------------------------------


def refuse_mending(
    *, stage: str, what: str, minutes: int | None, most: int, done_on: date, noticed_on: date, today: date
) -> None:
    """Whether work on the mending can be written down like this (A-3). Raises Refused.

    Also once the record is mended or ended as 修理のみ: the work was done all the same. minutes: None when nobody knows.
    """
    if stage in SILENT_ENDS:
        raise Refused(
            "ended",
            _("この記録は「重複」か「取下げ」で終わっています。"),
            _("続けるときは、先に開き直してください。"),
        )
    if not what.strip():
        raise Refused("empty", _("したことが書かれていません。"), _("一行書いてください。"), "mending")
    if minutes is not None and not 1 <= minutes <= most:
        raise Refused(
            "minutes_of_a_day",
            _("一日にかかった時間は、1分から24時間までです。"),
            _("日をまたいだ仕事は、日ごとに書いてください。わからなければ空のままにします。"),
            "mending",
        )
    if done_on > today:
        raise Refused(
            "mended_in_future",
            _("継いだ日が未来になっています。"),
            _("もう済んだ仕事を書いてください。これからのことは対策に書きます。"),
            "mending",
        )
    if done_on < noticed_on:
        raise Refused(
            "mended_before_notice",
            _("継いだ日が、気づいた日より前です。"),
            _("どちらかの日付を確かめてください。"),
            "mending",
        )


def refuse_gain(*, status: str) -> None:
    """What a measure took away is told once it is in force (A-4). Raises Refused."""
    if status not in {MeasureStatus.DONE, MeasureStatus.EFFECTIVE}:
        raise Refused(
            "not_in_force",
            _("この対策は、まだ実施されていないか、もう続いていません。"),
            _("実施したあとで書いてください。"),
            "measures",
        )


# Recurrence --------------------------------------------------------------------------------


def watched_until(*, done_on: date, last_check_on: date | None, severity: str) -> date:
    """The last day on which a recurrence speaks against the measure (V3).

    Until its last effect check, and at least for the window of its record's severity from the day it was done.
    """
    end = done_on + timedelta(days=CHECK_WINDOW_DAYS.get(severity, 30))
    return max(end, last_check_on) if last_check_on else end


def days_to_watch(done_on: date, severity: str, today: date) -> int:
    """How many days of the severity's window are still to come; 0 or less once it is over."""
    return (watched_until(done_on=done_on, last_check_on=None, severity=severity) - today).days


def holds_watch(*, status: str, done_on: date, last_check_on: date | None, severity: str, day: date) -> bool:
    """Whether the measure is done or proven and `day` lies in its window, first and last day included."""
    if status not in {MeasureStatus.DONE, MeasureStatus.EFFECTIVE}:
        return False
    return done_on <= day <= watched_until(done_on=done_on, last_check_on=last_check_on, severity=severity)


ALIKE_FROM = 0.4  # of 1: the share of two-character pieces that two titles have in common


def alike(one: str, other: str) -> bool:
    """Whether two titles speak of much the same: they share two-character pieces (Dice's measure), width and case aside."""
    a, b = _pieces(one), _pieces(other)
    return bool(a and b) and 2 * len(a & b) / (len(a) + len(b)) >= ALIKE_FROM


def _pieces(text: str) -> set[str]:
    plain = "".join(unicodedata.normalize("NFKC", text).lower().split())
    return {plain[n : n + 2] for n in range(len(plain) - 1)}


@dataclass(frozen=True)
class Likeness:
    """What of a record says whether another is the same thing again."""

    category: str
    process: str
    counterparty: str
    title: str


def may_be_again(new: Likeness, old: Likeness) -> bool:
    """Whether `new` looks like `old` broken again: the same category, and process, counterparty or title alike.

    It only offers; a person decides (C7).
    """
    if not new.category or new.category != old.category:
        return False
    same_process = bool(new.process.strip()) and new.process.strip() == old.process.strip()
    same_side = bool(new.counterparty.strip()) and new.counterparty.strip() == old.counterparty.strip()
    return same_process or same_side or alike(new.title, old.title)


# How far it reaches ------------------------------------------------------------------------


# The effect questions of B-4. About effect, never about fault; the codes are stored and never change.
EFFECTS: tuple[tuple[str, Severity, str | Promise], ...] = (
    ("legal_report", Severity.S1, _("法令に基づく報告が要るかもしれない")),
    ("danger", Severity.S1, _("健康や安全に関わる")),
    ("many_or_sensitive", Severity.S1, _("1,000人を超える個人情報、または配慮が要る個人情報に関わる")),
    ("over_million", Severity.S1, _("金額が100万円以上")),
    ("press", Severity.S1, _("報道や行政から問い合わせがあった")),
    ("several_outside", Severity.S2, _("社外の複数の相手に及ぶ")),
    ("personal_data", Severity.S2, _("個人情報が関わる")),
    ("over_hundred_thousand", Severity.S2, _("金額が10万円以上")),
    ("legal_deadline", Severity.S2, _("法定の期限を過ぎた")),
    ("core_stopped", Severity.S2, _("主な業務が1時間以上止まった")),
    ("one_outside", Severity.S3, _("社外の一人・一社に及ぶ（従業員が受け手のときも）")),
    ("some_money", Severity.S3, _("金額が10万円未満")),
    ("inside_only", Severity.S4, _("チームの中だけで済んだ")),
)


def suggest_severity(codes: Sequence[str], kind: str = IncidentKind.INCIDENT) -> str:
    """The severity of the heaviest line of B-4 that holds, or "" when none is known. Unknown codes count for nothing.

    「near miss」 is a line of S4 itself: a near miss or a concern is S4 without any answer. Answers that are heavier win
    there too, because the highest matching line counts: who ticks an effect says that something was reached after all.
    """
    found = [severity for code, severity, _label in EFFECTS if code in codes]
    if kind in LIGHTER_KINDS:
        found.append(Severity.S4)
    return min(found, default="")


def is_severity_of_kind(severity: str, *, kind: str, effects: Sequence[str], reason: str) -> bool:
    """Whether the severity stands for no more than that it is a near miss or a concern: nobody gave a reason for it."""
    return kind in LIGHTER_KINDS and severity == Severity.S4 and not suggest_severity(effects) and not reason.strip()


def severity_after(
    *,
    old: str,
    wanted: str,
    effects: Sequence[str],
    reason: str,
    kept: str = "",
    kind: str = IncidentKind.INCIDENT,
    of_kind: bool = False,
) -> str:
    """The severity that an edit comes to: what was chosen, or the suggestion for 影響から決める (`wanted` is empty).

    kept: the reason that stands on the record already; it goes on speaking for a severity that stays.
    kind: the record's, as the edit leaves it. of_kind: the old severity stood for the old kind alone
    (`is_severity_of_kind`): nobody decided it, so it is suggested anew, and may become open again.
    Raises Refused when a set severity changes, or differs from what the effects suggest, without a reason (C5), and
    when there is no effect to decide from: a severity that was decided is never emptied.
    """
    if of_kind:
        wanted = "" if wanted == old else wanted
        old = ""
    suggested = suggest_severity(effects, kind)
    if old and not wanted and not suggested:
        raise Refused(
            "no_effects",
            _("影響の答えがまだないため、影響からは決められません。"),
            _("当てはまる影響に印をつけるか、重大度を選んでください。"),
        )
    new = wanted or suggested
    lighter = bool(suggested) and new > suggested
    if new == old and not (lighter and not reason.strip() and not kept.strip()):
        return old
    if old and new != old and not reason.strip():
        raise Refused(
            "severity_change_needs_reason",
            _("重大度を変える理由が書かれていません。"),
            _("何がわかって変わったのかを一行書いてください。"),
        )
    if suggested and new != suggested and not reason.strip():
        raise Refused(
            "severity_differs",
            _("影響の答えから出る重大度と違います。"),
            _("そう判断した理由を一行書くか、影響の答えを見直してください。"),
        )
    return new


# Near misses without a name (hardening f-6) --------------------------------------------------

SMALLEST_BATCH = 3
QUIET_DAYS = 7


def batch_goes(held: int, *, first_morning_of_week: bool, quiet_week: bool) -> bool:
    """Whether this morning's batch is published: three or more, else only once a week and after a week of silence.

    held: notes that wait. quiet_week: nothing of the team was published in the last seven days.
    A single note would otherwise say that it was written since yesterday.
    """
    return held >= SMALLEST_BATCH or (held > 0 and first_morning_of_week and quiet_week)
