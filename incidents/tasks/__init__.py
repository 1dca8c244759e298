"""The clock's side. Imported here so that every task's name is registered."""

from incidents.tasks import care, consultation, housekeeping, inbound, letter, mirror, nameless, reminder, signs

__all__ = ["care", "consultation", "housekeeping", "inbound", "letter", "mirror", "nameless", "reminder", "signs"]
