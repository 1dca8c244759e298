"""How somebody's sign-in is guarded: their second factors, whether they need one, and where they are signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from incidents.enums import Role
from incidents.models import Membership, Organisation, Person, SignedIn

Kind = Authenticator.Type
FACTORS = (Kind.TOTP, Kind.WEBAUTHN)


@dataclass(frozen=True)
class Factor:
    """One second factor as its owner sees it. name: what they called a passkey, "" for an app."""

    pk: int
    is_passkey: bool
    name: str
    made_at: datetime
    used_at: datetime | None


def _shown(one: Authenticator) -> Factor:
    is_passkey = one.type == Kind.WEBAUTHN
    return Factor(one.pk, is_passkey, one.data.get("name", "") if is_passkey else "", one.created_at, one.last_used_at)


def factors_of(person: Person) -> list[Factor]:
    """The person's apps and passkeys, the oldest first."""
    return [_shown(one) for one in Authenticator.objects.filter(user=person, type__in=FACTORS).order_by("pk")]


def own_factor(person: Person, pk: int) -> Factor:
    """One of the person's own. Raises Http404 for somebody else's and for none."""
    found = Authenticator.objects.filter(user=person, type__in=FACTORS, pk=pk).first()
    if found is None:
        raise Http404
    return _shown(found)


def has_factor(person: Person) -> bool:
    return Authenticator.objects.filter(user=person, type__in=FACTORS).exists()


def codes_left(person: Person) -> int:
    """How many recovery codes have not been used."""
    kept = Authenticator.objects.filter(user=person, type=Kind.RECOVERY_CODES).first()
    return len(kept.data.get("digests", ())) if kept else 0


def needs_factor(person: Person) -> bool:
    """Whether the person may work only with a second factor: an administrator, or a role for which the house asks it."""
    if person.is_admin and settings.ADMIN_NEEDS_FACTOR:
        return True
    house = Organisation.objects.filter(pk=1).first()
    asked = {
        Role.VIEWER: bool(house and house.factor_for_viewers),
        Role.MEMBER: bool(house and house.factor_for_members),
        Role.LEAD: bool(house and house.factor_for_leads),
    }
    roles = [role for role, is_asked in asked.items() if is_asked]
    return bool(roles) and Membership.objects.filter(person=person, role__in=roles).exists()


def signed_in(person: Person) -> QuerySet[SignedIn]:
    """Where the person is signed in now, the latest first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return SignedIn.objects.filter(person=person, session_key__in=alive)


def own_sign_in(person: Person, pk: int) -> SignedIn:
    """One of the person's own. Raises Http404 for somebody else's and for none."""
    found = SignedIn.objects.filter(person=person, pk=pk).first()
    if found is None:
        raise Http404
    return found
