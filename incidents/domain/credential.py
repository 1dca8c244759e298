"""What lets somebody in: sessions, links of mails, feeds, forwarding, invitations. It ends with the standing it was for.

Each function is a part of another change: in the caller's transaction, which has asked the right to it.
"""

from __future__ import annotations

from django.db.models import F, Q
from django.utils import timezone

from incidents.domain import audit, feed, letter
from incidents.enums import LetterKind, Role
from incidents.models import Invitation, Membership, Person


def end_sessions(person: Person) -> None:
    """Every session of the person is over at its next request, wherever it was begun."""
    _turn(person, "sign_in_round")


def end_links(person: Person) -> None:
    """No link of the mails that are out acts any more: another reads the old mailbox, or the account was shut once.

    What waits with links that have just ended is written anew, with the next ones.
    """
    _turn(person, "link_round")
    letter.take_in(Q(recipient=person, kind__in=[LetterKind.DIGEST, LetterKind.MOMENT]))


def _turn(person: Person, name: str) -> None:
    Person.objects.filter(pk=person.pk).update(**{name: F(name) + 1})
    person.refresh_from_db(fields=[name])


def end_intake(person: Person, *, by: Person) -> None:
    """The address to which the person forwarded mail leads nowhere any more."""
    if Person.objects.filter(pk=person.pk).exclude(intake_key="").update(intake_key=""):
        person.intake_key = ""
        audit.note(by, "intake.ended", person)


def may_manage(person: Person, team_id: int) -> bool:
    """Whether the person decides who belongs to the team: its leads and the organisation's administrators, asked anew."""
    if not person.is_active:
        return False
    return person.is_admin or Membership.objects.filter(person=person, team=team_id, role=Role.LEAD).exists()


def end_invitations(person: Person, *, by: Person) -> None:
    """Those that the person sent and could no longer send lead nowhere, also when their standing comes back."""
    for one in Invitation.objects.unsettled().filter(invited_by=person).select_related("team"):
        if not may_manage(person, one.team_id):
            revoke(one, by=by)


def revoke(one: Invitation, *, by: Person) -> bool:
    """Let an invitation lead nowhere. Returns whether it still led somewhere."""
    now = timezone.now()
    won = Invitation.objects.unsettled().filter(pk=one.pk).update(revoked_at=now, updated_at=now)
    if won:
        audit.note(by, "invitation.revoked", one)
    return bool(won)


def end_standing(person: Person, *, by: Person) -> None:
    """Somebody has less to say than before: sessions, links, feed and invitations end; they begin anew with what is left."""
    end_sessions(person)
    end_links(person)
    end_invitations(person, by=by)
    feed.end(person, by=by)
