"""今日 in one sheet: my clocks, what of mine is due, what waits for my check, how the team stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from incidents import rules
from incidents.enums import MOMENT_KINDS, SPREAD_KINDS, FollowUpKind, RequestState, Role
from incidents.models import Countermeasure, DueRequest, FollowUp, Incident, Jotting, Organisation, Person
from incidents.queries import frame, inbound, incident, insight, jotting, nameless, promise, sheet
from incidents.queries.calendar import calendar_rows, calendars_of, today_of
from incidents.queries.frame import MOST, Around, CountedTo, counted
from incidents.queries.reminder import DueLine, days_left
from incidents.queries.team import my_memberships, standing_key

SHOWN = 8
CLOCKS = 20  # shown large; all are counted
COUNTED = ("clocks", "requests", "promises", "checks", "asked_us", "rest", "gold")
# What has a card of its own. The rest of what is mine has one together, so that all that the menu counts is shown.
OWN_CARD = MOMENT_KINDS | SPREAD_KINDS | {FollowUpKind.COUNTERMEASURE, FollowUpKind.EFFECT_CHECK}
# What a line shows. A record has forty columns, a long text among them, and 今日 has thirty lines.
LINE = ("kind", "due_on", "due_at", "team", "text", "to_whom", "incident__number", "incident__title")
MEASURE = ("measure__title", "measure__strength", "measure__status", "measure__root", "measure__root__why__text")
CHECK = tuple(f"check_plan__measure__{name}" for name in ("title", "done_at", "owner__name", "owner__email"))
CLOCK = ("number", "title", "who_waits", "noticed_at", "first_report_due_at", "owner__name", "owner__email")
REST = [kind for kind in FollowUpKind if kind not in OWN_CARD]  # named, so that they are found by the index


@dataclass(frozen=True)
class Today:
    around: Around  # what stands around the page
    clocks: list[Incident]
    promises: list[FollowUp]
    measures: list[DueLine]
    checks: list[DueLine]
    asked_us: list[DueLine]  # questions of other teams that the person may answer, and what they do about one
    rest: list[DueLine]  # what else is theirs: final reports, questions, reviews
    requests: list[DueRequest]  # dates that a lead is asked to move, the oldest first
    counts: dict[str, int]  # as far as frame.MOST
    bowl: insight.Bowl
    figures: insight.TeamFigures
    jottings: list[tuple[Jotting, bool]]
    old_jottings: bool
    notes_wait: bool
    mails_wait: bool  # for this lead's decision


def today(person: Person, *, now: datetime | None = None) -> Today:
    """What 今日 shows this person and what stands around it, in one query. now: aware, default the present."""
    now = now or timezone.now()
    day = today_of(person, now)
    teams = sorted(m.team_id for m in my_memberships(person))
    found = sheet.ask(
        ("today", standing_key(person), settings.MAIL_CONFIGURED),
        lambda: {**_asked(person), **frame.asked(person), **calendar_rows(teams)},
        **insight.slots(now),
        **frame.slots(day),
    )
    calendars = calendars_of(found, teams)  # a line is always of one's own team

    def lines(name: str) -> list[DueLine]:
        return [DueLine(row, days_left(day, row.due_on, calendars[row.team_id])) for row in found[name]]

    around = frame.around_of(found)
    counts = found["counts"][0] if found["counts"] else [0] * len(COUNTED)
    return Today(
        around=around,
        clocks=found["clocks"],
        promises=found["promises"],
        measures=lines("measures"),
        checks=lines("checks"),
        asked_us=lines("asked_us"),
        rest=lines("rest"),
        requests=found["requests"],
        counts={"measures": around.seams} | dict(zip(COUNTED, counts, strict=True)),
        bowl=insight.bowl_of(found),
        figures=insight.figures_of(found),
        jottings=[(one, jotting.is_old(one, now)) for one in found["jottings"]],
        old_jottings=any(jotting.is_old(one, now) for one in found["jottings"]),
        notes_wait=bool(found["notes"]),
        mails_wait=bool(found["mails"]),
    )


def _asked(person: Person) -> dict[str, QuerySet]:
    mine = FollowUp.objects.visible_to(person).open().filter(owner=person)
    by_day = mine.select_related("incident").order_by("due_on", "pk")
    clocks = incident.running_clocks(person)
    requests = DueRequest.objects.filter(
        state=RequestState.ASKED,
        measure__in=Countermeasure.objects.visible_to(person),
        measure__incident__team__in=[m.team_id for m in my_memberships(person) if m.role == Role.LEAD],
    )
    asked_us, rest = _asked_us(person), mine.filter(kind__in=REST)
    return {
        "clocks": clocks.select_related(None).select_related("owner").only(*CLOCK)[:CLOCKS],
        "promises": promise.my_promises(person),
        "measures": by_day.filter(kind=FollowUpKind.COUNTERMEASURE)
        .select_related("incident", "measure__root__why")
        .only(*LINE, "measure", *MEASURE)[:SHOWN],
        "checks": by_day.filter(kind=FollowUpKind.EFFECT_CHECK)
        .select_related("incident", "check_plan__measure__owner")
        .only(*LINE, "measure", *CHECK)[:SHOWN],
        "asked_us": asked_us.select_related(
            "team", "spread_answer__spread__incident__team", "spread_action__spread__incident__team"
        ).order_by("due_on", "pk")[:SHOWN],
        "rest": rest.select_related("incident", "question", "review_of", "root__why").order_by("due_on", "pk")[:SHOWN],
        "requests": requests.select_related("measure__incident", "asked_by").order_by("pk")[:SHOWN],
        "counts": Organisation.objects.filter(pk=1)
        .annotate(
            clocks=counted(clocks),
            requests=counted(requests),
            promises=counted(mine.filter(kind__in=promise.SHOWN)),
            checks=counted(mine.filter(kind=FollowUpKind.EFFECT_CHECK)),
            asked_us=counted(asked_us),
            rest=counted(rest),
            gold=CountedTo(insight.proven(person)[:MOST]),
        )
        .values_list(*COUNTED),
        "jottings": jotting.latest(person),
        "notes": nameless.waiting(person),
        "mails": inbound.held(person).select_related(None).only("pk")[:1],
        **insight.asked(person),
    }


def _asked_us(person: Person) -> QuerySet[FollowUp]:
    """Open questions of other teams to a team for which the person may answer, or to the person by name (M4).

    Beside them what the person has taken on with 要対応: theirs alone.
    """
    answers_for = [m.team_id for m in my_memberships(person) if rules.may_edit(m.role)]
    return (
        FollowUp.objects.visible_to(person)
        .open()
        .filter(
            Q(owner=person, kind__in=SPREAD_KINDS) | Q(team__in=answers_for, kind=FollowUpKind.SPREAD_ANSWER),
        )
    )
