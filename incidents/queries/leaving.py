"""What somebody leaves open in a team, as far as whoever looks may see it (C9)."""

from __future__ import annotations

from dataclasses import dataclass

from incidents.enums import OTHER_ENDS, FollowUpKind
from incidents.models import EffectCheck, FollowUp, Incident, Membership, Person
from incidents.queries import reader, team

# These go with their record, whose owner owes them.
WITH_THE_RECORD = (FollowUpKind.FIRST_REPORT, FollowUpKind.FINAL_REPORT)


@dataclass(frozen=True)
class Left:
    """One thing that needs another hand: an open record, or an open promise. people: who could take it."""

    record: Incident | FollowUp
    people: list[Person]

    @property
    def key(self) -> str:
        return f"{'incident' if isinstance(self.record, Incident) else 'promise'}-{self.record.pk}"

    @property
    def kind(self) -> str:
        return "" if isinstance(self.record, Incident) else str(self.record.get_kind_display())

    @property
    def what(self) -> str:
        if isinstance(self.record, Incident):
            return f"{self.record.reference} {self.record.title}"
        return self.record.what


@dataclass(frozen=True)
class Leaving:
    """items: what whoever looks may see and give to somebody. hidden: whether something stays that they may not see."""

    items: list[Left]
    hidden: bool


def of(membership: Membership, *, by: Person) -> Leaving:
    """What the member holds in the team, records first, then by day."""
    held = FollowUp.objects.open().filter(owner=membership.person_id, team=membership.team_id)
    records = Incident.objects.filter(owner=membership.person_id, team=membership.team_id).open()
    seen_records = list(
        records.visible_to(by).exclude(stage__in=OTHER_ENDS).select_related("team", "owner").order_by("number")
    )
    promises = (
        FollowUp.objects.visible_to(by)
        .open()
        .filter(owner=membership.person_id, team=membership.team_id)
        .exclude(kind__in=WITH_THE_RECORD, incident__in=[one.pk for one in seen_records])
        .select_related(
            "incident__team",
            "team",
            "owner",
            "backup",
            "measure__incident__team",
            "check_plan__measure__incident__team",
            "question__incident",
            "review_of",
            "root__why",
            "spread_answer__spread",
            "spread_action__spread",
        )
        .order_by("due_on", "pk")
    )
    others = list(team.can_take_over(membership))
    checkers = _checkers([one.measure_id for one in promises if one.kind == FollowUpKind.COUNTERMEASURE])
    items = [Left(one, _takers(one, others, checkers)) for one in [*seen_records, *promises]]
    can_go = [one for one in items if one.people]
    with_records = held.filter(kind__in=WITH_THE_RECORD, incident__in=[one.pk for one in seen_records]).count()
    stays = held.count() - with_records > sum(isinstance(one.record, FollowUp) for one in can_go)
    return Leaving(
        items=can_go, hidden=stays or records.count() > sum(isinstance(one.record, Incident) for one in can_go)
    )


def _checkers(measures: list[int]) -> dict[int, int]:
    """Who is to check each of these countermeasures; whoever does it is somebody else."""
    return dict(EffectCheck.objects.filter(measure__in=measures, outcome="").values_list("measure", "checker"))


def _takers(record: Incident | FollowUp, people: list[Person], checkers: dict[int, int]) -> list[Person]:
    """Who of the team could take it: those who read it, and of a measure and its check never one person both."""
    if isinstance(record, FollowUp) and record.kind in {FollowUpKind.SPREAD_ANSWER, FollowUpKind.SPREAD_ACTION}:
        return people  # the record behind it is another team's
    incident = record if isinstance(record, Incident) else record.incident
    if incident.restricted:
        allowed = reader.readers(incident)
        people = [one for one in people if one.pk in allowed]
    if isinstance(record, FollowUp) and record.kind == FollowUpKind.EFFECT_CHECK:
        measure = record.check_plan.measure
        people = [one for one in people if one.pk not in {measure.owner_id, measure.done_by_id}]
    if isinstance(record, FollowUp) and record.kind == FollowUpKind.COUNTERMEASURE:
        people = [one for one in people if one.pk != checkers.get(record.measure_id)]
    return people
