"""Where people are signed in: noted, and ended at once. An ended session is gone from the table that every request asks."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import audit
from incidents.errors import NotAllowed
from incidents.models import Person, SignedIn


def note(person: Person, *, key: str, device: str, known_as: int | None) -> int:
    """Remember that the person is signed in in a browser, and when it was last used; no trace: it says nothing of a record.

    key: of Django's session, which changes when it is cycled. known_as: the row of this browser, None for a new one.
    Returns the row's number.
    """
    now = timezone.now()
    if known_as and SignedIn.objects.filter(pk=known_as, person=person).update(session_key=key, seen_at=now):
        return known_as
    return SignedIn.objects.update_or_create(
        session_key=key, defaults={"person": person, "device": device[:60], "began_at": now, "seen_at": now}
    )[0].pk


def forget(key: str) -> None:
    """The session of this key has ended by itself."""
    SignedIn.objects.filter(session_key=key).delete()


def end_all(person: Person, *, but: str = "") -> int:
    """End the person's sessions as a part of another change, inside its transaction. but: the key of one that goes on.

    Returns how many ended.
    """
    rows = SignedIn.objects.filter(person=person).exclude(session_key=but)
    return _end(rows.values_list("session_key", flat=True))


def _end(keys: Collection[str]) -> int:
    keys = list(keys)
    Session.objects.filter(session_key__in=keys).delete()
    SignedIn.objects.filter(session_key__in=keys).delete()
    return len(keys)


@transaction.atomic
def end(one: SignedIn, *, by: Person) -> None:
    """Sign the person out there; the next request of that browser is nobody's. Raises NotAllowed."""
    if one.person_id != by.pk:
        raise _not_own()
    _end([one.session_key])
    audit.note(by, "session.ended", by, devices=(None, str(one)))


@transaction.atomic
def end_others(person: Person, *, by: Person, but: str) -> int:
    """Sign the person out everywhere but in the session `but`. Returns how many ended. Raises NotAllowed."""
    if person.pk != by.pk:
        raise _not_own()
    ended = end_all(person, but=but)
    if ended:
        audit.note(by, "session.ended", by, devices=(None, ended))
    return ended


def _not_own() -> NotAllowed:
    return NotAllowed(
        "not_own_session", _("ほかの方の端末のサインインは、終わらせられません。"), _("ご本人の設定で行ってください。")
    )
