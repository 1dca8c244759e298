import factory

from incidents import models
from tests.factories.incident import IncidentFactory


class AttachmentFactory(factory.django.DjangoModelFactory):
    """The row alone; no file stands behind it. gateways.intake and domain.attachment make both."""

    class Meta:
        model = models.Attachment

    incident = factory.SubFactory(IncidentFactory)
    name = "送付状.pdf"
    media_type = "application/pdf"
    size = 1024
    sha256 = "0" * 64
    file = "attachments/00/none"
