"""The messages of the mirrors: written beside the letters, claimed by one, sent once, settled; a channel that takes nothing is stopped.

The same life as a letter's (domain/letter.py), in rows of its own, so that a slow chat service never holds a mail up.
"""

from __future__ import annotations

import logging
import random
import uuid
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from incidents.domain import audit, letter
from incidents.enums import FollowUpKind, FollowUpState, LetterKind, MirrorState, PostKind, PostState, Role
from incidents.later import later
from incidents.letters import mirror as words
from incidents.models import FollowUp, Letter, Membership, Mirror, MirrorLine, MirrorPost, ReminderDelivery
from incidents.queries import mirror as mirrors
from incidents.queries.calendar import business_calendars, day_here, house_zone

log = logging.getLogger(__name__)

MORNING = time(9, 5)  # on the wall of the house: five minutes after the first letters
# The other side says that the place or the right to write there is gone: three times in a row, and it is believed.
REFUSALS = frozenset({"answered_401", "answered_403", "answered_404", "answered_410"})
REFUSED_AFTER = 3
FAILED_AFTER, FAILED_FOR = 10, timedelta(hours=24)
LEASE = 60  # seconds at least: a claim has to outlast one call


# Written ---------------------------------------------------------------------------------------


def write_due_mornings(*, now: datetime | None = None, limit: int = 200) -> list[int]:
    """Write the morning message of each mirror whose team has something to hear today, once a day.

    now: aware; default the present. Returns the ids of the messages. One mirror's trouble is logged and does not stop
    the others (habit 7). Safe to call at once from two places: `mirrored_once` lets one of them through.
    """
    now = now or timezone.now()
    here = house_zone()
    today = day_here(now)
    begins, comes = datetime.combine(today, time(), here), datetime.combine(today, MORNING, here)
    if now < comes:
        return []
    due = mirrors.due_for_morning(today, since=comes, limit=limit)
    if not due:
        return []
    calendars = business_calendars({one.team_id for one in due})
    written = []
    for one in due:
        if not calendars[one.team_id].is_business_day(today):
            continue
        try:
            made = _write_morning(one, today, begins, now)
        except IntegrityError:  # somebody else has just written it
            continue
        except Exception:  # the next team's morning comes all the same
            log.exception("morning message of mirror %s could not be written", one.pk)
            continue
        if made is not None:
            written.append(made.pk)
    return written


@transaction.atomic
def _write_morning(one: Mirror, today: date, begins: datetime, now: datetime) -> MirrorPost | None:
    rows = list(mirrors.told_this_morning(one.team_id, today, begins=begins))
    before = MirrorLine.objects.filter(post__mirror=one, delivery__follow_up__in={row.follow_up_id for row in rows})
    told = set(before.values_list("delivery__follow_up_id", "delivery__step", "delivery__due_version"))
    rows = [row for row in rows if (row.follow_up_id, row.step, row.due_version) not in told]
    if not rows:
        return None
    made = MirrorPost.objects.create(
        mirror=one, key=mirrors.morning_key(today), kind=PostKind.MORNING, day=today, next_try_at=now
    )
    MirrorLine.objects.bulk_create(MirrorLine(post=made, delivery=row) for row in rows)
    return made


def tell_clock(rows: Sequence[ReminderDelivery], *, now: datetime) -> None:
    """Mirror the step of a first report's clock, in the transaction that writes its letter. Once a step, whoever is told.

    rows: of one promise, in the order of their time. Nothing for other promises and for restricted records.
    """
    latest = rows[-1]
    follow_up = latest.follow_up
    if follow_up.kind != FollowUpKind.FIRST_REPORT or follow_up.incident.restricted:
        return
    on = list(Mirror.objects.filter(team=follow_up.team_id, state=MirrorState.ON, clock=True))
    if not on:
        return
    key = f"clock:{follow_up.pk}:{latest.due_version}:{latest.step}"
    posts = [MirrorPost(mirror=one, key=key, kind=PostKind.CLOCK, day=day_here(now), next_try_at=now) for one in on]
    MirrorPost.objects.bulk_create(posts, ignore_conflicts=True)
    found = MirrorPost.objects.filter(mirror__in=on, key=key)
    lines = [MirrorLine(post=post, delivery=row) for post in found for row in rows]
    MirrorLine.objects.bulk_create(lines, ignore_conflicts=True)
    later("mirror.sweep")


# Sent ------------------------------------------------------------------------------------------


def claim(*, but: Collection[int] = ()) -> MirrorPost | None:
    """Take the message that has been due longest; nobody else gets it while the claim holds.

    but: ids of mirrors that are not asked again in this round. The claim of a worker that died runs out by itself.
    """
    now = timezone.now()
    token = str(uuid.uuid4())
    with transaction.atomic():
        due = mirrors.unsent().filter(next_try_at__lte=now, mirror__state=MirrorState.ON).exclude(mirror__in=list(but))
        found = due.order_by("next_try_at", "pk").select_for_update(skip_locked=True, of=("self",))
        pk = found.values_list("pk", flat=True).first()
        if pk is None:
            return None
        MirrorPost.objects.filter(pk=pk).update(
            state=PostState.SENDING,
            claim=token,
            next_try_at=now + timedelta(seconds=max(settings.REMINDER_LEASE_SECONDS, LEASE)),
            attempts=F("attempts") + 1,
            updated_at=now,
        )
    return MirrorPost.objects.select_related("mirror__team").get(pk=pk)


def _ours(post: MirrorPost) -> QuerySet[MirrorPost]:
    return MirrorPost.objects.filter(pk=post.pk, claim=post.claim, state=PostState.SENDING)


def words_now(post: MirrorPost, *, now: datetime | None = None) -> words.Told | None:
    """What the claimed message says at this moment, or None: nothing of it is true any more, and it is taken back.

    Asked at each try (habit 10): a promise that was kept, moved or closed to others meanwhile is not shown.
    """
    now = now or timezone.now()
    found = _still_told(post)
    if post.kind == PostKind.MORNING and post.day != day_here(now):
        found = []
    if not found:
        _ours(post).update(state=PostState.CANCELLED, claim="", error="stale", updated_at=now)
        return None
    if post.kind == PostKind.CLOCK:
        return words.clock(post.mirror, found[-1], now=now, ident=str(post.ident))
    calendar = business_calendars({post.mirror.team_id})[post.mirror.team_id]
    return words.morning(post.mirror, found, today=post.day, calendar=calendar, ident=str(post.ident))


def _still_told(post: MirrorPost) -> list[FollowUp]:
    rows = FollowUp.objects.filter(
        deliveries__mirrored__post=post,
        deliveries__due_version=F("due_version"),
        state=FollowUpState.OPEN,
        incident__restricted=False,
        team=post.mirror.team_id,
    ).select_related(
        "incident", "owner", "measure", "check_plan__measure", "question", "spread_answer__spread",
        "spread_action__spread", "review_of", "root__why",
    )  # fmt: skip
    return list(rows.distinct().order_by("pk"))


@transaction.atomic
def mark_sent(post: MirrorPost, *, text: str) -> None:
    """The channel has taken the message; its words are kept. Whoever has the claim by now: it was taken."""
    now = timezone.now()
    MirrorPost.objects.filter(pk=post.pk).exclude(state=PostState.SENT).update(
        state=PostState.SENT, sent_at=now, text=text, error="", claim="", updated_at=now
    )
    Mirror.objects.filter(pk=post.mirror_id).update(told_at=now, failures=0, failing_since=None, updated_at=now)


def give_back(post: MirrorPost) -> None:
    """Let others take the claimed message; no try was made."""
    now = timezone.now()
    _ours(post).update(state=PostState.WAITING, next_try_at=now, attempts=F("attempts") - 1, claim="", updated_at=now)


@transaction.atomic
def mark_failed(post: MirrorPost, *, word: str, wait: int = 0) -> None:
    """The message was not taken and waits for its next try with back-off; after the last one it has failed.

    word: why (letters.mirror.WHY). wait: seconds for which the other side asks; being asked to wait is no fault of the
    channel. A channel that refuses for good, or has taken nothing for a day, is stopped and its leads are told.
    """
    now = timezone.now()
    waits = settings.REMINDER_BACKOFF
    over = post.attempts > len(waits)
    seconds = max(waits[max(min(post.attempts, len(waits)) - 1, 0)] * random.uniform(0.9, 1.1), wait)
    _ours(post).update(
        state=PostState.FAILED if over else PostState.WAITING,
        next_try_at=now + timedelta(seconds=seconds),
        error=word[:40],
        claim="",
        updated_at=now,
    )
    if word == "answered_429":
        return
    Mirror.objects.filter(pk=post.mirror_id).update(
        failures=F("failures") + 1, failing_since=Coalesce("failing_since", now), updated_at=now
    )
    one = Mirror.objects.select_for_update(of=("self",)).select_related("team").get(pk=post.mirror_id)
    refused = word in REFUSALS and one.failures >= REFUSED_AFTER
    if refused or (one.failures >= FAILED_AFTER and now - one.failing_since >= FAILED_FOR):
        _stop(one, word, now)


def _stop(one: Mirror, word: str, now: datetime) -> None:
    """Stop a channel that takes nothing, once, and tell each lead of the team in one letter why and what to do."""
    if not Mirror.objects.filter(pk=one.pk, state=MirrorState.ON).update(
        state=MirrorState.BROKEN, off_at=now, why=word[:40], updated_at=now
    ):
        return
    cancel_all(one, reason="broken")
    audit.note(None, "mirror.broken", one, reason=word)
    for person in mirrors.leads_of(one.team):
        letter.post(
            kind=LetterKind.MIRROR_OFF,
            key=f"mirror-off:{one.pk}:{int(now.timestamp())}:{person.pk}",
            to=person,
            rendered=words.off(one, person, word=word),
        )


def cancel_all(one: Mirror, *, reason: str) -> None:
    """Take back what was still to be shown there, in the caller's transaction."""
    mirrors.unsent().filter(mirror=one).update(
        state=PostState.CANCELLED, claim="", error=reason, updated_at=timezone.now()
    )


def still_wanted(one: Letter) -> bool:
    """Ask again at the moment of sending (habit 10): whoever leads no more, or a channel that runs again, needs no letter."""
    if one.dot_at is not None:
        return True
    mirror_id = int(one.key.split(":")[1])
    stopped = Mirror.objects.filter(pk=mirror_id, state=MirrorState.BROKEN).values("team")
    leads = Membership.objects.filter(person=one.recipient_id, team__in=stopped, role=Role.LEAD)
    if leads.filter(person__is_active=True).exists():
        return True
    letter.withdraw_claimed(one, reason="stale")
    return False
