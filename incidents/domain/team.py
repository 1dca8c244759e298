"""Teams and who belongs to them. Only an administrator changes them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, orphaned, replan
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


@transaction.atomic
def set_membership(*, by: Person, person: Person, team: Team, role: str) -> Membership:
    """Take a person into a team, or change the role they have there. Raises NotAllowed, Refused.

    What the person was promised to be told is asked again when each letter is written: a role that no longer allows
    it falls out there. To a new lead speak the steps of every open promise that are still to come and speak to leads.
    """
    refuse_unless_administrator(by)
    team = Team.objects.select_for_update().get(pk=team.pk)
    membership = Membership.objects.filter(person=person, team=team).first()
    if role != Role.LEAD:
        _refuse_before_lead(team)
    if membership is None:
        membership = Membership.objects.create(person=person, team=team, role=role)
        audit.note(by, "membership.changed", membership, role=("", role))
        _tell_of_lead(membership)
    elif membership.role != role:
        if membership.role == Role.LEAD:
            _refuse_without_lead(membership)
        old, membership.role = membership.role, role
        membership.save(update_fields=["role", "updated_at"])
        audit.note(by, "membership.changed", membership, role=(old, role))
        _tell_of_lead(membership)
        if not rules.may_edit(role):
            orphaned.tell(person, teams=[team])
    return membership


def _tell_of_lead(membership: Membership) -> None:
    if membership.role == Role.LEAD and membership.person.is_active:
        replan.leads_changed(team=membership.team)


@transaction.atomic
def remove_membership(membership: Membership, *, by: Person, reason: str = "") -> None:
    """The person leaves the team; what they wrote stays. Raises NotAllowed, Refused for the only lead."""
    refuse_unless_administrator(by)
    Team.objects.select_for_update().get(pk=membership.team_id)
    if membership.role == Role.LEAD:
        _refuse_without_lead(membership)
    audit.note(by, "membership.removed", membership, reason=reason, role=(membership.role, ""))
    membership.delete()
    orphaned.tell(membership.person, teams=[membership.team])


def leads_again(person: Person) -> None:
    """Somebody who comes back hears again of the promises of the teams that they lead."""
    for membership in Membership.objects.filter(person=person, role=Role.LEAD).select_related("person", "team"):
        _tell_of_lead(membership)


def refuse_last_lead_leaving(person: Person) -> None:
    """Raises Refused when the person is the only active lead of one of their teams."""
    for membership in Membership.objects.filter(person=person, role=Role.LEAD).select_related("person", "team"):
        _refuse_without_lead(membership)


def _refuse_before_lead(team: Team) -> None:
    """A team begins with its lead: of a promise that somebody leaves behind, nobody would hear (U5)."""
    if not Membership.objects.filter(team=team, role=Role.LEAD, person__is_active=True).exists():
        raise Refused(
            "no_lead",
            _("「%(team)s」には、まだリーダーがいません。") % {"team": team},
            _("先に、リーダーになる方を入れてください。"),
        )


def _refuse_without_lead(leaving: Membership) -> None:
    """A team whose last lead goes has nobody to hear of a promise that nobody keeps (U5)."""
    others = Membership.objects.filter(team=leaving.team_id, role=Role.LEAD, person__is_active=True)
    if not others.exclude(pk=leaving.pk).exists():
        raise Refused(
            "last_lead",
            _("%(name)sさんは、このチームのただ一人のリーダーです。") % {"name": leaving.person},
            _("先に、別の方をリーダーにしてください。"),
        )
