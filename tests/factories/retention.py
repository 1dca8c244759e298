from datetime import UTC, datetime

import factory

from incidents import models
from tests.factories.incident import IncidentFactory
from tests.factories.person import PersonFactory
from tests.factories.team import TeamFactory


class LegalHoldFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.LegalHold

    team = factory.SubFactory(TeamFactory)
    reason = "訴訟のため"


class RetentionRunFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.RetentionRun

    counts = factory.LazyFunction(lambda: {"bodies": {"past": 2, "held": 1, "gone": 1}})


class RecordReadFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.RecordRead

    person = factory.SubFactory(PersonFactory)
    incident = factory.SubFactory(IncidentFactory)
    hour = datetime(2026, 11, 24, 0, tzinfo=UTC)
    door = "page"
