from __future__ import annotations

import factory

from incidents import models
from tests.factories.person import PersonFactory


class SignedInFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.SignedIn

    person = factory.SubFactory(PersonFactory)
    session_key = factory.Sequence(lambda number: f"session{number:025d}")
    device = "Chrome / Windows"
