"""The steps of a countermeasure: promised, done, given another date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from incidents.enums import RUNNING_STATUSES, MeasureStatus, Role
from incidents.errors import NotAllowed, Refused
from incidents.rules.stage import MeasureFacts, weak_without_reason


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
    _refuse_unready(facts, today=today)
    _refuse_check_terms(facts)
    _refuse_weak(facts, severity=severity, others=others, role=role, weak_reason=weak_reason)


def _refuse_unready(facts: CommitFacts, *, today: date) -> None:
    """What changes, for which root cause, by whom and until when."""
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


def _refuse_check_terms(facts: CommitFacts) -> None:
    """How, when and by whom the effect is to be checked; the due date is known to be there."""
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


def _refuse_weak(
    facts: CommitFacts, *, severity: str, others: Sequence[MeasureFacts], role: str | None, weak_reason: str
) -> None:
    """What is weak, with nothing strong beside it, asks for a lead's reason (invariant 2)."""
    promised = MeasureFacts(MeasureStatus.COMMITTED, facts.strength, None)
    if not weak_without_reason([*others, promised], severity):
        return
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
