import factory
from django.utils import timezone

from incidents import models
from tests.factories.person import PersonFactory
from tests.factories.team import TeamFactory


class IncidentFactory(factory.django.DjangoModelFactory):
    """A recorded crack that nobody outside waits for. Its number starts far from what the domain hands out."""

    class Meta:
        model = models.Incident

    number = factory.Sequence(lambda n: 5001 + n)
    team = factory.SubFactory(TeamFactory)
    title = "見積書を別の会社に送った"
    noticed_at = factory.LazyFunction(timezone.now)


class IncidentReaderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.IncidentReader

    incident = factory.SubFactory(IncidentFactory)
    person = factory.SubFactory(PersonFactory)
