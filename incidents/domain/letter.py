"""The life of a letter: written in the transaction of its cause, claimed by one, sent, settled."""

from __future__ import annotations

import random
import uuid
from datetime import timedelta
from email.utils import parseaddr

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import audit
from incidents.enums import DeliveryState, LetterState
from incidents.errors import Refused
from incidents.later import later
from incidents.letters.base import Rendered
from incidents.models import Letter, Person, ReminderDelivery
from tools.plain.oneline import one_line

LEASE = timedelta(minutes=5)
# After a refusal that may pass (SMTP 4xx, no connection): minutes until the next try.
BACK_OFF_MINUTES = (1, 5, 30, 120, 360, 1440)


def _message_id(key: str) -> str:
    """One Message-ID per letter for ever, so that a second copy can be recognised as one (RFC 5322 3.6.4)."""
    domain = parseaddr(settings.MAIL_FROM)[1].partition("@")[2] or "localhost"
    return f"<{uuid.uuid5(uuid.NAMESPACE_URL, key + settings.SECRET_KEY)}@{domain}>"


def post(*, kind: str, key: str, to: Person, rendered: Rendered, email: str = "") -> Letter:
    """Put a rendered letter into the outbox, in the caller's transaction, and ring for its delivery after it.

    key: says what this letter is; a second one with the same key raises IntegrityError.
    Without SMTP settings the letter is kept and readable on the outbox page.
    """
    written = Letter.objects.create(
        key=key,
        kind=kind,
        recipient=to,
        to_name=one_line(to.name)[:120],
        to_email=email or to.email,
        language=rendered.language,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=_message_id(key),
        state=LetterState.WAITING if settings.MAIL_CONFIGURED else LetterState.KEPT,
        next_try_at=timezone.now(),
    )
    if settings.MAIL_CONFIGURED:
        later("letter.deliver", letter_id=written.pk)
    return written


def claim(letter_id: int | None = None) -> Letter | None:
    """Take one letter that is due, or None when there is none or somebody else was first.

    One conditional UPDATE decides (habit 6). A claim that its worker never finished runs out after five minutes and
    the letter is due again.
    """
    if not settings.MAIL_CONFIGURED:
        return None  # a process without a mail server must not take a letter from one that has it
    now = timezone.now()
    due = Letter.objects.filter(
        Q(state=LetterState.WAITING, next_try_at__lte=now) | Q(state=LetterState.SENDING, claimed_until__lt=now)
    )
    if letter_id is not None:
        due = due.filter(pk=letter_id)
    pk = due.order_by("next_try_at", "pk").values_list("pk", flat=True).first()
    if pk is None:
        return None
    token = str(uuid.uuid4())
    won = due.filter(pk=pk).update(
        state=LetterState.SENDING, claim=token, claimed_until=now + LEASE, attempts=F("attempts") + 1, updated_at=now
    )
    return Letter.objects.select_related("recipient").get(pk=pk) if won else None


def mark_dot(one: Letter) -> bool:
    """Note that the next byte may make the server accept the letter. False when the claim was lost: do not send."""
    return bool(
        Letter.objects.filter(pk=one.pk, claim=one.claim, state=LetterState.SENDING).update(dot_at=timezone.now())
    )


@transaction.atomic
def mark_sent(one: Letter) -> None:
    """The server has taken the letter (250): the letter and its ledger rows are settled together."""
    now = timezone.now()
    Letter.objects.filter(pk=one.pk).exclude(state=LetterState.SENT).update(
        state=LetterState.SENT, sent_at=now, error="", claim="", claimed_until=None, updated_at=now
    )
    _settle_ledger(one, DeliveryState.SENT)


@transaction.atomic
def mark_failed(one: Letter, *, error: str, for_good: bool) -> None:
    """The letter was not taken. for_good: the server said 5xx; otherwise it waits for its next try with back-off."""
    now = timezone.now()
    tries = Letter.objects.values_list("attempts", flat=True).get(pk=one.pk)
    for_good = for_good or tries > len(BACK_OFF_MINUTES)
    minutes = BACK_OFF_MINUTES[min(tries, len(BACK_OFF_MINUTES)) - 1]
    ours = Letter.objects.filter(pk=one.pk, claim=one.claim, state=LetterState.SENDING).update(
        state=LetterState.FAILED if for_good else LetterState.WAITING,
        next_try_at=now + timedelta(seconds=minutes * 60 * random.uniform(0.9, 1.1)),
        error=error[:500],
        dot_at=None,
        claim="",
        claimed_until=None,
        updated_at=now,
    )
    if ours and for_good:  # a claim that ran out is somebody else's by now, and so is the answer
        _settle_ledger(one, DeliveryState.FAILED)


def _settle_ledger(one: Letter, state: str) -> None:
    now = timezone.now()
    ReminderDelivery.objects.filter(letter=one, state=DeliveryState.WRITTEN).update(
        state=state, settled_at=now, updated_at=now
    )


@transaction.atomic
def cancel(one: Letter, *, by: Person | None, reason: str) -> bool:
    """Take back a letter that nobody has sent or is sending. A sent one stays as it is (invariant 4).

    Its ledger rows are settled with it. Returns False when it was too late.
    """
    return _take_back(
        one, by=by, reason=reason, states=(LetterState.WAITING, LetterState.FAILED, LetterState.QUARANTINED)
    )


@transaction.atomic
def withdraw_claimed(one: Letter, *, reason: str) -> bool:
    """Take back the letter that the caller has just claimed, because it no longer tells the truth."""
    return _take_back(one, by=None, reason=reason, states=(LetterState.SENDING,))


def _take_back(one: Letter, *, by: Person | None, reason: str, states: tuple[str, ...]) -> bool:
    now = timezone.now()
    mine = Letter.objects.filter(pk=one.pk, state__in=states)
    if LetterState.SENDING in states:
        mine = mine.filter(claim=one.claim)
    changed = mine.update(state=LetterState.CANCELLED, error=reason[:500], claim="", claimed_until=None, updated_at=now)
    if not changed:
        return False
    ReminderDelivery.objects.filter(letter=one, state__in=[DeliveryState.WRITTEN, DeliveryState.FAILED]).update(
        state=DeliveryState.CANCELLED, reason=reason[:60], settled_at=now, updated_at=now
    )
    audit.note(by, "letter.cancelled", one, reason=reason)
    return True


@transaction.atomic
def send_again(one: Letter, *, by: Person) -> None:
    """Give a failed letter a new row of tries: same text, same Message-ID. Raises Refused without a mail server."""
    if not settings.MAIL_CONFIGURED:
        raise Refused(
            "no_mail_server",
            _("メールの送信先がまだ設定されていません。"),
            _("SMTP_URL を設定してから、もう一度送ってください。"),
        )
    now = timezone.now()
    changed = Letter.objects.filter(pk=one.pk, state=LetterState.FAILED).update(
        state=LetterState.WAITING, attempts=0, next_try_at=now, error="", updated_at=now
    )
    if changed:
        ReminderDelivery.objects.filter(letter=one, state=DeliveryState.FAILED).update(
            state=DeliveryState.WRITTEN, settled_at=None, updated_at=now
        )
        audit.note(by, "letter.sent_again", one)
        later("letter.deliver", letter_id=one.pk)
