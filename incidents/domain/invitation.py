"""招待: somebody is let into a team by a letter to their address (P1). Nobody learns by it who has an account."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import audit, credential, letter, team
from incidents.enums import LetterKind, Role
from incidents.errors import Refused
from incidents.letters import invitation as words
from incidents.models import Invitation, Letter, Membership, Person, Team
from incidents.models.person import normalise_email

LIFE = timedelta(days=7)
MOST_A_DAY = 50


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


@transaction.atomic
def invite(team_: Team, *, by: Person, email: str, role: str, language: str) -> tuple[Invitation, str]:
    """Invite the holder of a mailbox into a team with a role, for 7 days and once; an earlier open one leads nowhere.

    language: of the letter. Whether there is a person with the address is not looked up: answer and work are the same.
    Returns the invitation, and its address where no mail server is set (to be shown once), "" otherwise.
    Raises NotAllowed, Refused.
    """
    team_ = Team.objects.select_for_update().get(pk=team_.pk)
    team.refuse_unless_manages(by, team_)
    if role != Role.LEAD:
        team.refuse_before_lead(team_)
    now = timezone.now()
    if Invitation.objects.filter(invited_by=by, created_at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        raise Refused(
            "too_many_invitations",
            _("一日に出せる招待は%(n)s件までです。") % {"n": MOST_A_DAY},
            _("明日また送るか、別のリーダーに頼んでください。"),
        )
    address = normalise_email(email)
    for earlier in Invitation.objects.unsettled().of_team(team_).filter(email=address).select_related("team"):
        credential.revoke(earlier, by=by)
    token = secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        team=team_, email=address, role=role, invited_by=by, token_hash=hash_of(token), expires_at=now + LIFE
    )
    audit.note(by, "invitation.sent", made, role=("", role))
    if not settings.MAIL_CONFIGURED:
        return made, words.url_of(token)
    letter.post(
        kind=LetterKind.INVITATION,
        key=f"invitation:{made.pk}",
        to=None,
        email=address,
        rendered=words.invitation(made, token, language=language),
    )
    return made, ""


@transaction.atomic
def send_again(one: Invitation, *, by: Person, language: str) -> tuple[Invitation, str]:
    """The same invitation with a new link, from whoever sends it now; the old link leads nowhere. Raises as `invite`."""
    team.refuse_unless_manages(by, one.team)
    _refuse_settled(one)
    return invite(one.team, by=by, email=one.email, role=one.role, language=language)


@transaction.atomic
def revoke(one: Invitation, *, by: Person) -> None:
    """Take an invitation back; its link leads nowhere from now on. Raises NotAllowed, Refused when it is settled."""
    team.refuse_unless_manages(by, one.team)
    if not credential.revoke(one, by=by):
        _refuse_settled(Invitation.objects.get(pk=one.pk))


def _refuse_settled(one: Invitation) -> None:
    if one.accepted_at or one.revoked_at:
        raise Refused(
            "invitation_settled", _("この招待は、もう受けられたか取り消されています。"), _("一覧を開き直してください。")
        )


# Coming in --------------------------------------------------------------------------------------


def gone() -> Refused:
    """The one answer to whoever comes with a link that leads nowhere, whyever it does not."""
    return Refused(
        "invitation_gone",
        _("この招待は使えません。期限が切れたか、もう使われたか、取り消されています。"),
        _("招待した方に、もう一度送ってもらってください。"),
    )


def leads_in(one: Invitation, *, now: datetime) -> bool:
    """Whether somebody could come in with it now: open, and whoever sent it could still send it."""
    is_open = one.accepted_at is None and one.revoked_at is None and one.expires_at > now
    return is_open and credential.may_manage(Person.objects.get(pk=one.invited_by_id), one.team_id)


@transaction.atomic
def accept(token_hash: str, *, by: Person) -> Membership:
    """Somebody who is registered joins the team. Raises Refused for a link that leads nowhere or is another's."""
    return _accept(token_hash, by)


def _accept(token_hash: str, person: Person) -> Membership:
    # The team's row decides the order: a lead who is demoted at this moment is so before or after, never between.
    found = Invitation.objects.filter(token_hash=token_hash).first()
    if found is None:
        raise gone()
    team_ = Team.objects.select_for_update().get(pk=found.team_id)
    found = Invitation.objects.select_related("team").get(pk=found.pk)
    now = timezone.now()
    if not leads_in(found, now=now):
        raise gone()
    if person.email != found.email or not person.is_active:
        raise Refused(
            "invitation_for_another",
            _("この招待は、別のアドレスにあてたものです。"),
            _("招待を受けたアドレスでサインインしてください。"),
        )
    if found.role != Role.LEAD:
        team.refuse_before_lead(team_)
    # Of several at once one wins this row (single use by compare-and-set); the others find nothing to change.
    won = Invitation.objects.open().filter(pk=found.pk).update(accepted_at=now, accepted_by=person, updated_at=now)
    if not won:
        raise gone()
    audit.note(person, "invitation.accepted", found, role=("", found.role))
    known = Membership.objects.filter(person=person, team=team_).first()
    return known or team.take_in(person, team_, role=found.role, by=person)


@transaction.atomic
def accept_as_new(token_hash: str, *, name: str, password: str, language: str) -> Person:
    """Somebody who was not registered becomes a person and joins the team, in one transaction.

    They have shown that the mailbox is theirs: the link came there. Raises Refused for a link that leads nowhere or an
    address that is registered meanwhile, ValidationError for a password that is too weak or a name that is none.
    """
    found = Invitation.objects.filter(token_hash=token_hash).first()
    if found is None or not leads_in(found, now=timezone.now()):
        raise gone()
    if Person.objects.filter(email=found.email).exists():
        raise gone()
    try:
        validate_password(password, Person(email=found.email, name=name))
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from None
    try:
        with transaction.atomic():
            person = Person.objects.create_user(found.email, password, name=name, language=language)
    except IntegrityError:  # the same address came in by another invitation at this very moment
        raise gone() from None
    audit.note(person, "person.joined", person)
    _accept(token_hash, person)
    return person


def still_wanted(one: Letter) -> bool:
    """Ask again at the moment of sending (habit 10): an invitation that leads nowhere is not sent."""
    found = Invitation.objects.filter(pk=int(one.key.split(":")[1])).first()
    if found is not None and leads_in(found, now=timezone.now()):
        return True
    letter.give_up(one, reason="stale")
    return False
