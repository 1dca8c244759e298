import factory

from incidents.domain import search
from incidents.models import IncidentIndex
from tests.factories.incident import IncidentFactory


class IncidentIndexFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = IncidentIndex

    incident = factory.SubFactory(IncidentFactory)
    team = factory.SelfAttribute("incident.team")
    text = factory.SelfAttribute("incident.title")


def indexed(*incidents) -> None:
    """The index as the verbs would have written it, for records that a test made without them."""
    search.write([incident.pk for incident in incidents])
