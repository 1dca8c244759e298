"""A person's address to which mail does not arrive: marked, told to the leads once, and taken back by the person (U5)."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import audit, letter, standing
from incidents.enums import DeliveryState, FollowUpState, LetterKind, MailKind, Role
from incidents.errors import NotAllowed
from incidents.letters import unreached as words
from incidents.models import Letter, Membership, Person, ReceivedMail, ReminderDelivery
from incidents.queries import absence
from incidents.queries import inbound as mails
from incidents.queries.calendar import today_here, today_of


def note(row: ReceivedMail) -> None:
    """A letter to a person came back: for good at once, for now after three letters in a week. In the caller's transaction.

    What came back from an address that the person does not have any more says nothing of the new one.
    """
    person = Person.objects.select_for_update().get(pk=row.person_id)
    if not person.is_active or person.mail_bounced_at or row.letter.to_email != person.email:
        return
    if row.kind == MailKind.BOUNCE_SOFT and mails.soft_bounces(person) < mails.SOFT_BOUNCES:
        return
    _mark(person, by_what=str(row.pk))


def _mark(person: Person, *, by_what: str) -> None:
    person.mail_bounced_at = timezone.now()
    person.save(update_fields=["mail_bounced_at"])
    audit.note(None, "person.unreached", person)
    for lead in leads_of(person):
        letter.post(
            kind=LetterKind.UNREACHED,
            key=f"unreached:{person.pk}:{by_what}:{lead.pk}",
            to=lead,
            rendered=words.unreached(person, to=lead, since=today_of(lead)),
        )


# Refusals while sending -------------------------------------------------------------------------

# A server that knows nobody has lost its own list: so many people are marked within an hour, and no more.
MOST_AN_HOUR = 5


@transaction.atomic
def not_taken(one: Letter, *, error: str, for_good: bool, nobody: bool = False) -> None:
    """The server did not take a letter. When it is given up by that, the leads hear what stood in it (U5).

    nobody: the server said for good that nobody is at this address (tools.plain.smtpreply). Then the person is marked as
    by a bounce, at the first refusal: our own mail server says it, while we ask, and nobody can forge that.
    """
    if not letter.mark_failed(one, error=error, for_good=for_good):
        return
    if nobody:
        _refused(one)
    _tell_leads(one)


def _refused(one: Letter) -> None:
    person = Person.objects.select_for_update().filter(pk=one.recipient_id, is_active=True).first()
    if person is None or person.mail_bounced_at or one.to_email != person.email:
        return
    lately = Person.objects.filter(mail_bounced_at__gte=timezone.now() - timedelta(hours=1))
    if lately.count() < MOST_AN_HOUR:
        _mark(person, by_what=f"letter-{one.pk}-{uuid.uuid4().hex[:12]}")


def _tell_leads(one: Letter) -> None:
    """An open promise never falls silent: what stood in the letter is told to the leads whom mail reaches.

    Of somebody whom no mail reaches the row is theirs from now on; of another letter that was given up it stays failed.
    """
    rows = list(
        ReminderDelivery.objects.select_for_update(of=("self",))
        .filter(letter=one, state=DeliveryState.FAILED, follow_up__state=FollowUpState.OPEN)
        .select_related("follow_up__incident", "follow_up__team", "follow_up__owner", "recipient")
    )
    away = absence.away_now() if rows else {}
    now = timezone.now()
    for row in rows:
        row.reason = absence.no_address(row, away) or standing.NOT_TAKEN
        if row.reason == absence.NO_ADDRESS:
            row.state, row.settled_at = DeliveryState.CANCELLED, now
            row.save(update_fields=["state", "reason", "settled_at", "updated_at"])
    standing.speak_to_others(rows, today_here(), away)


def leads_of(person: Person) -> list[Person]:
    """Who hears of it: the other leads of the person's teams; where there are none, the administrators."""
    teams = Membership.objects.filter(person=person).values("team")
    others = Person.objects.filter(is_active=True, mail_bounced_at=None).exclude(pk=person.pk)
    leads = others.filter(memberships__team__in=teams, memberships__role=Role.LEAD).distinct().order_by("pk")
    return list(leads) or list(others.filter(is_admin=True).order_by("pk"))


@transaction.atomic
def reached(person: Person, *, by: Person) -> None:
    """届くようになりました: the person says so themselves, and is told again. Nothing to say changes nothing.

    Raises NotAllowed.
    """
    if by.pk != person.pk or not by.is_active:
        raise NotAllowed("not_own_mail", _("ほかの方のメールのことは変えられません。"), _("ご本人に頼んでください。"))
    clear(person, by=by)


def clear(person: Person, *, by: Person) -> None:
    """Take the mark away as a part of another change, such as a new address; its right is asked there."""
    if Person.objects.filter(pk=person.pk).exclude(mail_bounced_at=None).update(mail_bounced_at=None):
        person.mail_bounced_at = None
        audit.note(by, "person.reached", person)


def still_wanted(one: Letter) -> bool:
    """Ask again at the moment of sending (habit 10): who is reached again, or whose lead one is no more, is not told of."""
    person = Person.objects.filter(pk=int(one.key.split(":")[1])).first()
    if one.dot_at is not None:
        return True
    if person and person.mail_bounced_at and one.recipient.is_active and one.recipient in leads_of(person):
        return True
    letter.withdraw_claimed(one, reason="stale")
    return False
