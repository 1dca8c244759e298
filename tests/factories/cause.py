import factory

from incidents import models
from incidents.enums import Factor
from tests.factories.incident import IncidentFactory


class WhyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Why

    incident = factory.SubFactory(IncidentFactory)
    text = "送る前に宛先を見る手順がない"


class RootCauseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.RootCause

    why = factory.SubFactory(WhyFactory, incident=factory.SelfAttribute("..incident"))
    incident = factory.SubFactory(IncidentFactory)
    factor = Factor.PROCEDURE
