"""The clock's side. Imported here so that every task's name is registered."""

from incidents.tasks import housekeeping, letter, reminder

__all__ = ["housekeeping", "letter", "reminder"]
