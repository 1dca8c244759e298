"""Near misses without a name (hardening f-6)."""

from __future__ import annotations

SMALLEST_BATCH = 3


QUIET_DAYS = 7


def batch_goes(held: int, *, first_morning_of_week: bool, quiet_week: bool) -> bool:
    """Whether this morning's batch is published: three or more, else only once a week and after a week of silence.

    held: notes that wait. quiet_week: nothing of the team was published in the last seven days.
    A single note would otherwise say that it was written since yesterday.
    """
    return held >= SMALLEST_BATCH or (held > 0 and first_morning_of_week and quiet_week)
