"""The first minutes of an empty installation."""

from __future__ import annotations

import hashlib
import secrets

from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents.domain import audit
from incidents.enums import Role
from incidents.errors import Refused
from incidents.models import Membership, Organisation, Person, Team


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def begin(*, site_url: str) -> str:
    """Make a one-time set-up link for an installation without people; an earlier link dies.

    site_url: where the site answers, without a slash at its end. Returns the link, "" when there are people already.
    """
    if Person.objects.exists():
        return ""
    token = secrets.token_urlsafe(32)
    Organisation.objects.update_or_create(id=1, defaults={"setup_token_hash": _hash(token)})
    return site_url + reverse("setup", args=[token])


def is_open(token: str) -> bool:
    """Whether a set-up link may still be used: never once there are people, however they came."""
    if Person.objects.exists():
        return False
    stored = Organisation.objects.filter(pk=1).values_list("setup_token_hash", flat=True).first() or ""
    return bool(stored) and secrets.compare_digest(stored, _hash(token))


@transaction.atomic
def finish(token: str, *, organisation: str, team: str, name: str, email: str, password: str) -> Person:
    """Make the organisation, its first team and its first person (administrator and lead of that team), once.

    Raises Refused when the link has been used or there are people already, ValidationError when the password is too weak.
    """
    # The conditional update decides between two browsers that use the link at the same time.
    won = (
        Organisation.objects.filter(pk=1, setup_token_hash=_hash(token))
        .exclude(setup_token_hash="")
        .update(setup_token_hash="", name=organisation)
    )
    if not won or Person.objects.exists():
        raise Refused("setup_used", _("このリンクはもう使われています。"), _("サインインのページへ進んでください。"))
    person = Person(email=email, name=name, is_admin=True)
    validate_password(password, person)
    person = Person.objects.create_user(email, password, name=name, is_admin=True)
    first_team = Team.objects.create(name=team, slug="team-1")
    Membership.objects.create(person=person, team=first_team, role=Role.LEAD)
    audit.note(person, "organisation.set_up", Organisation.objects.get(pk=1))
    return person
