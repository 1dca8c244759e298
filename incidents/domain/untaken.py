"""Mail of somebody we know that was held or refused: they are told what became of it, and what to do (U7)."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from incidents.domain import letter
from incidents.enums import LetterKind, LetterState, MailKind, MailState, MailWhy
from incidents.letters import untaken as words
from incidents.models import Letter, Person, ReceivedMail
from incidents.queries import inbound as mails

WRITTEN = frozenset({MailKind.REPLY, MailKind.FORWARD, MailKind.OTHER})  # by somebody, not by a machine
EACH = timedelta(
    days=1
)  # at most one letter, so that no answer by a machine makes a loop, and no flood a flood of ours


def note(row: ReceivedMail) -> Letter | None:
    """Tell whoever wrote a mail that it is not in the record; nobody when it is a machine's or a stranger's.

    Who holds the address that it came to, else whose address its From names: neither learns more than that a mail came.
    In the caller's transaction.
    """
    if row.state not in {MailState.HELD, MailState.REFUSED} or row.kind not in WRITTEN:
        return None
    known = row.person or mails.by_address(row.from_address)
    if row.person and row.why not in {MailWhy.WRONG_SENDER, MailWhy.NO_TOKEN} and not row.is_from(row.person):
        return None  # somebody else's mail, refused before it was asked whose: nothing of theirs
    person = Person.objects.select_for_update().filter(pk=known.pk, is_active=True).first() if known else None
    if person is None:
        return None
    lately = Letter.objects.filter(recipient=person, kind=LetterKind.UNTAKEN, created_at__gt=timezone.now() - EACH)
    if lately.exclude(state=LetterState.CANCELLED).exists():
        return None
    return letter.post(
        kind=LetterKind.UNTAKEN, key=f"untaken:{row.pk}:{person.pk}", to=person, rendered=words.told(row, to=person)
    )


def still_wanted(one: Letter) -> bool:
    """Ask again at the moment of sending (habit 10): what a lead has decided meanwhile waits for nobody."""
    if one.dot_at is not None:
        return True
    row = ReceivedMail.objects.filter(pk=int(one.key.split(":")[1])).first()
    if row and one.recipient.is_active and row.state in {MailState.HELD, MailState.REFUSED}:
        return True
    letter.withdraw_claimed(one, reason="stale")
    return False
