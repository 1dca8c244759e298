"""Hours of the day in which somebody is left in peace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from tools.plain.holidays import BusinessCalendar

OPENS = 8  # when a closed day has been waited out by somebody without quiet hours


@dataclass(frozen=True)
class QuietHours:
    """From the whole hour `start` to the whole hour `end` (0-23), over midnight when `end` is the earlier one.

    start None, or the same as `end`: there are none. All moments are local: aware, in the time zone of the person.
    """

    start: int | None = 19
    end: int = 8

    @property
    def are_kept(self) -> bool:
        return self.start is not None and self.start != self.end

    def hold(self, local: datetime) -> bool:
        """Whether the moment lies in them."""
        return self.holds_hour(local.hour)

    def holds_hour(self, hour: int) -> bool:
        """Whether what comes at that whole hour of a day comes in them."""
        if not self.are_kept:
            return False
        if self.start < self.end:
            return self.start <= hour < self.end
        return hour >= self.start or hour < self.end

    def began(self, local: datetime) -> datetime:
        """When the quiet in which the moment lies began. Raises ValueError when it lies in none."""
        if not self.hold(local):
            raise ValueError(f"{local} is not quiet")
        day = local.date() - timedelta(days=local.hour < self.start)
        return datetime.combine(day, time(self.start), local.tzinfo)

    def after(self, local: datetime, calendar: BusinessCalendar | None = None) -> datetime:
        """The first moment from `local` on that lies neither in them nor, with a calendar, on a closed day."""
        if self.hold(local):
            day = local.date() + timedelta(days=local.hour >= self.end)
            local = datetime.combine(day, time(self.end), local.tzinfo)
        if calendar is not None and not calendar.is_business_day(local.date()):
            opens = self.end if self.are_kept else OPENS
            local = datetime.combine(calendar.roll_forward(local.date()), time(opens), local.tzinfo)
        return local
