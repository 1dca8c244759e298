"""The trace of a change, in the transaction of the change (invariant 5)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from django.db import models, transaction

from incidents.domain import seal, search
from incidents.models import AuditEntry, DueRequest, EffectCheck, Incident, Person

SYSTEM_LABEL = "うしろ"


def plain(value: Any) -> Any:
    """A value as JSON can hold it: records by their label, times in ISO form."""
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    return value


def _incident_of(target: models.Model) -> Incident | None:
    if isinstance(target, Incident):
        return target
    if isinstance(target, EffectCheck):
        return target.measure.incident
    if isinstance(target, DueRequest):
        return target.measure.incident
    found = getattr(target, "incident", None)
    return found if isinstance(found, Incident) else None


def entry(
    by: Person | None, verb: str, target: models.Model, *, reason: str = "", **changes: tuple[Any, Any]
) -> AuditEntry:
    """An unsaved entry, for `keep`; `changes` are field=(old, new)."""
    incident = _incident_of(target)
    return AuditEntry(
        actor_id=by.pk if by else None,
        actor_label=str(by) if by else SYSTEM_LABEL,
        verb=verb,
        target_type=target._meta.model_name,
        target_id=target.pk,
        target_label=str(target)[:200],
        team_id=incident.team_id if incident else getattr(target, "team_id", None),
        incident_id=incident.pk if incident else None,
        changes={name: [plain(old), plain(new)] for name, (old, new) in changes.items()},
        reason=reason,
        salt=secrets.token_hex(16),
    )


@transaction.atomic(savepoint=False)
def keep(entries: Iterable[AuditEntry], *, batch_size: int | None = None) -> list[AuditEntry]:
    """Write many entries made by `entry` at once; they are sealed together. The indexes of their records are the caller's."""
    written = AuditEntry.objects.bulk_create(entries, batch_size=batch_size)
    seal.at_commit(*written)
    return written


@transaction.atomic(savepoint=False)
def note(
    by: Person | None, verb: str, target: models.Model, *, reason: str = "", **changes: tuple[Any, Any]
) -> AuditEntry:
    """Write who did what, and keep the record's index right. Call it inside the transaction of the change, so that both stand or fall together.

    by: the person, or None when Ushiro itself acts (beat, sweep).
    verb: "noun.did", known to incidents.queries.audit.VERBS (a house test compares).
    """
    written = entry(by, verb, target, reason=reason, **changes)
    written.save(force_insert=True)
    seal.at_commit(written)
    if written.incident_id:
        search.refresh(written.incident_id)
    return written
