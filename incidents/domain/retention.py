"""保存期間: what is past its term goes, once a day, but for what is held as proof; a dry run says what would go (hardening 3f.4).

A class is a line in CLASSES: what is past its term, what of it is held, and how it is let go. How long is a rule
(incidents.rules.retention), which the organisation may change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from incidents.domain import audit, inbound, letter
from incidents.domain.organisation import refuse_unless_administrator
from incidents.enums import MailState, PostState
from incidents.models import (
    AuditEntry,
    CareCheckIn,
    EngineMark,
    Letter,
    MirrorPost,
    Organisation,
    Person,
    ReceivedMail,
    RecordRead,
    ReminderDelivery,
    RetentionRun,
)
from incidents.queries import holds
from incidents.rules.retention import TERMS, days_of, terms_from

MOST = 5_000  # of each class in one run, so that a write lock is never held for long; the next ring goes on
EVERY = timedelta(hours=20)


@dataclass(frozen=True)
class Tally:
    """past: past the term. held: of those, held as proof. gone: let go by this run."""

    past: int
    held: int
    gone: int = 0


@dataclass(frozen=True)
class Class:
    """past: rows whose term was over at this moment. held: which rows are proof, asked only while something is held."""

    past: Callable[[datetime], QuerySet]
    held: Callable[[], Q]
    let_go: Callable[[QuerySet], int]


def _delete(rows: QuerySet) -> int:
    chosen = list(rows.order_by("pk").values_list("pk", flat=True)[:MOST])
    rows.model._default_manager.filter(pk__in=chosen).delete()
    return len(chosen)


def _emptied(**fields: object) -> Callable[[QuerySet], int]:
    def let_go(rows: QuerySet) -> int:
        chosen = list(rows.order_by("pk").values_list("pk", flat=True)[:MOST])
        return rows.model._default_manager.filter(pk__in=chosen).update(**fields)

    return let_go


def _older(model: type[models.Model], field: str, **also: object) -> Callable[[datetime], QuerySet]:
    return lambda before: model._default_manager.filter(**{f"{field}__lt": before}, **also)


def _bodies(before: datetime) -> QuerySet[Letter]:
    rows = Letter.objects.filter(created_at__lt=before, body_erased_at=None, state__in=letter.DONE_WITH)
    return rows.filter(Q(sent_at=None) | Q(sent_at__lt=before))


def _posts(before: datetime) -> QuerySet[MirrorPost]:
    rows = MirrorPost.objects.filter(created_at__lt=before).exclude(text="")
    return rows.exclude(state__in=[PostState.WAITING, PostState.SENDING])


def _never() -> Q:
    return Q(pk__in=[])


def _held_letters() -> Q:
    teams = holds.standing().filter(team__isnull=False).values("team")
    rows = ReminderDelivery.objects.filter(
        Q(follow_up__incident__in=holds.records()) | Q(follow_up__team__in=teams), letter__isnull=False
    )
    return Q(recipient__in=holds.people()) | Q(pk__in=rows.values("letter"))


def _held_mails() -> Q:
    return Q(person__in=holds.people()) | Q(incident__in=holds.records())


CLASSES = {
    "sessions": Class(_older(Session, "expire_date"), _never, _delete),
    "bodies": Class(_bodies, _held_letters, lambda rows: letter.forget_bodies(rows, limit=MOST)),
    "letters": Class(
        lambda before: Letter.objects.filter(created_at__lt=before, body_erased_at__isnull=False).exclude(to_email=""),
        _held_letters,
        _emptied(to_name="", to_email="", subject="", error=""),
    ),
    "mails": Class(inbound.forgettable, _held_mails, _delete),
    "originals": Class(
        lambda before: ReceivedMail.objects.filter(
            created_at__lt=before, state__in=[MailState.POSTED, MailState.DRAFTED]
        ).exclude(sha256=""),
        _held_mails,
        _emptied(sha256=""),
    ),
    "care": Class(_older(CareCheckIn, "day"), lambda: Q(person__in=holds.people()), _delete),
    "posts": Class(
        _posts,
        lambda: Q(mirror__team__in=holds.standing().filter(team__isnull=False).values("team")),
        _emptied(text=""),
    ),
    "reads": Class(
        _older(RecordRead, "hour"),
        lambda: Q(person__in=holds.people()) | Q(incident__in=holds.records()),
        _delete,
    ),
    "marks": Class(
        lambda before: EngineMark.objects.filter(at__lt=before).filter(Q(failed_at=None) | Q(failed_at__lt=before)),
        _never,
        _delete,
    ),
    "runs": Class(_older(RetentionRun, "at"), _never, _delete),
    "audit": Class(_older(AuditEntry, "at"), _never, _delete),
}


def look(*, now: datetime | None = None, apply: bool = False) -> dict[str, Tally]:
    """Count each class; with `apply` let go what may go, in the caller's transaction. 0 days means for ever."""
    now = now or timezone.now()
    house = Organisation.objects.first()
    chosen = house.retention if house else {}
    anything_held = holds.standing().exists()
    found = {}
    for name, one in CLASSES.items():
        days = days_of(chosen, name)
        if not days and not (name == "sessions" and TERMS[name].least == 0):
            continue
        past = one.past(now - timedelta(days=days))
        free = past.exclude(one.held()) if anything_held else past
        total, open_ones = past.count(), free.count() if anything_held else None
        gone = one.let_go(free) if apply and not TERMS[name].told else 0
        found[name] = Tally(total, total - open_ones if open_ones is not None else 0, gone)
    return found


@transaction.atomic
def run(*, by: Person | None = None, apply: bool = False, now: datetime | None = None) -> RetentionRun:
    """One round over all classes, kept with its counts and in the trail. Without `apply` nothing goes (dry run).

    by: an administrator; None for beat and the command. Raises NotAllowed.
    """
    if by is not None:
        refuse_unless_administrator(by)
    found = look(now=now, apply=apply)
    made = RetentionRun.objects.create(applied=apply, counts={name: asdict(one) for name, one in found.items()})
    gone = {name: ("", one.gone) for name, one in found.items() if one.gone}
    audit.note(by, "retention.run", made, applied=("", apply), **gone)
    return made


def run_if_due(*, now: datetime | None = None) -> RetentionRun | None:
    """Once a day; again at the next ring while the last one has left something over. None when it is not due."""
    now = now or timezone.now()
    last = RetentionRun.objects.filter(applied=True).order_by("-pk").first()
    if last is not None and now - EVERY < last.at <= now and not has_more(last):
        return None
    return run(apply=True, now=now)


def has_more(last: RetentionRun) -> bool:
    """Whether a run came to its limit in one of the classes."""
    return any(one.get("gone", 0) >= MOST for one in last.counts.values())


@transaction.atomic
def set_terms(*, by: Person, terms: dict[str, int | None]) -> Organisation:
    """Say how many days each class is kept; None for ever. Nothing goes before the next run. Raises NotAllowed, Refused."""
    refuse_unless_administrator(by)
    house = Organisation.objects.select_for_update().get(pk=1)
    wanted = terms_from(terms)
    changes = {
        name: (days_of(house.retention, name), days_of(wanted, name))
        for name in TERMS
        if days_of(house.retention, name) != days_of(wanted, name)
    }
    if changes:
        house.retention = wanted
        house.save(update_fields=["retention", "updated_at"])
        audit.note(by, "retention.set", house, **changes)
    return house
