"""Somebody leaves a team, by themselves or taken out: what they hold there goes to others in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import audit, check, handed, handover, ledger, promise, question, team
from incidents.domain import countermeasure as measures
from incidents.domain import incident as incidents
from incidents.enums import SPREAD_KINDS, FollowUpKind, Role
from incidents.errors import Refused
from incidents.models import Countermeasure, FollowUp, Incident, Membership, Person, Team
from incidents.queries import access, leaving

NEXT = (FollowUpKind.NEXT_REPORT, FollowUpKind.PROMISE)


@transaction.atomic
def leave(membership: Membership, *, by: Person, to: Mapping[str, Person], reason: str = "") -> None:
    """Give what the member holds to the people named, and end the membership: all of it, or nothing.

    to: for each `queries.leaving.Left.key` whoever takes it. What whoever does this may not read stays, and the leads who
    read it get a letter about it (`orphaned`). Raises NotAllowed, Refused when something is given to nobody, or to
    somebody who cannot take it.
    """
    row = Team.objects.select_for_update().get(pk=membership.team_id)
    if by.pk != membership.person_id:
        team.refuse_unless_manages(by, row)
    team.refuse_without_lead(membership)
    held = leaving.of(membership, by=by)
    if any(one.key not in to for one in held.items):
        raise Refused(
            "not_handed_over",
            _("まだ行き先の決まっていないものがあります。"),
            _("それぞれを、だれが引き受けるか選んでください。"),
        )
    why = reason.strip() or _("チームを離れるため")
    moved: dict[Person, list[Incident | Countermeasure]] = {}
    for one in held.items:
        if (told := _pass_on(one.record, by=by, to=to[one.key], reason=why)) is not None:
            moved.setdefault(to[one.key], []).append(told)
    for person, records in sorted(moved.items(), key=lambda pair: pair[0].pk):
        handed.tell(records, by=by, to=person, team=row, reason=why)
    team.remove_membership(membership, by=by, reason=reason.strip())


def _pass_on(record: Incident | FollowUp, *, by: Person, to: Person, reason: str) -> Incident | Countermeasure | None:
    """One of them goes, by the verb of its kind. Returns what its new owner gets a letter about."""
    if isinstance(record, Incident):
        if access.role_in(by, record.team_id) == Role.LEAD:
            return handover.hand_over(record, by=by, owner=to, reason=reason)
        backup = None if record.backup_id == to.pk else record.backup
        return incidents.edit(record, by=by, owner=to, backup=backup)
    if record.kind == FollowUpKind.COUNTERMEASURE:
        return measures.hand_over(record.measure, by=by, owner=to, reason=reason)
    if record.kind == FollowUpKind.EFFECT_CHECK:
        check.hand_over(record.check_plan, by=by, checker=to)
    elif record.kind == FollowUpKind.QUESTION:
        question.hand_over(record.question, by=by, owner=to)
    elif record.kind in NEXT:
        promise.hand_over(record, by=by, owner=to)
    else:
        _by_itself(record, by=by, to=to)
    return None


def _by_itself(follow_up: FollowUp, *, by: Person, to: Person) -> None:
    """A promise that nobody hands over in its own place: a review, an answer to another team, a report of an ended record."""
    target = follow_up
    if follow_up.kind in SPREAD_KINDS:  # told of the answer, never of the record of the team that asks
        target = follow_up.spread_answer or follow_up.spread_action
    audit.note(by, "promise.handed_over", target, owner=(follow_up.owner, to))
    backup = follow_up.backup if follow_up.backup_id != to.pk else None
    ledger.hand_over(follow_up, owner=to, backup=backup)
