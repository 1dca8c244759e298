"""How long the first report may take, and the final one (B-3)."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import Q

from incidents import rules
from incidents.models import Containment, Incident, ReportClock, Team
from incidents.queries.calendar import business_calendar, day_here, house_zone, organisation


def report_due(team: Team, severity: str, noticed_at: datetime) -> datetime:
    """When the first report is due for something noticed at `noticed_at` (aware); the answer is aware.

    The narrowest clock counts: team and severity, team, severity, organisation; without any, the minutes of team or
    organisation, night and closed days included. Business minutes run while the house is open and carry over.
    """
    org = organisation()
    rows = ReportClock.objects.filter(Q(team=team) | Q(team=None), severity__in={severity, ""})
    narrow = max(rows, key=lambda row: (row.team_id is not None, row.severity != ""), default=None)
    minutes = narrow.minutes if narrow else team.first_report_minutes or org.first_report_minutes
    hours = (org.report_opens_at, org.report_closes_at) if narrow and narrow.business_hours else None
    here = noticed_at.astimezone(house_zone())
    return business_calendar(team.pk).first_report_due(here, minutes, hours)


def first_contained_at(incident: Incident) -> datetime | None:
    """When the effect was first limited; a containment that was lifted later counts too."""
    found = Containment.objects.filter(incident=incident).order_by("done_at")
    return found.values_list("done_at", flat=True).first()


def final_report_facts(incident: Incident, contained_at: datetime | None) -> rules.FinalReportFacts:
    """What decides whether a final report is owed."""
    return rules.FinalReportFacts(
        kind=incident.kind,
        severity=incident.severity,
        someone_waits=bool(incident.who_waits.strip()),
        first_reported=incident.first_reported_at is not None,
        contained=contained_at is not None,
        agreed=incident.final_report_agreed_on is not None,
        waived=bool(incident.final_report_waived),
        settled=incident.customer_closed_at is not None,
        end=incident.end,
    )


def final_report_due(incident: Incident, contained_at: datetime | None) -> date | None:
    """The day agreed with the other side, else so many business days of the team after the first containment (B-7).

    The next business day counts as 1. None where nothing decides it.
    """
    days = rules.final_report_days(incident.severity)
    if incident.final_report_agreed_on or contained_at is None or days is None:
        return incident.final_report_agreed_on
    return business_calendar(incident.team_id).add_business_days(day_here(contained_at), days)
