import factory
from django.utils import timezone

from incidents import models
from incidents.enums import LetterKind
from tests.factories.person import PersonFactory


class LetterFactory(factory.django.DjangoModelFactory):
    """A waiting letter that is due now. It rings for nobody; domain.letter.post does."""

    class Meta:
        model = models.Letter

    key = factory.Sequence(lambda n: f"test:{n}")
    kind = LetterKind.TEST
    recipient = factory.SubFactory(PersonFactory)
    to_name = factory.SelfAttribute("recipient.name")
    to_email = factory.SelfAttribute("recipient.email")
    language = "ja"
    subject = "送信テスト"
    text = "届いていますか。\n"
    html = "<p>届いていますか。</p>"
    message_id = factory.Sequence(lambda n: f"<test-{n}@example.jp>")
    next_try_at = factory.LazyFunction(timezone.now)
    due_at = factory.SelfAttribute("next_try_at")
