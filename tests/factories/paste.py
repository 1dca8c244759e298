import factory

from incidents import models
from tests.factories.incident import IncidentFactory


class PasteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Paste

    incident = factory.SubFactory(IncidentFactory)
    text = "10:12 青木商事様からお電話\n10:20 送ったのは1通だけと確認"
    sha256 = "0" * 64
