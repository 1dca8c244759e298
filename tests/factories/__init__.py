"""One factory a model, no surprises: what a test needs, it says."""

from tests.factories.audit import AuditEntryFactory, EngineMarkFactory, ImportRunFactory
from tests.factories.calendar import ClosureFactory
from tests.factories.cause import RootCauseFactory, WhyFactory
from tests.factories.countermeasure import CountermeasureFactory, EffectCheckFactory
from tests.factories.incident import IncidentFactory
from tests.factories.letter import LetterFactory
from tests.factories.person import PersonFactory
from tests.factories.reminder import FollowUpFactory, ReminderDeliveryFactory
from tests.factories.team import MembershipFactory, OrganisationFactory, TeamFactory
from tests.factories.timeline import TimelineEntryFactory

__all__ = [
    "AuditEntryFactory",
    "ClosureFactory",
    "CountermeasureFactory",
    "EffectCheckFactory",
    "EngineMarkFactory",
    "FollowUpFactory",
    "ImportRunFactory",
    "IncidentFactory",
    "LetterFactory",
    "MembershipFactory",
    "OrganisationFactory",
    "PersonFactory",
    "ReminderDeliveryFactory",
    "RootCauseFactory",
    "TeamFactory",
    "TimelineEntryFactory",
    "WhyFactory",
]
