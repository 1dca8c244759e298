"""How far the repair is: the gates, the stage they come to, and what an ended record still takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.enums import COVERING_STATUSES, RUNNING_STATUSES, WEAK_STRENGTHS, MeasureStatus, Severity, Stage
from incidents.errors import Refused


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
