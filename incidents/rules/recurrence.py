"""Recurrence: how long a measure is watched, and what looks like the same thing again."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

from incidents.enums import MeasureStatus
from incidents.rules.check import CHECK_WINDOW_DAYS


def watched_until(*, done_on: date, last_check_on: date | None, severity: str) -> date:
    """The last day on which a recurrence speaks against the measure (V3).

    Until its last effect check, and at least for the window of its record's severity from the day it was done.
    """
    end = done_on + timedelta(days=CHECK_WINDOW_DAYS.get(severity, 30))
    return max(end, last_check_on) if last_check_on else end


def days_to_watch(done_on: date, severity: str, today: date) -> int:
    """How many days of the severity's window are still to come; 0 or less once it is over."""
    return (watched_until(done_on=done_on, last_check_on=None, severity=severity) - today).days


def holds_watch(*, status: str, done_on: date, last_check_on: date | None, severity: str, day: date) -> bool:
    """Whether the measure is done or proven and `day` lies in its window, first and last day included."""
    if status not in {MeasureStatus.DONE, MeasureStatus.EFFECTIVE}:
        return False
    return done_on <= day <= watched_until(done_on=done_on, last_check_on=last_check_on, severity=severity)


ALIKE_FROM = 0.4  # of 1: the share of two-character pieces that two titles have in common


def alike(one: str, other: str) -> bool:
    """Whether two titles speak of much the same: they share two-character pieces (Dice's measure), width and case aside."""
    a, b = _pieces(one), _pieces(other)
    return bool(a and b) and 2 * len(a & b) / (len(a) + len(b)) >= ALIKE_FROM


def _pieces(text: str) -> set[str]:
    plain = "".join(unicodedata.normalize("NFKC", text).lower().split())
    return {plain[n : n + 2] for n in range(len(plain) - 1)}


@dataclass(frozen=True)
class Likeness:
    """What of a record says whether another is the same thing again."""

    category: str
    process: str
    counterparty: str
    title: str


def may_be_again(new: Likeness, old: Likeness) -> bool:
    """Whether `new` looks like `old` broken again: the same category, and process, counterparty or title alike.

    It only offers; a person decides (C7).
    """
    if not new.category or new.category != old.category:
        return False
    same_process = bool(new.process.strip()) and new.process.strip() == old.process.strip()
    same_side = bool(new.counterparty.strip()) and new.counterparty.strip() == old.counterparty.strip()
    return same_process or same_side or alike(new.title, old.title)
