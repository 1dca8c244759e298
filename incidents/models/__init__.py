"""The only import path for models."""

from incidents.models.audit import AuditEntry, EngineMark, ImportRun
from incidents.models.calendar import Closure
from incidents.models.cause import RootCause, Why
from incidents.models.countermeasure import Countermeasure, EffectCheck
from incidents.models.incident import Incident
from incidents.models.letter import Letter
from incidents.models.person import Person
from incidents.models.reminder import FollowUp, ReminderDelivery
from incidents.models.team import Membership, Organisation, Team
from incidents.models.timeline import TimelineEntry

__all__ = [
    "AuditEntry",
    "Closure",
    "Countermeasure",
    "EffectCheck",
    "EngineMark",
    "FollowUp",
    "ImportRun",
    "Incident",
    "Letter",
    "Membership",
    "Organisation",
    "Person",
    "ReminderDelivery",
    "RootCause",
    "Team",
    "TimelineEntry",
    "Why",
]
