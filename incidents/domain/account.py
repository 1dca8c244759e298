"""Letters of the sign-in page, and its few sentences. Whoever asks learns nothing of whether an address is known."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.domain import letter
from incidents.enums import LetterKind
from incidents.later import later
from incidents.letters import account as words
from incidents.models import Letter, Person

TOO_MANY = _("続けて間違えたので、しばらく受けつけません。5分ほど待ってから、もう一度試してください。")
MISMATCH = _("メールアドレスかパスワードが合いません。")
WRONG_CODE = _("確かめられませんでした。もう一度試してください。")

# Letters to one person in an hour. A further wish is answered like the others and sends nothing: it would only fill a mailbox.
MOST_AN_HOUR = 5


def _post(person: Person, url: str) -> None:
    letter.post(
        kind=LetterKind.ACCOUNT,
        key=f"account:{person.pk}:{uuid.uuid4()}",
        to=person,
        rendered=words.password_reset(person, url),
    )


@transaction.atomic
def send_password_reset(person: Person, url: str) -> None:
    """Post the letter with the link, unless the person got MOST_AN_HOUR already."""
    hour = Letter.objects.filter(
        kind=LetterKind.ACCOUNT, recipient=person, created_at__gt=timezone.now() - timedelta(hours=1)
    )
    if hour.count() < MOST_AN_HOUR:
        _post(person, url)


@transaction.atomic
def rehearse_password_reset(url: str) -> None:
    """The same work for an address that nobody has: a letter to somebody or other, taken back before anybody could see it."""
    anybody = Person.objects.order_by("pk").first()
    if anybody is None:
        return
    with transaction.atomic():
        Letter.objects.filter(
            kind=LetterKind.ACCOUNT, recipient=anybody, created_at__gt=timezone.now() - timedelta(hours=1)
        ).count()
        _post(anybody, url)
        transaction.set_rollback(True)
    later("letter.sweep")  # the bell of a real one
