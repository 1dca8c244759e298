"""What `manage.py doctor` asks the tables about the house. Counts and names of calendars; no person's name or address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from django.db import connection

from incidents.models import Person, ReceivedMail, Team
from incidents.queries.calendar import business_calendars


def marked_addresses() -> int:
    """Active people to whom mail does not arrive (domain.unreached)."""
    return Person.objects.filter(is_active=True).exclude(mail_bounced_at=None).count()


def addresses_of_members() -> Iterator[str]:
    """The mail address of each active person who is in a team."""
    members = Person.objects.filter(is_active=True, memberships__isnull=False).distinct()
    return members.values_list("email", flat=True).iterator()


def mail_ever_came() -> bool:
    """Whether any mail has ever come in."""
    return ReceivedMail.objects.exists()


def without_business_day(first: date, days: int) -> list[str]:
    """Whose calendar has no business day within so many days from `first` on: "" for the organisation's, else a team's slug.

    A team without days of its own has the organisation's, and is not named for it.
    """
    teams = dict(Team.objects.values_list("pk", "slug"))
    calendars = business_calendars(set(teams))
    ahead = [first + timedelta(days=number) for number in range(days)]
    closed = [key for key, one in calendars.items() if not any(map(one.is_business_day, ahead))]
    return sorted(
        "" if key is None else teams[key] for key in closed if key is None or calendars[key] is not calendars[None]
    )


# The triggers that keep the audit trail as it is (migration 0049), and where the database lists its triggers.
GUARDS = {
    "sqlite": ("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit\\_%%' ESCAPE '\\'", 6),
    "postgresql": (
        "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgname LIKE 'audit\\_%%' "
        "AND tgrelid IN ('incidents_auditentry'::regclass, 'incidents_auditseal'::regclass, 'incidents_auditchain'::regclass)",
        8,
    ),
}


def unguarded() -> bool:
    """Whether a trigger that keeps the audit trail is missing or switched off."""
    sql, wanted = GUARDS[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(sql, [])
        return cursor.fetchone()[0] < wanted
