"""Signed links in mails: one purpose, one person, one promise, an end. Having one is not enough to act:
queries.access.follow_up_for_link asks the person's standing again on each use."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse

from incidents.enums import MailAct
from incidents.models import FollowUp, Person

DONE_SALT = "ushiro.mail.done.v1"
DONE_LIFE = timedelta(days=60)
# Each act has a salt of its own, so that a link for one is nonsense to the others.
ACT_SALT = {act: f"ushiro.mail.{act.value}.v1" for act in MailAct}
ACT_LIFE = timedelta(days=60)
AWAY_SALT = "ushiro.mail.away.v1"
AWAY_LIFE = timedelta(days=60)
# Behind it stands only 「止める」, so it may hold as long as somebody keeps the mail.
CARE_SALT = "ushiro.mail.care.v1"
CARE_LIFE = timedelta(days=365)
# How long a page that was opened from a mail may lie before its button is pressed.
PAGE_SALT = "ushiro.mail.page.v1"
PAGE_LIFE = timedelta(hours=24)


@dataclass(frozen=True)
class Link:
    """What a link about a promise says.

    due_version: of the promise when the mail was written; another date or owner ends the link. round: the person's
    `link_round` then; it moves when the account is shut or gets another address, which ends all links that are out.
    mark: tells this link from every other.
    """

    follow_up_id: int
    person_id: int
    due_version: int
    round: int
    mark: str


@dataclass(frozen=True)
class AwayLink:
    """Whose absence a link tells of; round as in `Link`."""

    person_id: int
    round: int


def done_url(follow_up: FollowUp, person: Person) -> str:
    """The address behind 「できました」 in this person's mail about this promise, as it stands when the mail is written."""
    return absolute(reverse("mail-done", args=[_token(follow_up, person, DONE_SALT)]))


def read_done(token: str) -> Link | None:
    """What a done-link says, or None for a forged, altered, foreign or expired one (60 days)."""
    return _link(token, DONE_SALT, DONE_LIFE)


def act_url(act: MailAct, follow_up: FollowUp, person: Person) -> str:
    """The address behind an act in this person's mail about this promise, as it stands when the mail is written."""
    return absolute(reverse(f"mail-{act.value.replace('_', '-')}", args=[_token(follow_up, person, ACT_SALT[act])]))


def read_act(act: MailAct, token: str) -> Link | None:
    """What the link says, or None for a forged, altered, foreign or expired one (60 days)."""
    return _link(token, ACT_SALT[act], ACT_LIFE)


def _token(follow_up: FollowUp, person: Person, salt: str) -> str:
    return signing.dumps([follow_up.pk, person.pk, follow_up.due_version, person.link_round], salt=salt)


def _link(token: str, salt: str, life: timedelta) -> Link | None:
    numbers = _numbers(token, salt=salt, life=life, count=4)
    return Link(*numbers, mark=hashlib.sha256(token.encode()).hexdigest()) if numbers else None


def away_url(person: Person) -> str:
    """The address behind 「不在にします」 in this person's mail."""
    return absolute(reverse("mail-away", args=[signing.dumps([person.pk, person.link_round], salt=AWAY_SALT)]))


def read_away(token: str) -> AwayLink | None:
    """Whose absence the link tells of, or None for a forged, altered, foreign or expired one (60 days)."""
    numbers = _numbers(token, salt=AWAY_SALT, life=AWAY_LIFE, count=2)
    return AwayLink(*numbers) if numbers else None


def may_stop(url: str) -> dict[str, str]:
    """The headers by which a mail program offers to stop letters of a kind, by one press and without a page.

    RFC 2369, and RFC 8058 where the address is https, as that one asks: then a POST of `List-Unsubscribe=One-Click`
    is enough. Only for letters that somebody may switch off, never for what others rely on.
    """
    one_press = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if url.startswith("https://") else {}
    return {"List-Unsubscribe": f"<{url}>", **one_press}


def care_url(*, person_id: int) -> str:
    """The address behind 「この便りを止める」 in this person's mail."""
    return absolute(reverse("mail-care", args=[signing.dumps(person_id, salt=CARE_SALT)]))


def read_care(token: str) -> int | None:
    """Whose words the link stops, or None for a forged, altered, foreign or expired one (a year)."""
    return _number(token, salt=CARE_SALT, life=CARE_LIFE)


def _loads(token: str, *, salt: str, life: timedelta) -> object:
    try:
        return signing.loads(token, salt=salt, max_age=life)
    except (signing.BadSignature, ValueError, TypeError):
        return None


def _number(token: str, *, salt: str, life: timedelta) -> int | None:
    found = _loads(token, salt=salt, life=life)
    return found if isinstance(found, int) else None


def _numbers(token: str, *, salt: str, life: timedelta, count: int) -> list[int] | None:
    found = _loads(token, salt=salt, life=life)
    whole = isinstance(found, list) and len(found) == count and all(isinstance(one, int) for one in found)
    return found if whole else None


def page_token(token: str) -> str:
    """What the form on a link's page carries: only who has opened that page in the last day can press its button.

    It takes the place of the CSRF token, which would need a cookie and a referrer; these pages have neither.
    """
    return signing.TimestampSigner(salt=PAGE_SALT).sign(_digest(token))


def opened_lately(token: str, sent: str) -> bool:
    """Whether `sent` was given out with this link's page, within a day."""
    try:
        return signing.TimestampSigner(salt=PAGE_SALT).unsign(sent, max_age=PAGE_LIFE) == _digest(token)
    except signing.BadSignature:
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()[:32]


def absolute(path: str) -> str:
    """A path under SITE_URL: never under the Host of whoever happened to ask (CVE-2012-4520)."""
    return settings.SITE_URL + path
