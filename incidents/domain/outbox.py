"""Letters that an administrator asks for from the console."""

from __future__ import annotations

import uuid

from django.db import transaction

from incidents.domain import audit, letter
from incidents.domain.organisation import refuse_unless_administrator
from incidents.enums import LetterKind
from incidents.letters import account
from incidents.letters import test as words
from incidents.models import Letter, Person


@transaction.atomic
def send_test(*, by: Person) -> Letter:
    """Send a letter to oneself, by the way that every reminder goes. Raises NotAllowed."""
    refuse_unless_administrator(by)
    written = letter.post(kind=LetterKind.TEST, key=f"test:{uuid.uuid4()}", to=by, rendered=words.sending(by))
    audit.note(by, "letter.test_sent", written)
    return written


@transaction.atomic
def send_password_link(person: Person, *, by: Person, url: str) -> Letter:
    """Send somebody the page on which they set their password; `url` holds for one hour and once. Raises NotAllowed."""
    refuse_unless_administrator(by)
    written = letter.post(
        kind=LetterKind.ACCOUNT,
        key=f"account:{person.pk}:{uuid.uuid4()}",
        to=person,
        rendered=account.password_reset(person, url),
    )
    audit.note(by, "person.password_link_sent", person)
    return written
