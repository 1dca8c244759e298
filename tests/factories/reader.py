import factory

from incidents import models
from tests.factories.incident import IncidentFactory
from tests.factories.person import PersonFactory


class ReadRequestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.ReadRequest

    incident = factory.SubFactory(IncidentFactory)
    person = factory.SubFactory(PersonFactory)
    reason = "同じ取引先の件を受け持つため"
