import factory

from incidents import models
from tests.factories.person import PersonFactory
from tests.factories.reminder import FollowUpFactory


class MailReplyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.MailReply

    kind = "help"
    mark = factory.Sequence(lambda n: f"{n:064x}")
    follow_up = factory.SubFactory(FollowUpFactory)
    person = factory.SubFactory(PersonFactory)
    words = "照合を半日ほど手伝ってほしい"
