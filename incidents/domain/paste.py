"""A mail thread or chat as it was pasted: kept raw, never changed (C1)."""

from __future__ import annotations

import hashlib

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit
from incidents.domain.incident import editor, lock
from incidents.errors import Refused
from incidents.models import Incident, Paste, Person


def digest_of(text: str) -> str:
    """SHA-256 over UTF-8: which pasted text it is."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@transaction.atomic
def keep(incident: Incident, *, by: Person, text: str) -> Paste:
    """Keep a pasted text as it is, with its SHA-256 over UTF-8. The same text a second time is the same paste.

    Raises NotAllowed, Refused for an empty text or a record that has ended.
    """
    editor(by, incident)
    current = lock(incident)
    rules.refuse_change(current.stage)
    if not text.strip():
        raise Refused("empty", _("貼り付ける文面がありません。"), _("メールやチャットをそのまま貼ってください。"))
    digest = digest_of(text)
    known = Paste.objects.filter(incident=current, sha256=digest).first()
    if known is not None:
        return known
    made = Paste.objects.create(incident=current, text=text, sha256=digest, author=by)
    audit.note(by, "paste.kept", made)
    return made
