from datetime import timedelta

import factory
from django.utils import timezone

from incidents import models
from incidents.domain.invitation import hash_of
from tests.factories.person import PersonFactory
from tests.factories.team import TeamFactory


class InvitationFactory(factory.django.DjangoModelFactory):
    """An open invitation; its token is `token-<n>`."""

    class Meta:
        model = models.Invitation

    team = factory.SubFactory(TeamFactory)
    email = factory.Sequence("guest{}@example.jp".format)
    invited_by = factory.SubFactory(PersonFactory)
    token_hash = factory.Sequence(lambda n: hash_of(f"token-{n}"))
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))
