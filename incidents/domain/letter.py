"""The life of a letter: written in the transaction of its cause, claimed by one, sent, settled."""

from __future__ import annotations

import hashlib
import logging
import random
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import audit
from incidents.enums import DeliveryState, LetterKind, LetterState
from incidents.errors import Refused
from incidents.later import later
from incidents.letters import addresses
from incidents.letters.base import Rendered
from incidents.models import Letter, Person, ReminderDelivery
from incidents.queries.calendar import business_calendars, zone_of
from tools.plain.oneline import one_line

log = logging.getLogger(__name__)


# Nothing more is done with these: their texts may go when their term is over.
DONE_WITH = (LetterState.SENT, LetterState.KEPT, LetterState.CANCELLED)


def message_id(key: str) -> str:
    """One Message-ID per letter for ever, so that a second copy can be recognised as one (RFC 5322 3.6.4)."""
    domain = addresses.own_domain()
    return f"<{uuid.uuid5(uuid.NAMESPACE_URL, key + settings.SECRET_KEY)}@{domain}>"


def thread(about: str) -> dict[str, str]:
    """Headers by which a mail program keeps the letters about one thing together (RFC 5322 3.6.4)."""
    return {"References": message_id(about)}


# Letters that somebody else's act has written, and that wait out the quiet hours and closed days of who gets them (B-15).
# The others were asked for, come at their own hour, or are of a minute.
WAITS_FOR_MORNING = frozenset(
    {
        LetterKind.HANDED_OVER,
        LetterKind.HELP,
        LetterKind.NOT_MINE,
        LetterKind.STAND_IN,
        LetterKind.UNREACHED,
        LetterKind.ORPHANED,
        LetterKind.MIRROR_OFF,
        LetterKind.UNTAKEN,
        LetterKind.READER_ASKED,
        LetterKind.READER_ANSWERED,
    }
)


def in_peace(person: Person, now: datetime) -> datetime:
    """When a letter that can wait is sent to the person; at once for whoever keeps no quiet hours."""
    if not person.quiet.are_kept:
        return now
    return max(now, person.quiet.after(now.astimezone(zone_of(person)), business_calendars()[None]))


def post(
    *,
    kind: str,
    key: str,
    to: Person | None,
    rendered: Rendered,
    email: str = "",
    headers: Mapping[str, str] | None = None,
    ring: bool = True,
    tries: int = 0,
) -> Letter:
    """Put a rendered letter into the outbox, in the caller's transaction, and ring for its delivery after it.

    key: says what this letter is; a second one with the same key raises IntegrityError. headers: of the mail, besides
    those of every letter, in ASCII. ring: whether somebody is to come for it at once; whoever writes many rings once.
    to: whoever gets it; None for an address of which nobody asks whose it is, then `email` says where it goes.
    tries: that a mail server refused a letter which this one takes the place of; they end as those of one letter do.
    Without SMTP settings the letter is kept and readable on the outbox page. What can wait (WAITS_FOR_MORNING) is sent
    outside the quiet hours of whoever gets it.
    """
    now = timezone.now()
    due = in_peace(to, now) if to and kind in WAITS_FOR_MORNING else now
    written = Letter.objects.create(
        key=key,
        kind=kind,
        recipient=to,
        to_name=one_line(to.name)[:120] if to else "",
        to_email=email or (to.email if to else ""),
        language=rendered.language,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        message_id=message_id(key),
        headers=dict(headers or {}),
        state=LetterState.WAITING if settings.MAIL_CONFIGURED else LetterState.KEPT,
        next_try_at=due,
        attempts=tries,
        due_at=due,
    )
    if settings.MAIL_CONFIGURED and ring and due <= now:
        later("letter.sweep")
    return written


def lease() -> timedelta:
    """How long a claim holds when its worker says nothing more."""
    return timedelta(seconds=settings.REMINDER_LEASE_SECONDS)


def claim(letter_id: int | None = None) -> Letter | None:
    """Take one letter that is due, or None when there is none or somebody else was first."""
    return next(iter(claim_batch(1, letter_id=letter_id)), None)


def claim_batch(limit: int = 100, *, letter_id: int | None = None) -> list[Letter]:
    """Take up to so many letters that are due, the longest waiting first; nobody else gets them while the claim holds.

    `next_try_at` is when a letter is due, then when its claim runs out, then its next try: a claim whose worker died
    becomes due by itself. Rows that another worker has just locked are passed over. With the policy `hold`, a letter
    whose worker died between the last byte and the answer is not sent again: it is set aside as unconfirmed.
    """
    if not settings.MAIL_CONFIGURED:
        return []  # a process without a mail server must not take a letter from one that has it
    now = timezone.now()
    due = Letter.objects.filter(state__in=[LetterState.WAITING, LetterState.SENDING], next_try_at__lte=now)
    if letter_id is not None:
        due = due.filter(pk=letter_id)
    token = str(uuid.uuid4())
    with transaction.atomic():
        found = due.order_by("next_try_at", "pk").select_for_update(skip_locked=True).values_list("pk", "dot_at")
        rows = list(found[:limit])
        doubtful = [pk for pk, dot_at in rows if dot_at is not None] if settings.REMINDER_POLICY == "hold" else []
        if doubtful:
            _set_aside(doubtful, error=_IN_DOUBT)
        taken = [pk for pk, _dot_at in rows if pk not in doubtful]
        if not taken:
            return []
        Letter.objects.filter(pk__in=taken).update(
            state=LetterState.SENDING,
            claim=token,
            due_at=Coalesce("due_at", "next_try_at"),  # of a letter that an older version wrote
            next_try_at=now + lease(),
            attempts=F("attempts") + 1,
            updated_at=now,
        )
    batch = list(Letter.objects.filter(pk__in=taken).select_related("recipient").order_by("attempts", "pk"))
    return [one for one in batch if follow_address(one)]


def follow_address(one: Letter) -> bool:
    """A claimed letter goes to the address that its reader has now. Returns whether it may be sent.

    One in doubt that may lie at the earlier address already is no letter for the new one, nor for whoever reads the
    earlier one today: it waits for somebody's decision.
    """
    if one.recipient is None or one.to_email == one.recipient.email:
        return True
    if one.dot_at is not None:
        leave_open(one, why="in doubt, and its reader has another address by now")
        return False
    one.to_email = one.recipient.email
    return bool(_ours(one).update(to_email=one.to_email, updated_at=timezone.now()))


def leave_open(one: Letter, *, why: str) -> None:
    """A claimed letter in doubt that must not be sent again: nobody knows whether it arrived, and somebody decides."""
    _ours(one).update(state=LetterState.UNCONFIRMED, claim="", error=why[:500], updated_at=timezone.now())


def give_up(one: Letter, *, reason: str) -> None:
    """A claimed letter must not be sent: it is taken back, or, when it may have arrived already, left open."""
    if one.dot_at is None:
        withdraw_claimed(one, reason=reason)
    else:
        leave_open(one, why=f"in doubt, and not sent again: {reason}")


# Why a letter waits for somebody's decision: told in the console, in the language of whoever runs the server.
_IN_DOUBT = "worker gone after the last byte; the server may have taken it"


def _set_aside(pks: list[int], *, error: str) -> None:
    Letter.objects.filter(pk__in=pks).update(
        state=LetterState.UNCONFIRMED, claim="", error=error[:500], updated_at=timezone.now()
    )


def _ours(one: Letter) -> QuerySet[Letter]:
    return Letter.objects.filter(pk=one.pk, claim=one.claim, state=LetterState.SENDING)


# The two marks of each letter are written out: composing them anew took longer than building and sending the mail.
_DOT = "UPDATE incidents_letter SET dot_at = %s WHERE id = %s AND claim = %s AND state = 'sending'"
_TAKEN = (
    "UPDATE incidents_letter SET state = 'sent', sent_at = %s, updated_at = %s, error = '', claim = '' "
    "WHERE id = %s AND state <> 'sent'"
)
_TOLD = (
    "UPDATE incidents_reminderdelivery SET state = 'sent', settled_at = %s, updated_at = %s "
    "WHERE letter_id = %s AND state = 'written'"
)


def mark_dot(one: Letter) -> bool:
    """Note that the next byte may make the server accept the letter. False when the claim was lost: do not send."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(_DOT, [now, one.pk, one.claim])
        return cursor.rowcount == 1


def mark_sent(one: Letter) -> None:
    """The server has taken the letter (250): the letter and its ledger rows are settled together.

    Whoever has the letter by now: it was taken, and to say so twice changes nothing.
    """
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    values = [now, now, one.pk]
    if connection.vendor == "postgresql":  # one statement is one transaction
        with connection.cursor() as cursor:
            cursor.execute(f"WITH taken AS ({_TAKEN}) {_TOLD}", values * 2)
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKEN, values)
        cursor.execute(_TOLD, values)


def was_taken(letter_id: int, claim_token: str) -> bool:
    """A process that died had seen the server take it under this claim. False when the letter is in other hands by now."""
    one = Letter.objects.filter(pk=letter_id, claim=claim_token, state=LetterState.SENDING).only("pk").first()
    if one is not None:
        mark_sent(one)
    return one is not None


@transaction.atomic
def mark_failed(one: Letter, *, error: str, for_good: bool) -> bool:
    """The letter was not taken. for_good: the server said 5xx; otherwise it waits for its next try with back-off.

    Returns whether it is given up with this answer. Who hears of it then: domain.unreached.not_taken.
    """
    now = timezone.now()
    again_at = None if for_good else _next_try(one, now)
    ours = _ours(one).update(
        state=LetterState.FAILED if again_at is None else LetterState.WAITING,
        next_try_at=again_at or now,
        error=error[:500],
        dot_at=one.dot_at,  # an earlier try that nobody answered is in doubt all the same
        claim="",
        updated_at=now,
    )
    if not ours or again_at is not None:  # a claim that ran out is somebody else's by now, and so is the answer
        return False
    _settle_ledger(one, DeliveryState.FAILED)
    return True


def _next_try(one: Letter, now: datetime) -> datetime | None:
    """When the letter is tried again after the tries it has had; None when those were all (REMINDER_BACKOFF)."""
    waits = settings.REMINDER_BACKOFF
    tries = Letter.objects.values_list("attempts", flat=True).get(pk=one.pk)
    if tries > len(waits):
        return None
    return now + timedelta(seconds=waits[max(tries, 1) - 1] * random.uniform(0.9, 1.1))


def mark_in_doubt(one: Letter, *, error: str) -> None:
    """The last byte was handed over and no answer came. By policy it is tried again, with the same Message-ID, or waits
    for somebody's decision (`hold`); so it does when its tries are used up."""
    now = timezone.now()
    again_at = None if settings.REMINDER_POLICY == "hold" else _next_try(one, now)
    if again_at is None:
        _ours(one).update(state=LetterState.UNCONFIRMED, claim="", error=error[:500], updated_at=now)
        return
    # dot_at stays: what goes out again is what may have arrived, word for word.
    _ours(one).update(state=LetterState.WAITING, next_try_at=again_at, error=error[:500], claim="", updated_at=now)


def give_back(letters: Iterable[Letter], *, error: str = "") -> None:
    """Let others take these claimed letters; the try does not count, for none was made.

    error: why the mail server as a whole could not be had; then they wait for the first step of the back-off.
    """
    now = timezone.now()
    wait = timedelta(seconds=settings.REMINDER_BACKOFF[0] * random.uniform(0.9, 1.1)) if error else timedelta(0)
    for claim_token, pks in _by_claim(letters).items():
        Letter.objects.filter(pk__in=pks, claim=claim_token, state=LetterState.SENDING).update(
            state=LetterState.WAITING,
            next_try_at=now + wait,
            attempts=F("attempts") - 1,
            claim="",
            error=error[:500] if error else F("error"),
            updated_at=now,
        )


def wait_until(one: Letter, at: datetime) -> None:
    """A claimed letter comes later, at `at` (aware): its hour is over. The try does not count, for none was made."""
    _ours(one).update(
        state=LetterState.WAITING,
        next_try_at=at,
        due_at=at,
        attempts=F("attempts") - 1,
        claim="",
        updated_at=timezone.now(),
    )


# Clocks of the machines of one installation may differ by so much.
APART = timedelta(minutes=1)


def follow_clock(*, limit: int = 1_000) -> int:
    """The clock has been set back: what was written, claimed or put off while it stood ahead waits no longer than it
    was to wait then. Returns how many letters were moved.

    Such a letter says itself that it changed in the future. One query by the index of what is due, mostly in vain.
    """
    now = timezone.now()
    ahead = Letter.objects.filter(
        state__in=[LetterState.WAITING, LetterState.SENDING], next_try_at__gt=now, updated_at__gt=now + APART
    )
    with transaction.atomic():
        found = list(ahead.select_related("recipient").select_for_update(skip_locked=True, of=("self",))[:limit])
        for one in found:
            at = now + max(one.next_try_at - one.updated_at, timedelta(0))
            if one.kind in WAITS_FOR_MORNING and one.recipient and not one.attempts:
                at = in_peace(one.recipient, now)
            Letter.objects.filter(pk=one.pk).update(next_try_at=at, due_at=at, updated_at=now)
    if found:
        log.warning("%s letters had been written or tried under a clock that stood ahead", len(found))
    return len(found)


def _by_claim(letters: Iterable[Letter]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for one in letters:
        found.setdefault(one.claim, []).append(one.pk)
    return found


def quick_commits(quick: bool) -> None:
    """Let this connection's commits return before they are on the disk, or not (PostgreSQL; else nothing happens).

    For marks whose loss is made good by whoever made them: waiting for the disk at each of them costs four to fifteen
    times the rest.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET synchronous_commit = {'off' if quick else 'on'}")


def to_disk(one: Letter) -> None:
    """What this connection has committed so far is on the disk when this returns (PostgreSQL). one: the last letter."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            # A commit that waits takes all earlier ones along. It waits only when it has written something itself.
            cursor.execute("SET LOCAL synchronous_commit = on")
            cursor.execute("UPDATE incidents_letter SET updated_at = updated_at WHERE id = %s", [one.pk])


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
        one,
        by=by,
        reason=reason,
        states=(LetterState.WAITING, LetterState.FAILED, LetterState.UNCONFIRMED, LetterState.QUARANTINED),
    )


@transaction.atomic
def withdraw_claimed(one: Letter, *, reason: str) -> bool:
    """Take back the letter that the caller has just claimed, because it no longer tells the truth."""
    return _take_back(one, by=None, reason=reason, states=(LetterState.SENDING,))


def forget_bodies(letters: QuerySet[Letter], *, limit: int = 1_000) -> int:
    """Let go of the texts of letters that are done with; what was sent stays provable by its hash. Returns how many.

    The one place in which a letter's text ever changes: it goes whole, and the row says since when (invariant 4). In the
    caller's transaction, which keeps the trace.
    """
    now = timezone.now()
    chosen = list(letters.filter(state__in=DONE_WITH, body_erased_at=None).order_by("pk")[:limit])
    for one in chosen:
        one.body_sha256 = body_hash(one)
        one.text, one.html, one.headers, one.body_erased_at, one.updated_at = "", "", {}, now, now
    Letter.objects.bulk_update(
        chosen, ["text", "html", "headers", "body_sha256", "body_erased_at", "updated_at"], batch_size=200
    )
    return len(chosen)


def body_hash(one: Letter) -> str:
    """SHA-256 of subject, text and HTML as they were written, with a NUL between them."""
    return hashlib.sha256("\0".join((one.subject, one.text, one.html)).encode()).hexdigest()


def take_in(letters: Q, *, held: str = "") -> list[int]:
    """Take back those of these letters that nobody has sent or is sending, because another letter tells what they told.

    held: the caller's claim, whose letters are in nobody else's hand. Their rows wait again. In the caller's
    transaction. Returns the ids of the letters taken back.
    """
    unsent = Q(state=LetterState.WAITING)
    if held:
        unsent |= Q(state=LetterState.SENDING, claim=held)
    taken = list(Letter.objects.filter(letters, unsent, dot_at=None).select_for_update().order_by("pk"))
    ReminderDelivery.objects.filter(letter__in=taken, state=DeliveryState.WRITTEN).update(
        state=DeliveryState.PENDING, letter=None, updated_at=timezone.now()
    )
    return [one.pk for one in taken if _take_back(one, by=None, reason="stale", states=(one.state,))]


def _take_back(one: Letter, *, by: Person | None, reason: str, states: tuple[str, ...]) -> bool:
    now = timezone.now()
    mine = Letter.objects.filter(pk=one.pk, state__in=states)
    if LetterState.SENDING in states:
        mine = mine.filter(claim=one.claim)
    changed = mine.update(state=LetterState.CANCELLED, error=reason[:500], claim="", updated_at=now)
    if not changed:
        return False
    ReminderDelivery.objects.filter(letter=one, state__in=[DeliveryState.WRITTEN, DeliveryState.FAILED]).update(
        state=DeliveryState.CANCELLED, reason=reason[:60], settled_at=now, updated_at=now
    )
    audit.note(by, "letter.cancelled", one, reason=reason)
    return True


# A person has to look at these: given up, in doubt, or of an outbox that a backup has brought back.
LOOKED_AT = (LetterState.FAILED, LetterState.UNCONFIRMED, LetterState.QUARANTINED)


@transaction.atomic
def release(one: Letter, *, by: Person, reason: str) -> None:
    """A letter that a restore has held back goes out after all; whoever lets it says why. Raises Refused, as `send_again`."""
    if not Letter.objects.select_for_update().filter(pk=one.pk, state=LetterState.QUARANTINED).exists():
        raise Refused("not_quarantined", _("この手紙は、保留されていません。"), _("一覧を読み直してください。"))
    send_again(one, by=by)
    audit.note(by, "letter.released", one, reason=reason)


@transaction.atomic
def send_again(one: Letter, *, by: Person) -> None:
    """Give a letter of LOOKED_AT a new row of tries: same text, same Message-ID. Raises Refused without a mail server."""
    if not settings.MAIL_CONFIGURED:
        raise Refused(
            "no_mail_server",
            _("メールの送信先がまだ設定されていません。"),
            _("SMTP_URL を設定してから、もう一度送ってください。"),
        )
    now = timezone.now()
    changed = Letter.objects.filter(pk=one.pk, state__in=LOOKED_AT).update(
        state=LetterState.WAITING, attempts=0, next_try_at=now, due_at=now, error="", dot_at=None, updated_at=now
    )
    if changed:
        ReminderDelivery.objects.filter(letter=one, state=DeliveryState.FAILED).update(
            state=DeliveryState.WRITTEN, settled_at=None, updated_at=now
        )
        audit.note(by, "letter.sent_again", one)
        later("letter.sweep")
