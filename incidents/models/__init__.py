"""The only import path for models."""

from incidents.models.absence import Absence
from incidents.models.attachment import Attachment
from incidents.models.audit import AuditChain, AuditEntry, AuditSeal, EngineMark, ImportRun
from incidents.models.calendar import Closure
from incidents.models.care import CareCheckIn, HelpLine
from incidents.models.cause import RootCause, Why
from incidents.models.containment import Containment
from incidents.models.countermeasure import Countermeasure, DueRequest, EffectCheck
from incidents.models.feed import CalendarFeed
from incidents.models.inbound import ReceivedMail
from incidents.models.incident import Incident, IncidentReader
from incidents.models.index import IncidentIndex
from incidents.models.invitation import Invitation
from incidents.models.jotting import Jotting
from incidents.models.letter import Letter
from incidents.models.mending import Mending
from incidents.models.mirror import Mirror, MirrorLine, MirrorPost
from incidents.models.nameless import NamelessNote
from incidents.models.paste import Paste
from incidents.models.person import Person
from incidents.models.question import Question
from incidents.models.reader import ReadRequest
from incidents.models.reminder import FollowUp, ReminderDelivery
from incidents.models.reply import MailReply
from incidents.models.retention import LegalHold, RecordRead, RetentionRun
from incidents.models.spread import Spread, SpreadAnswer
from incidents.models.team import Membership, Organisation, ReportClock, Team
from incidents.models.timeline import TimelineEntry
from incidents.models.view import DefaultView, SavedView

__all__ = [
    "Absence",
    "Attachment",
    "AuditChain",
    "AuditEntry",
    "AuditSeal",
    "CalendarFeed",
    "CareCheckIn",
    "Closure",
    "Containment",
    "Countermeasure",
    "DefaultView",
    "DueRequest",
    "EffectCheck",
    "EngineMark",
    "FollowUp",
    "HelpLine",
    "ImportRun",
    "Incident",
    "IncidentIndex",
    "IncidentReader",
    "Invitation",
    "Jotting",
    "LegalHold",
    "Letter",
    "MailReply",
    "Membership",
    "Mending",
    "Mirror",
    "MirrorLine",
    "MirrorPost",
    "NamelessNote",
    "Organisation",
    "Paste",
    "Person",
    "Question",
    "ReadRequest",
    "ReceivedMail",
    "RecordRead",
    "ReminderDelivery",
    "ReportClock",
    "RetentionRun",
    "RootCause",
    "SavedView",
    "Spread",
    "SpreadAnswer",
    "Team",
    "TimelineEntry",
    "Why",
]
