"""The final report: when it is owed, and when it can be given (B-3)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.enums import SILENT_ENDS, IncidentKind, Severity
from incidents.errors import Refused
from incidents.rules.outside import first_report_expected
from incidents.rules.stage import refuse_change


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
