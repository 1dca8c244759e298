"""Who belongs to a team, and who is invited. No number of anything beside a name (invariant 8)."""

from __future__ import annotations

from django.db.models import Case, IntegerField, Value, When

from incidents.enums import Role
from incidents.models import Invitation, Membership, Team

_ORDER = Case(
    When(role=Role.LEAD, then=Value(0)),
    When(role=Role.MEMBER, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def of(team: Team) -> list[Membership]:
    """The active people of the team with their roles, leads first, then by name."""
    rows = Membership.objects.filter(team=team, person__is_active=True).select_related("person", "team")
    return list(rows.order_by(_ORDER, "person__name", "person_id"))


def leads(team: Team) -> list[int]:
    """Ids of the team's active leads."""
    rows = Membership.objects.filter(team=team, person__is_active=True, role=Role.LEAD)
    return list(rows.values_list("person_id", flat=True))


def invited(team: Team) -> list[Invitation]:
    """Invitations that nobody has accepted or taken back, those included whose days are over; the newest first."""
    return list(Invitation.objects.unsettled().of_team(team).select_related("invited_by", "team"))


def invitation_at(token_hash: str) -> Invitation | None:
    """The invitation behind a link, whatever has become of it."""
    return Invitation.objects.filter(token_hash=token_hash).select_related("team", "invited_by").first()
