from datetime import date

import factory

from incidents import models
from incidents.enums import FollowUpKind
from tests.factories.countermeasure import CountermeasureFactory
from tests.factories.person import PersonFactory


class FollowUpFactory(factory.django.DjangoModelFactory):
    """A promise without its ledger; domain.ledger.follow makes both."""

    class Meta:
        model = models.FollowUp

    kind = FollowUpKind.COUNTERMEASURE
    measure = factory.SubFactory(CountermeasureFactory)
    incident = factory.SelfAttribute("measure.incident")
    team = factory.SelfAttribute("incident.team")
    owner = factory.SubFactory(PersonFactory)
    due_on = date(2026, 12, 11)


class ReminderDeliveryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.ReminderDelivery

    follow_up = factory.SubFactory(FollowUpFactory)
    recipient = factory.SelfAttribute("follow_up.owner")
    step = "d0"
    due_version = factory.SelfAttribute("follow_up.due_version")
    planned_on = factory.SelfAttribute("follow_up.due_on")
