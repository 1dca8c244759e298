from datetime import date

import factory

from incidents import models
from tests.factories.incident import IncidentFactory
from tests.factories.person import PersonFactory
from tests.factories.team import TeamFactory


class SpreadFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Spread

    incident = factory.SubFactory(IncidentFactory)
    title = "宛先を候補から手で選ぶ送付が、ほかにもありますか"
    due_on = date(2026, 12, 8)
    asked_by = factory.SubFactory(PersonFactory)


class SpreadAnswerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.SpreadAnswer

    spread = factory.SubFactory(SpreadFactory)
    team = factory.SubFactory(TeamFactory)
