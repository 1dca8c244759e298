"""Near misses without a name: the address of a team's door, what was published, and what a receipt gives back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from django.core import signing
from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from incidents.models import Incident, Membership, NamelessNote, Person, Team

SALT = "ushiro.nameless.door.v1"
PER_PAGE = 50


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT, sep=".")


def token_of(team: Team) -> str:
    """The secret part of the team's address. Derived, so that no table and no backup holds it."""
    return _signer().sign(f"{team.pk}-{team.nameless_serial}")


def door_path(team: Team) -> str:
    """Where somebody writes to this team without a name; "" while its door is shut."""
    return reverse("nameless-write", args=[token_of(team)]) if team.nameless_open else ""


def team_behind(token: str) -> Team | None:
    """The team of an address, or None for one that is forged, renewed or shut; the three are not told apart."""
    try:
        team_id, serial = _signer().unsign(token).split("-")
        found = Team.objects.filter(pk=int(team_id), nameless_serial=int(serial), nameless_open=True)
    except (signing.BadSignature, ValueError):
        return None
    return found.first()


def hash_of(receipt: str) -> str:
    """A receipt as it is kept. Blanks, hyphens and capitals that crept in with the copying do not matter."""
    plain = "".join(letter for letter in receipt.casefold() if letter.isascii() and letter.isalnum())
    return hashlib.sha256(f"ushiro.nameless.receipt.v1:{plain}".encode()).hexdigest()


def note_behind(team: Team, receipt: str) -> NamelessNote | None:
    """What was written to this team under a receipt."""
    return NamelessNote.objects.filter(team=team, receipt_hash=hash_of(receipt)).select_related("incident").first()


@dataclass(frozen=True)
class Door:
    """A team's address as its people see it; `role` is the reader's own."""

    team: Team
    role: str
    path: str


def doors(memberships: list[Membership]) -> list[Door]:
    """The address of each of the person's teams."""
    return [Door(one.team, one.role, door_path(one.team)) for one in memberships]


def published(person: Person, number: str | None) -> Page:
    """The notes of the person's teams, latest batch first. A record that the reader may not see is not named."""
    notes = (
        NamelessNote.objects.visible_to(person)
        .select_related("team", "incident")
        .annotate(record_is_seen=Exists(Incident.objects.visible_to(person).filter(pk=OuterRef("incident"))))
    )
    return Paginator(notes, PER_PAGE).get_page(number)


def waiting(person: Person) -> QuerySet[NamelessNote]:
    """One published note that nobody has dealt with, if there is any: 今日 says that there are some, never how many."""
    return NamelessNote.objects.visible_to(person).waiting().order_by("id")[:1]


def quiet_since(team: Team, day: date) -> bool:
    """Whether nothing of the team was published on or after a day."""
    return not NamelessNote.objects.filter(team=team, published_on__gte=day).exists()
