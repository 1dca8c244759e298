"""Addresses to which people and mail servers answer: signed, one purpose, one person, an end (U7).

`ushiro+r1a-2b-gk3-<mark>@example.jp` is where bob answers about one record. Small letters and digits only, because mail
servers change the case; short, because 64 letters stand before an @ (RFC 5321 4.5.3.1.1). To have one is not enough:
domain.inbound asks the person's standing again, and the mail has to come from the person's own address.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr

from django.conf import settings
from django.utils.crypto import salted_hmac

from incidents.models import Letter, Person

REPLY, DIGEST, NEW, BOUNCE = "r", "d", "n", "b"
DAYS = 60
_MARK = 20  # letters of the mark: 100 bits


@dataclass(frozen=True)
class Token:
    """What an address says. kind: REPLY, DIGEST, NEW or BOUNCE. first: a record, a person or a letter. day: since 1970."""

    kind: str
    first: int
    person_id: int
    day: int
    mark: str

    def is_over(self, today: int) -> bool:
        return self.kind != NEW and not self.day <= today + 1 <= self.day + DAYS + 1


def own_domain() -> str:
    """The domain for which our letters are sent, small: their Message-IDs and lists stand in it."""
    return parseaddr(settings.MAIL_FROM)[1].partition("@")[2].lower() or "localhost"


def own_list() -> str:
    """How the List-Id of each of our letters ends (RFC 2919); its kind stands before it."""
    return f".ushiro.{own_domain()}>"


def reply_headers(person: Person, incident_id: int | None = None) -> dict[str, str]:
    """The Reply-To of a letter to the person: about one record, or of a letter about several. {} when no mail comes in."""
    if not settings.INBOUND_ADDRESS:
        return {}
    kind = REPLY if incident_id else DIGEST
    return {"Reply-To": _address(kind, incident_id or person.pk, person.pk, today_number())}


def intake_address(person: Person) -> str:
    """Where the person forwards mail to; "" when they have none."""
    if not (settings.INBOUND_ADDRESS and person.intake_key):
        return ""
    return _address(NEW, person.pk, person.pk, 0, more=person.intake_key)


def return_path(letter: Letter) -> str:
    """Where a mail server says that it could not deliver this letter; MAIL_FROM's own address when no mail comes in."""
    return _address(BOUNCE, letter.pk, 0, today_number()) if settings.INBOUND_ADDRESS else ""


def today_number(now: datetime | None = None) -> int:
    return int((now or datetime.now(UTC)).timestamp() // 86_400)


def read(addresses: Iterable[str]) -> Token | None:
    """What the first of these addresses says that is one of ours, or None. Whether NEW's key is right is asked later."""
    for address in addresses:
        if (found := _read(address)) is not None:
            return found
    return None


def opens(token: Token, person: Person) -> bool:
    """Whether an intake address is the one that the person has now."""
    return bool(person.intake_key) and _is_mark(token, more=person.intake_key)


def is_ours(address: str) -> bool:
    """Whether it leads to us, with or without a token."""
    local, _at, domain = settings.INBOUND_ADDRESS.rpartition("@")
    wanted_local, _at, wanted_domain = address.lower().rpartition("@")
    return bool(local) and wanted_domain == domain and wanted_local.partition("+")[0] == local


def _read(address: str) -> Token | None:
    if not is_ours(address):
        return None
    words = address.lower().rpartition("@")[0].partition("+")[2].split("-")
    if len(words) != 4 or len(words[0]) < 2 or words[0][0] not in {REPLY, DIGEST, NEW, BOUNCE}:
        return None
    try:
        first, person_id, day = (int(word, 36) for word in (words[0][1:], words[1], words[2]))
    except ValueError:
        return None
    token = Token(words[0][0], first, person_id, day, words[3])
    if not all(0 <= number < 2**62 for number in (first, person_id, day)):
        return None
    return token if token.kind == NEW or _is_mark(token) else None


def _is_mark(token: Token, *, more: str = "") -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    wanted = [_mark(token.kind, token.first, token.person_id, token.day, more, key) for key in keys]
    return any(hmac.compare_digest(one.encode(), token.mark.encode("utf-8", "replace")) for one in wanted)


def _address(kind: str, first: int, person_id: int, day: int, *, more: str = "") -> str:
    local, _at, domain = settings.INBOUND_ADDRESS.rpartition("@")
    mark = _mark(kind, first, person_id, day, more, settings.SECRET_KEY)
    return f"{local}+{kind}{_short(first)}-{_short(person_id)}-{_short(day)}-{mark}@{domain}"


def _mark(kind: str, first: int, person_id: int, day: int, more: str, key: str) -> str:
    said = f"{first}-{person_id}-{day}-{more}"
    digest = salted_hmac(f"ushiro.inbound.{kind}.v1", said, secret=key, algorithm="sha256").digest()
    return base64.b32encode(digest).decode().lower()[:_MARK]


def _short(number: int) -> str:
    digits, out = "0123456789abcdefghijklmnopqrstuvwxyz", ""
    while True:
        number, rest = divmod(number, 36)
        out = digits[rest] + out
        if not number:
            return out
