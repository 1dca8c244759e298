"""Pure yes/no with a reason. Knows enums and plain values; never a query, never a model.

The page, the admin console and the mail links ask the same functions, so that a button is shown
exactly when the step would be accepted.

The only import path for rules.
"""

from incidents.rules.cause import refuse_unmark
from incidents.rules.check import CHECK_WINDOW_DAYS, refuse_outcome
from incidents.rules.countermeasure import CommitFacts, refuse_commit, refuse_complete, refuse_due_change
from incidents.rules.final_report import (
    FINAL_REPORT_ENDS,
    FinalReportFacts,
    final_report_days,
    no_final_report,
    refuse_final_report,
)
from incidents.rules.gain import refuse_gain
from incidents.rules.mending import refuse_mending
from incidents.rules.nameless import QUIET_DAYS, SMALLEST_BATCH, batch_goes
from incidents.rules.outside import first_report_expected, refuse_call, refuse_close_outside
from incidents.rules.question import refuse_question_step
from incidents.rules.recurrence import (
    ALIKE_FROM,
    Likeness,
    alike,
    days_to_watch,
    holds_watch,
    may_be_again,
    watched_until,
)
from incidents.rules.severity import EFFECTS, is_severity_of_kind, severity_after, suggest_severity
from incidents.rules.stage import (
    Gate,
    MeasureFacts,
    RecordFacts,
    RootFacts,
    gates,
    is_untreated,
    refuse_change,
    refuse_report,
    stage_of,
    weak_without_reason,
)
from incidents.rules.timeline import standing_certainty
from incidents.rules.times import DRIFT, is_ahead, refuse_times
from incidents.rules.who import may_edit, refuse_unless_editor, refuse_unless_lead

__all__ = [
    "ALIKE_FROM",
    "CHECK_WINDOW_DAYS",
    "CommitFacts",
    "DRIFT",
    "EFFECTS",
    "FINAL_REPORT_ENDS",
    "FinalReportFacts",
    "Gate",
    "Likeness",
    "MeasureFacts",
    "QUIET_DAYS",
    "RecordFacts",
    "RootFacts",
    "SMALLEST_BATCH",
    "alike",
    "batch_goes",
    "days_to_watch",
    "final_report_days",
    "first_report_expected",
    "gates",
    "holds_watch",
    "is_ahead",
    "is_severity_of_kind",
    "is_untreated",
    "may_be_again",
    "may_edit",
    "no_final_report",
    "refuse_call",
    "refuse_change",
    "refuse_close_outside",
    "refuse_commit",
    "refuse_complete",
    "refuse_due_change",
    "refuse_final_report",
    "refuse_gain",
    "refuse_mending",
    "refuse_outcome",
    "refuse_question_step",
    "refuse_report",
    "refuse_times",
    "refuse_unless_editor",
    "refuse_unless_lead",
    "refuse_unmark",
    "severity_after",
    "stage_of",
    "standing_certainty",
    "suggest_severity",
    "watched_until",
    "weak_without_reason",
]
