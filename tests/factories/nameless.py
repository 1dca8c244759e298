from datetime import date

import factory

from incidents import models
from tests.factories.team import TeamFactory


class NamelessNoteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.NamelessNote

    team = factory.SubFactory(TeamFactory)
    text = "振込先を一行ずらして貼るところだった"
    published_on = date(2026, 11, 24)
