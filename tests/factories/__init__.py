"""One factory a model, no surprises: what a test needs, it says."""

from tests.factories.absence import AbsenceFactory
from tests.factories.attachment import AttachmentFactory
from tests.factories.audit import (
    AuditChainFactory,
    AuditEntryFactory,
    AuditSealFactory,
    EngineMarkFactory,
    ImportRunFactory,
)
from tests.factories.calendar import ClosureFactory
from tests.factories.care import CareCheckInFactory, HelpLineFactory
from tests.factories.cause import RootCauseFactory, WhyFactory
from tests.factories.containment import ContainmentFactory
from tests.factories.countermeasure import CountermeasureFactory, DueRequestFactory, EffectCheckFactory
from tests.factories.feed import CalendarFeedFactory
from tests.factories.inbound import ReceivedMailFactory
from tests.factories.incident import IncidentFactory, IncidentReaderFactory
from tests.factories.index import IncidentIndexFactory
from tests.factories.invitation import InvitationFactory
from tests.factories.jotting import JottingFactory
from tests.factories.letter import LetterFactory
from tests.factories.mending import MendingFactory
from tests.factories.mirror import MirrorFactory, MirrorLineFactory, MirrorPostFactory
from tests.factories.nameless import NamelessNoteFactory
from tests.factories.paste import PasteFactory
from tests.factories.person import PersonFactory
from tests.factories.question import QuestionFactory
from tests.factories.reader import ReadRequestFactory
from tests.factories.reminder import FollowUpFactory, ReminderDeliveryFactory
from tests.factories.reply import MailReplyFactory
from tests.factories.retention import LegalHoldFactory, RecordReadFactory, RetentionRunFactory
from tests.factories.spread import SpreadAnswerFactory, SpreadFactory
from tests.factories.team import MembershipFactory, OrganisationFactory, ReportClockFactory, TeamFactory
from tests.factories.timeline import TimelineEntryFactory
from tests.factories.view import DefaultViewFactory, SavedViewFactory

__all__ = [
    "AbsenceFactory",
    "AttachmentFactory",
    "AuditChainFactory",
    "AuditEntryFactory",
    "AuditSealFactory",
    "CalendarFeedFactory",
    "CareCheckInFactory",
    "ClosureFactory",
    "ContainmentFactory",
    "CountermeasureFactory",
    "DefaultViewFactory",
    "DueRequestFactory",
    "EffectCheckFactory",
    "EngineMarkFactory",
    "FollowUpFactory",
    "HelpLineFactory",
    "ImportRunFactory",
    "IncidentFactory",
    "IncidentIndexFactory",
    "IncidentReaderFactory",
    "InvitationFactory",
    "JottingFactory",
    "LegalHoldFactory",
    "LetterFactory",
    "MembershipFactory",
    "MailReplyFactory",
    "MendingFactory",
    "MirrorFactory",
    "MirrorLineFactory",
    "MirrorPostFactory",
    "NamelessNoteFactory",
    "OrganisationFactory",
    "PasteFactory",
    "PersonFactory",
    "QuestionFactory",
    "ReadRequestFactory",
    "ReceivedMailFactory",
    "ReminderDeliveryFactory",
    "RecordReadFactory",
    "ReportClockFactory",
    "RetentionRunFactory",
    "RootCauseFactory",
    "SavedViewFactory",
    "SpreadAnswerFactory",
    "SpreadFactory",
    "TeamFactory",
    "TimelineEntryFactory",
    "WhyFactory",
]
