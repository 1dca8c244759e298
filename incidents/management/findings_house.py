"""What `manage.py doctor` finds about the house: its clocks, zones and calendars, its people's addresses, its mail that comes in."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.conf import settings

from incidents.gateways import headfile, mail, probe
from incidents.management.finding import FAULT, WARNING, Finding
from incidents.queries import doctor
from incidents.queries.calendar import organisation, today_here

SKEW = timedelta(seconds=10)
HEADS_DAYS = 2  # that the newest kept heads may be old
AHEAD = 30  # days within which there has to be a business day


def examine() -> Iterator[Finding]:
    """Everything that is wrong with it. Raises DatabaseError."""
    yield from _clock()
    yield from _zones()
    yield from _calendars()
    yield from _people()
    yield from _came_in()
    yield from _trace()


# Clocks and zones --------------------------------------------------------------------------------


def _clock() -> Iterator[Finding]:
    skew = probe.clock_skew()
    if abs(skew) > SKEW:
        way = "ahead of" if skew > timedelta() else "behind"
        yield Finding(
            "clock_skew",
            FAULT,
            f"This machine's clock is {abs(skew).total_seconds():.0f} seconds {way} the database's.",
            "Let both take their time from a time server (chrony, systemd-timesyncd).",
        )


def _zones() -> Iterator[Finding]:
    house = organisation()
    try:
        there = zoneinfo.ZoneInfo(house.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        yield Finding(
            "time_zone_unknown",
            FAULT,
            f"The organisation's time zone {house.time_zone!r} is unknown to this machine.",
            "Choose another one in the console, or install the system's tzdata.",
        )
        return
    now = datetime.now(UTC)
    here = zoneinfo.ZoneInfo(settings.TIME_ZONE)
    if now.astimezone(here).utcoffset() != now.astimezone(there).utcoffset():
        yield Finding(
            "time_zone_odd",
            WARNING,
            f"TIME_ZONE is {settings.TIME_ZONE} and the organisation's {house.time_zone}: "
            "the day begins at two different moments.",
            "Make both the same, unless that is meant.",
        )


def _calendars() -> Iterator[Finding]:
    for slug in doctor.without_business_day(today_here(), AHEAD):
        whose = f"of the team {slug}" if slug else "of the organisation"
        yield Finding(
            "no_business_day",
            FAULT,
            f"The calendar {whose} has no business day in the next {AHEAD} days: no morning comes, and nobody is told.",
            "Take closed days out in the console, or mark days on which you work.",
        )


# People and their mail ---------------------------------------------------------------------------


def _people() -> Iterator[Finding]:
    marked = doctor.marked_addresses()
    if marked:
        yield Finding(
            "addresses_marked",
            WARNING,
            f"There are addresses to which mail does not arrive: {marked}. What is due for these people is told to their leads.",
            "The console's list of people finds them. Correct the address, or let them say in their settings that mail arrives again.",
        )
    without = sum(not mail.is_deliverable(address) for address in doctor.addresses_of_members())
    if without:
        yield Finding(
            "people_without_address",
            WARNING,
            f"There are people in teams without an address to which mail can be sent: {without}.",
            "Correct their addresses in the console.",
        )


def _came_in() -> Iterator[Finding]:
    if settings.INBOUND_ADDRESS and not settings.IMAP and not doctor.mail_ever_came():
        yield Finding(
            "inbound_silent",
            WARNING,
            f"Letters ask for answers to {settings.INBOUND_ADDRESS}, no mailbox is read, and no mail has ever come in.",
            "Set IMAP_HOST, or pipe that address's mail into `manage.py receive_mail`; then send it a mail as a trial.",
        )


# The trace -----------------------------------------------------------------------------------------


def _trace() -> Iterator[Finding]:
    if doctor.unguarded():
        yield Finding(
            "audit_unguarded",
            FAULT,
            "The database would let somebody change the audit trail: its triggers are gone.",
            "Find out who took them away. `manage.py migrate incidents 0048 && manage.py migrate` makes them anew; then run verify_audit.",
        )
    latest, since = headfile.latest(), organisation().created_at
    known = latest or (since.date() if since else today_here())
    if (today_here() - known).days > HEADS_DAYS:
        yield Finding(
            "audit_heads_old",
            WARNING,
            f"The heads of the audit trail were last kept outside the database on {latest or 'no day at all'}.",
            "Look at the log of the worker that shares this data folder for housekeeping.audit_heads.",
        )
