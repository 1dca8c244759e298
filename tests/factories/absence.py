from datetime import date

import factory

from incidents import models
from tests.factories.person import PersonFactory


class AbsenceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Absence

    person = factory.SubFactory(PersonFactory)
    starts_on = date(2026, 12, 1)
    ends_on = date(2026, 12, 4)
