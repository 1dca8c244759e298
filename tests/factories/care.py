from datetime import date

import factory

from incidents import models
from tests.factories.person import PersonFactory


class CareCheckInFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.CareCheckIn

    person = factory.SubFactory(PersonFactory)
    day = date(2026, 11, 25)


class HelpLineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.HelpLine

    name = "こころの耳"
    phone = "0120-565-455"
