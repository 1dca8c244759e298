from datetime import date

import factory

from incidents import models


class ClosureFactory(factory.django.DjangoModelFactory):
    """A closed day of the whole organisation, unless a team is named."""

    class Meta:
        model = models.Closure

    day = date(2026, 12, 1)
    name = "創立記念日"
