from datetime import UTC, date, datetime

import factory

from incidents import models
from incidents.enums import MirrorKind, MirrorState, PostKind
from tests.factories.reminder import ReminderDeliveryFactory
from tests.factories.team import TeamFactory


class MirrorFactory(factory.django.DjangoModelFactory):
    """A signed webhook that is on."""

    class Meta:
        model = models.Mirror

    team = factory.SubFactory(TeamFactory)
    kind = MirrorKind.WEBHOOK
    name = "受注課のチャンネル"
    address = "https://hooks.example.jp/in/token-secret-9f3c"
    secret = "ushirohook_secret-key-of-the-test"
    host = "hooks.example.jp"
    tail = "9f3c"
    state = MirrorState.ON
    on_at = datetime(2026, 11, 20, 0, 30, tzinfo=UTC)


class MirrorPostFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.MirrorPost

    mirror = factory.SubFactory(MirrorFactory)
    key = factory.Sequence(lambda n: f"clock:{n}:1:m0")
    kind = PostKind.CLOCK
    day = date(2026, 11, 24)
    next_try_at = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)


class MirrorLineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.MirrorLine

    post = factory.SubFactory(MirrorPostFactory)
    delivery = factory.SubFactory(ReminderDeliveryFactory)
