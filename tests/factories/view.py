import factory

from incidents import models
from tests.factories.person import PersonFactory


class SavedViewFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.SavedView

    person = factory.SubFactory(PersonFactory)
    of = models.SavedView.Of.INCIDENTS
    name = "進行中の請求"
    query = "stage=open&category=billing"


class DefaultViewFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.DefaultView

    view = factory.SubFactory(SavedViewFactory)
    person = factory.SelfAttribute("view.person")
    of = factory.SelfAttribute("view.of")
