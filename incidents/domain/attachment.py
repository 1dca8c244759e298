"""添付: a file of a record, kept by its hash, taken back with a reason, never deleted (C8); evidence of a measure (M6).

The bytes are looked at and written before the transaction begins (gateways.intake): a slow disk must not hold the
record's row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, countermeasure
from incidents.domain.incident import editor, lock, tell
from incidents.enums import EntryKind
from incidents.errors import Refused
from incidents.models import Attachment, Countermeasure, Incident, Person, Team
from incidents.queries import attachment as attachments

MOST_FILES = 200  # that stand, of one record


class Received(Protocol):
    """A file whose bytes are kept, as incidents.gateways.intake gives it."""

    name: str
    media_type: str
    size: int
    sha256: str
    path: str


def ask_room(incident: Incident, *, by: Person, size: int) -> None:
    """Whether the person may attach a file of so many bytes; asked before its bytes are written. Raises NotAllowed, Refused."""
    editor(by, incident)
    _refuse_full(incident, size)


@transaction.atomic
def keep(incident: Incident, *, by: Person, received: Received) -> tuple[Attachment, bool]:
    """Attach a file to a record. Returns the row, and whether it is new: the same bytes are kept once a record.

    Raises NotAllowed, Refused.
    """
    editor(by, incident)
    current = lock(incident)
    rules.refuse_change(current.stage)
    return _enter(current, by, received, None)


@transaction.atomic
def complete(
    measure: Countermeasure, *, by: Person, files: Sequence[Received] = (), **said: str | int | None
) -> Countermeasure:
    """できました, with files that show it: all of them or nothing. `said`, and what it raises: countermeasure.complete and keep."""
    if files and not any(text.strip() for text in said.values() if isinstance(text, str)):
        said["note"] = _("証拠のファイル: %(names)s") % {"names": _("、").join(one.name for one in files)}
    done = countermeasure.complete(measure, by=by, **said)
    for one in files:
        _enter(lock(done.incident), by, one, done)
    return done


@transaction.atomic
def withdraw(attachment: Attachment, *, by: Person, reason: str) -> Attachment:
    """Take a file back. It stays where it is, named with the reason, and only a lead can still open it.

    Raises NotAllowed, Refused.
    """
    editor(by, attachment.incident)
    incident = lock(attachment.incident)
    attachment = Attachment.objects.select_related("incident", "measure").get(pk=attachment.pk)
    if attachment.withdrawn_at is not None:
        raise Refused("already_withdrawn", _("このファイルは、もう取り下げられています。"), "", "attachments")
    if not reason.strip():
        raise Refused("no_reason", _("理由が書かれていません。"), _("取り下げる理由を一行書いてください。"))
    attachment.withdrawn_at, attachment.withdrawn_reason = timezone.now(), reason.strip()
    attachment.save(update_fields=["withdrawn_at", "withdrawn_reason"])
    said = _("添付を取り下げました: %(name)s（%(reason)s）") % {"name": attachment.name, "reason": reason.strip()}
    tell(incident, by=by, kind=EntryKind.ATTACHMENT, text=said)
    audit.note(by, "attachment.withdrawn", attachment, reason=reason.strip())
    return attachment


def _enter(
    incident: Incident, by: Person, received: Received, measure: Countermeasure | None
) -> tuple[Attachment, bool]:
    """Write the row of a received file, with its trace. The incident's row is held."""
    same = Attachment.objects.filter(
        incident=incident, measure=measure, sha256=received.sha256, withdrawn_at__isnull=True
    )
    if (there := same.select_related("uploaded_by").first()) is not None:
        return there, False
    Team.objects.select_for_update(of=("self",)).get(pk=incident.team_id)  # two records at once share one room
    _refuse_full(incident, received.size)
    made = Attachment.objects.create(
        incident=incident,
        measure=measure,
        name=received.name,
        media_type=received.media_type,
        size=received.size,
        sha256=received.sha256,
        file=received.path,
        uploaded_by=by,
    )
    if measure is None:
        text = _("添付: %(name)s") % {"name": made.name}
    else:
        text = _("対策の証拠: %(title)s（%(name)s）") % {"title": measure.title, "name": made.name}
    tell(incident, by=by, kind=EntryKind.ATTACHMENT, text=text)
    audit.note(by, "attachment.kept", made, size=(None, made.size), sha256=(None, made.sha256))
    return made, True


def _refuse_full(incident: Incident, size: int) -> None:
    """Raises Refused when the record or its team has no room left for so many bytes."""
    count, used = attachments.bytes_of_incident(incident)
    if count >= MOST_FILES:
        raise Refused(
            "too_many_files",
            _("一つの記録に添えられるのは %(most)s 個までです。") % {"most": MOST_FILES},
            _("いくつかを一つの ZIP にまとめるか、要らないものを取り下げてください。"),
            "attachments",
        )
    if used + size > settings.ATTACHMENT_INCIDENT_BYTES:
        raise Refused(
            "incident_full",
            _("一つの記録に添えられるのは、全部で %(most)s MB までです。")
            % {"most": settings.ATTACHMENT_INCIDENT_BYTES >> 20},
            _("小さくしてから添えるか、置き場所のリンクを経緯に書いてください。"),
            "attachments",
        )
    if attachments.bytes_of_team(incident.team_id) + size > settings.ATTACHMENT_TEAM_BYTES:
        raise Refused(
            "team_full",
            _("チームのファイルの置き場所がいっぱいです（%(most)s MB）。")
            % {"most": settings.ATTACHMENT_TEAM_BYTES >> 20},
            _("管理者に、広げるよう頼んでください。"),
            "attachments",
        )
