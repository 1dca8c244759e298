"""Letters that an administrator asks for from the console."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import audit, letter
from incidents.domain.organisation import refuse_unless_administrator
from incidents.enums import LetterKind
from incidents.errors import Refused
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


@transaction.atomic
def note_link_shown(person: Person, *, by: Person) -> None:
    """Without a mail server the administrator hands somebody's password link over in person. Raises NotAllowed, Refused."""
    refuse_unless_administrator(by)
    if settings.MAIL_CONFIGURED:
        raise Refused(
            "mail_is_there",
            _("メールが送れるので、リンクは表示しません。"),
            _("パスワード設定の手紙を送ってください。"),
        )
    audit.note(by, "person.link_shown", person)
