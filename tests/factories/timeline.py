import factory
from django.utils import timezone

from incidents import models
from tests.factories.incident import IncidentFactory


class TimelineEntryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.TimelineEntry

    incident = factory.SubFactory(IncidentFactory)
    text = "宛先の候補から似た社名を選んだ"
    event_at = factory.LazyFunction(timezone.now)
