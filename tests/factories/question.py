import factory

from incidents import models
from tests.factories.incident import IncidentFactory
from tests.factories.person import PersonFactory


class QuestionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Question

    incident = factory.SubFactory(IncidentFactory)
    text = "何通が別の宛先へ出たか"
    asked_by = factory.SubFactory(PersonFactory)
