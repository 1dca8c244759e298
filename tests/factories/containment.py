from datetime import UTC, datetime

import factory

from incidents import models
from tests.factories.incident import IncidentFactory


class ContainmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Containment

    incident = factory.SubFactory(IncidentFactory)
    text = "誤って届いた見積書の削除をお願いし、削除の返事をいただいた"
    done_at = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
