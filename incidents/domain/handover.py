"""引き継ぎ: records and countermeasures go to somebody else of their team, one or many at once, for a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, clock, final_clock, handed
from incidents.domain import countermeasure as measures
from incidents.domain.incident import editor, lock, tell
from incidents.enums import EntryKind
from incidents.errors import NotAllowed, Refused
from incidents.models import Countermeasure, Incident, Person, Team

Record = Incident | Countermeasure
MOST = 100


@dataclass
class HandedOver:
    """What moved, and what did not and why."""

    moved: list[Record] = field(default_factory=list)
    refused: list[tuple[Record, Refused]] = field(default_factory=list)


@transaction.atomic
def hand_over(incident: Incident, *, by: Person, owner: Person, reason: str) -> Incident:
    """Give the record to somebody else of its team; a running first-report clock and the final report go with it. Leads alone.

    What others promised in it stays theirs: a countermeasure is handed over by itself. Raises NotAllowed, Refused.
    """
    rules.refuse_unless_lead(editor(by, incident))
    current = lock(incident)
    rules.refuse_change(current.stage)
    measures.members_only(current, owner)
    if current.owner_id == owner.pk:
        raise Refused("same_owner", _("担当は変わっていません。"), _("別の方を選んでください。"))
    old, current.owner = current.owner, owner
    current.backup_id = None if current.backup_id == owner.pk else current.backup_id
    current.save(update_fields=["owner", "backup", "updated_at"])
    clock.follow(current, by=by)
    final_clock.follow(current, by=by, begin=False)
    audit.note(by, "incident.handed_over", current, reason=reason, owner=(old, owner))
    names = {"old": old or "–", "new": owner, "reason": reason.strip()}
    tell(current, by=by, kind=EntryKind.NOTE, text=_("担当を引き継ぎ: %(old)s → %(new)s（%(reason)s）") % names)
    return current


def team_for(records: Sequence[Record], *, by: Person) -> Team:
    """The one team of the records, which the person leads; the people of two teams are not the same.

    Raises Refused when there is nothing or several teams, NotAllowed for everybody but a lead.
    """
    teams = {one.team_id: one.team for one in map(_incident_of, records)}
    if not teams:
        raise Refused("nothing_chosen", _("何も選ばれていません。"), _("一覧で、引き継ぐものに印をつけてください。"))
    if len(teams) > 1:
        raise Refused(
            "several_teams",
            _("選ばれたものが、いくつかのチームにまたがっています。"),
            _("一覧をチームでしぼって、一つのチームずつ引き継いでください。"),
        )
    rules.refuse_unless_lead(editor(by, _incident_of(records[0])))
    return next(iter(teams.values()))


def _incident_of(record: Record) -> Incident:
    return record.incident if isinstance(record, Countermeasure) else record


def _step(record: Record, *, by: Person, owner: Person, reason: str) -> Callable[[], Record]:
    verb = measures.hand_over if isinstance(record, Countermeasure) else hand_over
    return partial(verb, record, by=by, owner=owner, reason=reason)


@transaction.atomic
def hand_over_all(records: Sequence[Record], *, by: Person, owner: Person, reason: str) -> HandedOver:
    """Give many records of one team to one person of it, in one transaction; a lead of the team decides.

    Each goes by its own verb, with its own trace and line. What its verb refuses stays as it is and is named with the
    reason; the rest moves. The new owner gets one letter about all of it.
    Raises NotAllowed and Refused when nothing at all can be handed over this way.
    """
    team = team_for(records, by=by)
    if not reason.strip():
        raise Refused("no_reason", _("理由が書かれていません。"), _("引き継ぐ理由を一行書いてください。"))
    if len(records) > MOST:
        raise Refused(
            "too_many_chosen",
            _("一度に引き継げるのは%(n)s件までです。") % {"n": MOST},
            _("何回かに分けて引き継いでください。"),
        )
    outcome = HandedOver()
    # Always in the same order, so that two leads at once wait for each other instead of for ever.
    for record in sorted(records, key=lambda one: (_incident_of(one).pk, one.pk)):
        try:
            with transaction.atomic():
                outcome.moved.append(_step(record, by=by, owner=owner, reason=reason)())
        except NotAllowed:
            raise
        except Refused as refusal:
            outcome.refused.append((record, refusal))
    handed.tell(outcome.moved, by=by, to=owner, team=team, reason=reason.strip())
    return outcome
