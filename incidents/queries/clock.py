"""How long the first report may take (B-3)."""

from __future__ import annotations

import zoneinfo
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from incidents.models import ReportClock, Team
from incidents.queries.calendar import business_calendar, organisation


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
    here = noticed_at.astimezone(zoneinfo.ZoneInfo(settings.TIME_ZONE))
    return business_calendar(team.pk).first_report_due(here, minutes, hours)
