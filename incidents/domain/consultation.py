"""相談: a thread of two, sealed (P3, A-44). Who wrote is known to the two and to whoever holds database and key.

The trace says that something happened, and neither who nor with whom: an administrator reads it, and a time beside a name
would be an answer. What the two have to know of each other's reading stands in the thread itself, as its grants.
"""

from __future__ import annotations

import uuid
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import audit, letter
from incidents.domain.ladder import LADDER, ladder
from incidents.enums import LetterKind, LetterState
from incidents.errors import NotAllowed, Refused
from incidents.letters import consultation as words
from incidents.models import (
    AuditEntry,
    Consultation,
    ConsultationGrant,
    ConsultationNote,
    ConsultationReminder,
    Letter,
    Person,
)
from incidents.queries import consultation as threads
from incidents.queries import sealed
from incidents.queries.calendar import business_calendars, day_here, today_here

# Verbs ------------------------------------------------------------------------------------------


@transaction.atomic
def begin(*, by: Person, adviser: Person, text: str, named: bool, reply_by: date | None = None) -> Consultation:
    """Ask somebody privately. named: whether the adviser is shown who wrote. reply_by: a local date, or None.

    Raises Refused.
    """
    _refuse_choice(by, adviser)
    _refuse_empty(text)
    _refuse_past(reply_by)
    today = today_here()
    thread = Consultation(adviser=adviser, named=named, opened_on=today)
    sealed.seal_author(thread, by.pk)
    thread.save(force_insert=True)
    _grant(thread, adviser, today)
    _add_note(thread, text, grant=None, today=today)
    if reply_by is not None:
        _promise(thread, reply_by)
    note("consultation.begun")
    tell(adviser)
    return thread


@transaction.atomic
def write(thread: Consultation, *, by: Person, text: str) -> ConsultationNote:
    """Go on writing, as author or adviser. An adviser's note is the promised answer. Raises NotAllowed, Refused."""
    thread, role = _held(thread, by)
    _refuse_closed(thread)
    _refuse_empty(text)
    today = today_here()
    if role == threads.AUTHOR:
        if thread.adviser is None:
            raise Refused(
                "no_adviser",
                _("いまは、この相談を読む人がいません。"),
                _("先に、相談する相手を選び直してください。"),
            )
        written = _add_note(thread, text, grant=None, today=today)
        note("consultation.written")
        tell(thread.adviser)
        return written
    written = _add_note(thread, text, grant=thread.grants.get(until_on=None), today=today)
    _promise(thread, None)
    note("consultation.answered")
    tell_author(thread)
    return written


@transaction.atomic
def promise_reply(thread: Consultation, *, by: Person, on: date) -> Consultation:
    """The adviser says until when they answer; the reminders follow it, and the author sees it. Raises NotAllowed, Refused."""
    thread, role = _held(thread, by)
    if role != threads.ADVISER:
        raise NotAllowed("not_adviser", _("お返事の日は、相談を受けた方が決めます。"))
    _refuse_closed(thread)
    _refuse_past(on)
    if on == thread.reply_due_on:
        raise Refused("same_date", _("お返事の日は変わっていません。"), _("別の日を入れてください。"))
    _promise(thread, on)
    note("consultation.reply_promised")
    tell_author(thread)
    return thread


@transaction.atomic
def change_adviser(thread: Consultation, *, by: Person, adviser: Person) -> Consultation:
    """Ask somebody else from now on: a new grant. Whoever read before reads no longer. Raises NotAllowed, Refused."""
    thread, role = _held(thread, by)
    if role != threads.AUTHOR:
        raise NotAllowed("not_author", _("相談する相手は、相談した方が選びます。"))
    _refuse_closed(thread)
    if thread.adviser_id == adviser.pk:
        raise Refused("same_adviser", _("相談する相手は変わっていません。"), _("別の方を選んでください。"))
    _refuse_choice(by, adviser)
    today = today_here()
    _end_grant(thread, today)
    thread.adviser = adviser
    thread.save(update_fields=["adviser"])
    _grant(thread, adviser, today)
    due = thread.reply_due_on
    _promise(thread, max(due, today) if due else None)
    note("consultation.adviser_changed")
    tell(adviser)
    return thread


@transaction.atomic
def close(thread: Consultation, *, by: Person) -> Consultation:
    """End the thread; both can still read it. Raises NotAllowed, Refused."""
    thread, role = _held(thread, by)
    _refuse_closed(thread)
    _promise(thread, None)
    thread.closed_on = today_here()
    thread.save(update_fields=["closed_on"])
    note("consultation.closed")
    if role == threads.ADVISER:
        tell_author(thread)
    elif thread.adviser:
        tell(thread.adviser)
    return thread


def report_unreadable(why: str) -> None:
    """Leave a trace, once a day and reason, that something sealed did not open. why: Unreadable.code."""
    earlier = AuditEntry.objects.filter(verb="consultation.unreadable", reason=why).order_by("-pk").first()
    if earlier is None or day_here(earlier.at) != today_here():
        with transaction.atomic():
            note("consultation.unreadable", reason=why)


# What the verbs share ----------------------------------------------------------------------------


def note(verb: str, *, reason: str = "", **changes: tuple[object, object]) -> None:
    """The trace of a change in the box: neither the thread nor anybody in it is named."""
    audit.note(None, verb, Consultation(id=None), reason=reason, **changes)


def tell(person: Person) -> None:
    """Write that something is there, in words that say nothing of what; one that still waits is enough."""
    if not person.is_active:
        return
    waiting = Letter.objects.filter(recipient=person, kind=LetterKind.PRIVATE, state=LetterState.WAITING)
    if not waiting.exists():
        # A key by chance: it must not lead from the letter to the thread.
        letter.post(kind=LetterKind.PRIVATE, key=f"private:{uuid.uuid4()}", to=person, rendered=words.notice(person))


def tell_author(thread: Consultation) -> None:
    """The same to who wrote. When that cannot be read any more, nobody is told, and the trace says so."""
    try:
        tell(Person.objects.get(pk=sealed.author_of(thread)))
    except sealed.Unreadable as fault:
        report_unreadable(fault.code)


def _held(thread: Consultation, by: Person) -> tuple[Consultation, str]:
    """The thread as it is now, held until the transaction ends, and the role of who acts. Raises NotAllowed."""
    fresh = Consultation.objects.select_for_update(of=("self",)).select_related("adviser").get(pk=thread.pk)
    role = threads.role_in(by, fresh)
    if not role:
        raise NotAllowed("not_of_the_two", _("この相談は、お二人だけのものです。"))
    return fresh, role


def _refuse_choice(by: Person, adviser: Person) -> None:
    if by.pk == adviser.pk:
        raise Refused("self_adviser", _("ご自身は選べません。"), _("別の方を選んでください。"))
    if not threads.may_be_chosen(by, adviser):
        raise Refused(
            "not_choosable", _("この方は、いま相談を受けていません。"), _("一覧から、別の方を選んでください。")
        )


def _refuse_closed(thread: Consultation) -> None:
    if thread.closed_on is not None:
        raise Refused(
            "consultation_closed", _("この相談は終わっています。"), _("続きは、新しい相談として書いてください。")
        )


def _refuse_empty(text: str) -> None:
    if not text.strip():
        raise Refused("empty", _("何も書かれていません。"), _("一行でもかまいません。書いてください。"))


def _refuse_past(on: date | None) -> None:
    if on is not None and on < today_here():
        raise Refused("date_past", _("過ぎた日です。"), _("今日か、これからの日を入れてください。"))


def _add_note(thread: Consultation, text: str, *, grant: ConsultationGrant | None, today: date) -> ConsultationNote:
    written = ConsultationNote(consultation=thread, place=thread.notes.count() + 1, grant=grant, written_on=today)
    sealed.seal_note(written, text.strip())
    written.save(force_insert=True)
    return written


def _grant(thread: Consultation, adviser: Person, today: date) -> None:
    made = ConsultationGrant(consultation=thread, adviser=adviser, from_on=today)
    sealed.mark_grant(made)
    made.save(force_insert=True)


def _end_grant(thread: Consultation, today: date) -> None:
    for one in thread.grants.filter(until_on=None):
        one.until_on = today
        sealed.mark_grant(one)
        one.save(update_fields=["until_on", "mark", "sealed_with"])


def take_away(thread: Consultation) -> None:
    """Nobody but the author reads from now on; in the caller's transaction."""
    _end_grant(thread, today_here())
    _promise(thread, None)
    thread.adviser = None
    thread.save(update_fields=["adviser"])


def _promise(thread: Consultation, on: date | None) -> None:
    """The answer is due on this day, or on none: what was planned goes, and the ladder of the new day is planned."""
    if thread.reply_due_on is None and on is None:
        return
    thread.reminders.filter(told_on=None).delete()
    thread.reply_due_on, thread.reply_version = on, thread.reply_version + 1
    thread.save(update_fields=["reply_due_on", "reply_version"])
    if on is not None:
        steps = ladder(on, business_calendars()[None], today=today_here(), rungs=LADDER)
        ConsultationReminder.objects.bulk_create(
            ConsultationReminder(consultation=thread, step=step.name, version=thread.reply_version, planned_on=step.on)
            for step in steps
        )
