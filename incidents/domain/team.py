"""Teams and who belongs to them. An administrator changes every team, a lead the people of their own."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, credential, orphaned, replan
from incidents.domain.organisation import audit_changes, refuse_unless_administrator
from incidents.enums import Role
from incidents.errors import Refused
from incidents.models import Membership, Person, Team

FIELDS = ("name", "slug", "first_report_minutes")


@transaction.atomic
def create_team(*, by: Person, name: str, slug: str, first_report_minutes: int | None = None) -> Team:
    """Make a team without members. Raises NotAllowed, ValidationError when the short name is taken."""
    refuse_unless_administrator(by)
    team = Team(name=name, slug=slug, first_report_minutes=first_report_minutes)
    team.full_clean()
    team.save()
    audit.note(by, "team.created", team)
    return team


@transaction.atomic
def edit_team(team: Team, *, by: Person, **values: Any) -> Team:
    """Change names of FIELDS. Clocks that run already keep their end. Raises NotAllowed, ValidationError."""
    refuse_unless_administrator(by)
    team = Team.objects.select_for_update().get(pk=team.pk)
    changes = audit_changes(team, {name: values[name] for name in FIELDS if name in values})
    if changes:
        team.full_clean()
        team.save(update_fields=[*changes, "updated_at"])
        audit.note(by, "team.edited", team, **changes)
    return team


def refuse_unless_manages(by: Person, team: Team) -> None:
    """Raises NotAllowed for everybody but an administrator and the leads of this team; asked anew in each verb."""
    if not credential.may_manage(by, team.pk):
        rules.refuse_unless_lead(None)


@transaction.atomic
def set_membership(*, by: Person, person: Person, team: Team, role: str) -> Membership:
    """Take a person into a team, or change the role they have there. Raises NotAllowed, Refused.

    A lead changes roles in their own team; who does not belong to it yet comes in by an invitation, or by an
    administrator. What the person was promised to be told is asked again when each letter is written: a role that no
    longer allows it falls out there. Who has less to say than before is signed out everywhere (`credential`).
    """
    team = Team.objects.select_for_update().get(pk=team.pk)
    membership = Membership.objects.filter(person=person, team=team).select_related("person", "team").first()
    refuse_unless_manages(by, team) if membership else refuse_unless_administrator(by)
    if role != Role.LEAD:
        refuse_before_lead(team)
    if membership is None:
        return take_in(person, team, role=role, by=by)
    if membership.role != role:
        refuse_without_lead(membership)
        old, membership.role = membership.role, role
        membership.save(update_fields=["role", "updated_at"])
        audit.note(by, "membership.changed", membership, role=(old, role))
        _tell_of_lead(membership)
        if RANK[role] < RANK[old]:
            credential.end_standing(membership.person, by=by)
        if not rules.may_edit(role):
            orphaned.tell(person, teams=[team])
    return membership


# How much each role has to say.
RANK = {Role.VIEWER: 0, Role.MEMBER: 1, Role.LEAD: 2}


def take_in(person: Person, team: Team, *, role: str, by: Person) -> Membership:
    """Make somebody belong to a team, as a part of another change, which has asked the right to it.

    To a new lead speak the steps of every open promise that are still to come and speak to leads.
    """
    membership = Membership.objects.create(person=person, team=team, role=role)
    audit.note(by, "membership.changed", membership, role=("", role))
    _tell_of_lead(membership)
    return membership


def _tell_of_lead(membership: Membership) -> None:
    if membership.role == Role.LEAD and membership.person.is_active:
        replan.leads_changed(team=membership.team)


@transaction.atomic
def remove_membership(membership: Membership, *, by: Person, reason: str = "") -> None:
    """The person leaves the team, by themselves or taken out; what they wrote stays.

    Raises NotAllowed for a stranger and a colleague, Refused for the only lead. Who is taken out is signed out
    everywhere; who leaves stays signed in for their other teams, and only the links of their mails end.
    """
    team = Team.objects.select_for_update().get(pk=membership.team_id)
    leaves = by.pk == membership.person_id and by.is_active
    if not leaves:
        refuse_unless_manages(by, team)
    refuse_without_lead(membership)
    person = membership.person
    audit.note(by, "membership.removed", membership, reason=reason, role=(membership.role, ""))
    membership.delete()
    if leaves:
        credential.end_links(person)
        credential.end_invitations(person, by=by)
    else:
        credential.end_standing(person, by=by)
    orphaned.tell(person, teams=[team])


def leads_again(person: Person) -> None:
    """Somebody who comes back hears again of the promises of the teams that they lead."""
    for membership in Membership.objects.filter(person=person, role=Role.LEAD).select_related("person", "team"):
        _tell_of_lead(membership)


def refuse_last_lead_leaving(person: Person) -> None:
    """Raises Refused when the person is the only active lead of one of their teams."""
    for membership in Membership.objects.filter(person=person, role=Role.LEAD).select_related("person", "team"):
        refuse_without_lead(membership)


def refuse_before_lead(team: Team) -> None:
    """A team begins with its lead: of a promise that somebody leaves behind, nobody would hear (U5)."""
    if not Membership.objects.filter(team=team, role=Role.LEAD, person__is_active=True).exists():
        raise Refused(
            "no_lead",
            _("「%(team)s」には、まだリーダーがいません。") % {"team": team},
            _("先に、リーダーになる方を入れてください。"),
        )


def refuse_without_lead(leaving: Membership) -> None:
    """A team whose last lead goes has nobody to hear of a promise that nobody keeps (U5)."""
    if leaving.role != Role.LEAD:
        return
    others = Membership.objects.filter(team=leaving.team_id, role=Role.LEAD, person__is_active=True)
    if not others.exclude(pk=leaving.pk).exists():
        raise Refused(
            "last_lead",
            _("%(name)sさんは、このチームのただ一人のリーダーです。") % {"name": leaving.person},
            _("先に、別の方をリーダーにしてください。"),
        )
