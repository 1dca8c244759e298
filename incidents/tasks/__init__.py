"""The clock's side. Imported here so that every task's name is registered."""

from incidents.tasks import care, housekeeping, letter, nameless, reminder

__all__ = ["care", "housekeeping", "letter", "nameless", "reminder"]
