import factory

from incidents import models
from tests.factories.person import PersonFactory


class JottingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Jotting

    person = factory.SubFactory(PersonFactory)
    text = "納品書の控えが一枚足りない気がする"
