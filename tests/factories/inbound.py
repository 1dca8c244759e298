import factory

from incidents import models
from incidents.enums import MailKind, MailState
from tests.factories.incident import IncidentFactory
from tests.factories.timeline import TimelineEntryFactory


class ReceivedMailFactory(factory.django.DjangoModelFactory):
    """A reply that was posted to a record."""

    class Meta:
        model = models.ReceivedMail

    mark = factory.Sequence(lambda n: f"{n:064x}")
    kind = MailKind.REPLY
    state = MailState.POSTED
    from_address = "bob@example.jp"
    subject = "Re: 今日のお知らせ"
    text = "先方に電話しました。"
    incident = factory.SubFactory(IncidentFactory)
    entry = factory.SubFactory(TimelineEntryFactory, incident=factory.SelfAttribute("..incident"), kind="mail")
