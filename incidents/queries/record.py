"""The incident's page in one sheet, and what stands beside the record in another. The same cost for every length."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import (
    Case,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    StringAgg,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Coalesce, NullIf

from incidents import rules
from incidents.enums import SPREAD_KINDS, MeasureStatus
from incidents.models import (
    Attachment,
    Countermeasure,
    DueRequest,
    EffectCheck,
    FollowUp,
    Incident,
    Mending,
    Paste,
    Person,
    Question,
    RootCause,
    Spread,
    SpreadAnswer,
    TimelineEntry,
    Why,
)
from incidents.models.containment import Containment
from incidents.queries import recurrence, sheet
from incidents.queries.attachment import file_rows
from incidents.queries.due_request import request_rows
from incidents.queries.incident import WhyNode, facts_of, why_tree
from incidents.queries.mending import mending_rows
from incidents.queries.paste import paste_rows
from incidents.queries.promise import final_report_of, in_order, promise_rows
from incidents.queries.reminder import followed_rows, told_rows
from incidents.queries.review import review_rows
from incidents.queries.team import standing_key
from incidents.queries.timeline import ask_rows, questions_in_order

TIMELINE_MOST = 100  # lines on an incident's page; the page says when there are more
NAMES_APART = "\x1f"


@dataclass(frozen=True)
class RecordPage:
    incident: Incident
    gates: list[rules.Gate]
    whys: list[WhyNode]
    roots: list[RootCause]
    measures: list[Countermeasure]
    timeline: list[TimelineEntry]
    timeline_cut: bool
    untreated: bool
    promises: list[FollowUp]
    followed: list[FollowUp]
    final_report: FollowUp | None
    questions: list[Question]
    containments: list[Containment]
    pastes: list[Paste]
    requests: list[DueRequest]
    reviews: list[FollowUp]
    spreads: list[Spread]
    files: list[Attachment]
    mendings: list[Mending]
    asks: list[TimelineEntry]


def record_page(incident: Incident) -> RecordPage:
    """Everything that the incident's page shows of the record itself; one query."""
    found = sheet.ask("record", _asked, incident=incident.pk)
    measures, whys = found["measures"], found["whys"]
    sheet.hang(measures, found["checks"], by="measure_id", name="checks")
    followed = [m.follow_up for m in measures if hasattr(m, "follow_up")]
    sheet.hang([*followed, *found["followed"]], found["deliveries"], by="follow_up_id", name="deliveries")
    sheet.hang(found["spreads"], found["answers"], by="spread_id", name="answers")
    roots = [why.root for why in whys if hasattr(why, "root")]
    timeline, timeline_cut = _first_lines(found["timeline"])
    facts = facts_of(incident, roots, measures)
    return RecordPage(
        incident=incident,
        gates=rules.gates(facts),
        whys=why_tree(whys),
        roots=[root for root in roots if root.withdrawn_at is None],
        measures=measures,
        timeline=timeline,
        timeline_cut=timeline_cut,
        untreated=rules.is_untreated(facts.measures),
        promises=in_order(found["promises"]),
        followed=[one for one in found["followed"] if one.deliveries.all()],
        final_report=final_report_of(found["promises"]),
        questions=questions_in_order(found["questions"]),
        containments=found["containments"],
        pastes=found["pastes"],
        requests=found["requests"],
        reviews=found["reviews"],
        spreads=found["spreads"],
        files=found["files"],
        mendings=found["mendings"],
        asks=found["asks"],
    )


def _asked() -> dict[str, QuerySet]:
    incident = sheet.number("incident")
    place = Case(
        When(status=MeasureStatus.NOT_DOING, then=Value(2)),
        When(status=MeasureStatus.PROPOSED, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    return {
        "whys": Why.objects.filter(incident=incident).select_related("root__risk_by"),
        "measures": Countermeasure.objects.filter(incident=incident)
        .select_related("owner", "backup", "root__why", "follow_up", "done_by")
        .annotate(place=place, helper_names=_helper_names())
        .order_by("place", "due_on", "id"),
        "checks": EffectCheck.objects.filter(measure__incident=incident).select_related("checker", "decided_by"),
        "deliveries": told_rows(Q(follow_up__incident=incident) & ~Q(follow_up__kind__in=SPREAD_KINDS)),
        "followed": followed_rows(incident),
        "timeline": _timeline_rows(incident),
        "promises": promise_rows(incident),
        "questions": Question.objects.filter(incident=incident).select_related(
            "entry", "answered_by", "follow_up__owner"
        ),
        "containments": Containment.objects.filter(incident=incident).select_related("author"),
        "pastes": paste_rows(incident),
        "requests": request_rows(incident),
        "reviews": review_rows(incident),
        "spreads": Spread.objects.filter(incident=incident).select_related("asked_by"),
        "files": file_rows(incident),
        "mendings": mending_rows(incident),
        "asks": ask_rows(incident),
        "answers": SpreadAnswer.objects.filter(spread__incident=incident).select_related(
            "team", "answered_by", "action"
        ),
    }


def _helper_names() -> Subquery:
    """Names of a measure's helpers in its own row; split them at NAMES_APART."""
    name = Coalesce(NullIf("person__name", Value("")), "person__email")
    helping = Countermeasure.helpers.through.objects.filter(countermeasure=OuterRef("pk")).order_by()
    return Subquery(
        helping.values("countermeasure").annotate(names=StringAgg(name, Value(NAMES_APART))).values("names"),
        output_field=TextField(),
    )


def _timeline_rows(incident: sheet.Slot) -> QuerySet[TimelineEntry]:
    """The first lines, one more to know of, and all their addenda.

    An addendum has no time of its own and would fall behind a plain cut: its line would look like a fact again.
    """
    of_incident = TimelineEntry.objects.filter(incident=incident)
    first = of_incident.filter(addendum_to__isnull=True).values("pk")[: TIMELINE_MOST + 1]
    return of_incident.filter(Q(pk__in=first) | Q(addendum_to__in=first))


def _first_lines(rows: list[TimelineEntry]) -> tuple[list[TimelineEntry], bool]:
    """The lines to show with their addenda, and whether there are more."""
    lines = [row.pk for row in rows if row.addendum_to_id is None]
    shown = set(lines[:TIMELINE_MOST])
    return [row for row in rows if (row.addendum_to_id or row.pk) in shown], len(lines) > TIMELINE_MOST


@dataclass(frozen=True)
class Beside:
    """Other records that this reader may see: ties, and what it may be again."""

    links: recurrence.Links
    may_recur: list[Incident]


def beside(incident: Incident, by: Person) -> Beside:
    """What stands beside the record; one query."""
    found = sheet.ask(
        ("beside", standing_key(by)),
        lambda: {"links": recurrence.link_rows(by), "again": recurrence.candidate_rows(by)},
        **recurrence.slots(incident),
    )
    return Beside(
        links=recurrence.links_of(incident, found["links"]),
        may_recur=recurrence.candidates_of(incident, found["again"]),
    )
