"""問い: what is not known yet gets an owner and a day; the same ladder reminds of it as of any promise (R1)."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, ledger, timeline
from incidents.domain.countermeasure import members_only
from incidents.domain.incident import editor, lock, tell
from incidents.enums import Certainty, EntryKind, FollowUpKind, FollowUpState
from incidents.errors import Refused
from incidents.models import FollowUp, Incident, Person, Question, TimelineEntry
from incidents.queries.calendar import today_here


def _refuse_past(due_on: date) -> None:
    if due_on < today_here():
        raise Refused("due_in_past", _("期限が過去の日付です。"), _("今日かそれより後の日付を入れてください。"))


def _open(question: Question) -> tuple[Question, FollowUp]:
    """Question and promise as they are now. Raises Refused when it is over."""
    fresh = Question.objects.select_related("incident__team", "entry", "follow_up__owner").get(pk=question.pk)
    follow_up = fresh.follow_up
    rules.refuse_question_step(is_open=not fresh.answer and follow_up.state == FollowUpState.OPEN)
    return fresh, follow_up


@transaction.atomic
def ask(
    incident: Incident, *, by: Person, text: str, owner: Person, due_on: date, entry: TimelineEntry | None = None
) -> Question:
    """Turn what is not known into a question with an owner and a day; they are reminded until it is answered.

    entry: the line that leaves it open. due_on: a local date. Raises NotAllowed, Refused.
    """
    editor(by, incident)
    current = lock(incident)
    rules.refuse_change(current.stage)
    if not text.strip():
        raise Refused(
            "empty", _("問いが書かれていません。"), _("何がわからないのかを一行書いてください。"), "questions"
        )
    if entry is not None and entry.incident_id != current.pk:
        raise Refused("other_incident", _("別の記録の経緯は問いにできません。"))
    _refuse_past(due_on)
    members_only(current, owner)
    question = Question.objects.create(incident=current, entry=entry, text=text, asked_by=by)
    ledger.follow(
        kind=FollowUpKind.QUESTION, incident=current, owner=owner, backup=None, due_on=due_on, question=question
    )
    audit.note(by, "question.asked", question, owner=(None, owner), due_on=(None, due_on))
    if entry is None:
        tell(
            current,
            by=by,
            kind=EntryKind.QUESTION,
            text=_("問い: %(text)s（%(who)s）") % {"text": text, "who": owner},
        )
    return question


@transaction.atomic
def answer(question: Question, *, by: Person, answer: str, verdict: str = "") -> Question:
    """Write what was found out: as an addendum to the line that was open, else as a line of its own. The promise is kept.

    verdict: what the answer says of that line; "" when it only adds. Also on a record that has ended (invariant 7).
    Raises NotAllowed, Refused.
    """
    editor(by, question.incident)
    incident = lock(question.incident)
    question, follow_up = _open(question)
    if not answer.strip():
        raise Refused("no_answer", _("答えが書かれていません。"), _("わかったことを一行書いてください。"), "questions")
    question.answer, question.answered_by, question.answered_at = answer, by, timezone.now()
    question.save(update_fields=["answer", "answered_by", "answered_at", "updated_at"])
    said = _("問い「%(question)s」の答え: %(answer)s") % {"question": question.text, "answer": answer}
    if question.entry is not None:
        timeline.record(
            incident,
            by=by,
            text=said,
            event_at=None,
            certainty=Certainty.FACT,
            addendum_to=question.entry,
            verdict=verdict,
            kind=EntryKind.QUESTION,
        )
    else:
        tell(incident, by=by, kind=EntryKind.QUESTION, text=said)
    audit.note(by, "question.answered", question, answer=("", answer))
    ledger.keep(follow_up, by=by)
    return question


@transaction.atomic
def move(question: Question, *, by: Person, due_on: date, reason: str) -> Question:
    """Give the question another day, for a reason. Raises NotAllowed, Refused."""
    editor(by, question.incident)
    lock(question.incident)
    question, follow_up = _open(question)
    _refuse_past(due_on)
    if due_on == follow_up.due_on:
        raise Refused("same_day", _("期限は変わっていません。"), _("別の日付を入れてください。"))
    if not reason.strip():
        raise Refused("no_reason", _("理由が書かれていません。"), _("期限を変える理由を一行書いてください。"))
    audit.note(by, "question.moved", question, reason=reason, due_on=(follow_up.due_on, due_on))
    ledger.move(follow_up, due_on=due_on)
    return question


@transaction.atomic
def hand_over(question: Question, *, by: Person, owner: Person) -> Question:
    """Let somebody else find it out; nothing more goes to the old owner. Raises NotAllowed, Refused."""
    editor(by, question.incident)
    incident = lock(question.incident)
    question, follow_up = _open(question)
    if owner.pk == follow_up.owner_id:
        raise Refused("same_owner", _("担当は変わっていません。"), _("別の方を選んでください。"))
    members_only(incident, owner)
    audit.note(by, "question.handed_over", question, owner=(follow_up.owner, owner))
    ledger.hand_over(follow_up, owner=owner, backup=None)
    return question


@transaction.atomic
def drop(question: Question, *, by: Person, reason: str) -> Question:
    """Say that the question need not be answered any more, for a reason that stays. Raises NotAllowed, Refused."""
    editor(by, question.incident)
    incident = lock(question.incident)
    question, follow_up = _open(question)
    if not reason.strip():
        raise Refused("no_reason", _("理由が書かれていません。"), _("取り下げる理由を一行書いてください。"))
    follow_up.closed_by, follow_up.closed_note = by, reason
    follow_up.save(update_fields=["closed_by", "closed_note", "updated_at"])
    ledger.drop(follow_up, reason="dropped")
    tell(
        incident,
        by=by,
        kind=EntryKind.QUESTION,
        text=_("問い「%(text)s」を取り下げました: %(reason)s") % {"text": question.text, "reason": reason},
    )
    audit.note(by, "question.dropped", question, reason=reason)
    return question
