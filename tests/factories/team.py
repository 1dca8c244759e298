import factory

from incidents import models
from incidents.enums import Role
from tests.factories.person import PersonFactory


class OrganisationFactory(factory.django.DjangoModelFactory):
    """The one organisation; made once however often it is asked for."""

    class Meta:
        model = models.Organisation
        django_get_or_create = ("id",)

    id = 1
    name = "青葉商事"


class TeamFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Team

    name = factory.Sequence(lambda n: f"受注{n}課")
    slug = factory.Sequence(lambda n: f"order-{n}")


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.Membership

    person = factory.SubFactory(PersonFactory)
    team = factory.SubFactory(TeamFactory)
    role = Role.MEMBER


class ReportClockFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.ReportClock

    team = factory.SubFactory(TeamFactory)
    minutes = 30
