"""Signed links in mails: one purpose, one person, one promise, an end. Having one is not enough to act:
queries.access.follow_up_for_link asks the person's standing again on each use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse

DONE_SALT = "ushiro.mail.done.v1"
DONE_LIFE = timedelta(days=60)
# Behind it stands only 「止める」, so it may hold as long as somebody keeps the mail.
CARE_SALT = "ushiro.mail.care.v1"
CARE_LIFE = timedelta(days=365)


@dataclass(frozen=True)
class DoneLink:
    follow_up_id: int
    person_id: int


def done_url(*, follow_up_id: int, person_id: int) -> str:
    """The address behind 「できました」 in this person's mail about this promise."""
    token = signing.dumps([follow_up_id, person_id], salt=DONE_SALT)
    return absolute(reverse("mail-done", args=[token]))


def read_done(token: str) -> DoneLink | None:
    """What a done-link says, or None for a forged, altered, foreign or expired one (60 days)."""
    try:
        follow_up_id, person_id = signing.loads(token, salt=DONE_SALT, max_age=DONE_LIFE)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return DoneLink(follow_up_id, person_id)


def care_url(*, person_id: int) -> str:
    """The address behind 「この便りを止める」 in this person's mail."""
    return absolute(reverse("mail-care", args=[signing.dumps(person_id, salt=CARE_SALT)]))


def read_care(token: str) -> int | None:
    """Whose words the link stops, or None for a forged, altered, foreign or expired one (a year)."""
    try:
        found = signing.loads(token, salt=CARE_SALT, max_age=CARE_LIFE)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return found if isinstance(found, int) else None


def absolute(path: str) -> str:
    """A path under SITE_URL: never under the Host of whoever happened to ask (CVE-2012-4520)."""
    return settings.SITE_URL + path
