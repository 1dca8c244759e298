from datetime import date

import factory

from incidents import models
from tests.factories.incident import IncidentFactory
from tests.factories.person import PersonFactory


class MendingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Mending

    incident = factory.SubFactory(IncidentFactory)
    person = factory.SubFactory(PersonFactory)
    author = factory.SelfAttribute("person")
    what = "正しい見積書を作り直し、お客様あてに送った"
    done_on = date(2026, 11, 24)
    minutes = 90
