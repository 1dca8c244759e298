import factory
from django.utils import timezone

from incidents import models
from tests.factories.team import TeamFactory


class AuditEntryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.AuditEntry

    actor_label = "佐藤 美咲"
    verb = "incident.reported"
    target_type = "incident"
    target_label = "K-1 見積書を別の会社に送った"


class ImportRunFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.ImportRun

    by_label = "佐藤 美咲"
    team = factory.SubFactory(TeamFactory)
    file_name = "log.csv"
    sha256 = "0" * 64
    mapping = "servicenow"


class EngineMarkFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.EngineMark
        django_get_or_create = ("name",)

    name = "beat"
    at = factory.LazyFunction(timezone.now)


class AuditSealFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.AuditSeal

    entry = factory.SubFactory(AuditEntryFactory)
    chain = 0
    seq = factory.Sequence(lambda n: n + 1)
    prev_hash = commitment = hash = "0" * 64
    key_id = "0" * 8


class AuditChainFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.AuditChain

    chain = factory.Sequence(lambda n: n + 1_000_000)
