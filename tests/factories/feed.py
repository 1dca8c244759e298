from datetime import UTC, datetime

import factory

from incidents import models
from tests.factories.person import PersonFactory


class CalendarFeedFactory(factory.django.DjangoModelFactory):
    """Switched on, with an address that nobody knows; domain.feed.make gives one that is known."""

    class Meta:
        model = models.CalendarFeed

    person = factory.SubFactory(PersonFactory)
    token_hash = factory.Sequence(lambda n: f"{n:064x}")
    made_at = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
