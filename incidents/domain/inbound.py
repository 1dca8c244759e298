"""Mail that comes in (U7, C4): a reply becomes a comment, a forwarded mail a draft, a bounce a mark; all else is kept.

Who wrote a mail is never taken from its From alone: the address it came to was given to one person for one purpose, and
the mail must come from that person's address as well. What cannot be proven waits for a lead, or is only kept. Nothing
is answered by machine; people hear through letters alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from incidents import rules
from incidents.domain import attachment, audit, jotting, timeline, unreached, untaken
from incidents.domain.incident import editor
from incidents.enums import Certainty, EntryKind, MailKind, MailState, MailWhy
from incidents.errors import NotAllowed, Refused
from incidents.letters import addresses, secrets
from incidents.models import Incident, Jotting, Letter, Person, ReceivedMail, TimelineEntry
from incidents.queries import access
from incidents.queries import inbound as mails
from tools.plain import bounce, replytext
from tools.plain.mailparse import Mail, parse
from tools.plain.oneline import one_line

MOST_FILES = 10
_REFERENCE = re.compile(r"(?<![A-Za-z0-9])K-([1-9][0-9]{0,8})(?![0-9])")


@dataclass(frozen=True)
class Arrival:
    """A mail with what tells it from others. sha256, size: of its bytes."""

    mail: Mail
    mark: str
    sha256: str
    size: int
    to: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What is to become of a mail."""

    kind: str
    state: str
    why: str = MailWhy.PLAIN
    person: Person | None = None
    incident: Incident | None = None
    letter: Letter | None = None
    text: str = ""
    quoted: str = ""

    @property
    def is_strangers(self) -> bool:
        """Whether nothing proves that somebody of the house, or a letter of ours, has to do with it."""
        taken = self.state in {MailState.POSTED, MailState.DRAFTED, MailState.HELD}
        return not taken and (self.person is None or self.why == MailWhy.UNMATCHED)

    def put_aside(self) -> Outcome:
        """The same for a mail that cannot be scanned: a lead sees its words, where it is for a record; else it is refused.

        Without its files and its original: nobody has looked at those.
        """
        if self.state in {MailState.POSTED, MailState.HELD}:
            return replace(self, state=MailState.HELD, why=MailWhy.UNSCANNED)
        state = MailState.NOTED if self.state == MailState.NOTED else MailState.REFUSED
        return replace(self, state=state, why=MailWhy.UNSCANNED)

    @property
    def takes_files(self) -> bool:
        """Whether the files of the mail go into a record at once."""
        return self.state == MailState.POSTED


def read(raw: bytes, *, to: Sequence[str] = ()) -> Arrival:
    """Take a mail apart. to: whom the mail server says it is for, before what its headers say. Never raises.

    The same mail by two ways differs in the lines that servers put on top, and in nothing below: its Message-ID and its
    words are what it is known by.
    """
    mail = parse(raw)
    body = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[-1]
    # The envelope may part one mail into two purposes, to a record and to one's own drafts.
    token = addresses.read([*to, *(one.address for one in mail.recipients)])
    said = [mail.message_id, mail.sender.address, token.mark if token else ""]
    digest = hashlib.sha256("\0".join(said).encode("utf-8", "replace"))
    digest.update(re.sub(rb"\s+", b"", body))
    return Arrival(mail, digest.hexdigest(), hashlib.sha256(raw).hexdigest(), len(raw), tuple(to))


def known(arrival: Arrival) -> ReceivedMail | None:
    """The row of the same mail, when it has come before."""
    return ReceivedMail.objects.filter(mark=arrival.mark).first()


# What is to become of it ------------------------------------------------------------------------


def judge(arrival: Arrival) -> Outcome:
    """What the mail is and what has to become of it, as things stand now. Writes nothing."""
    mail = arrival.mail
    token = addresses.read([*arrival.to, *(one.address for one in mail.recipients)])
    verdict = bounce.judge(mail, own=_own_addresses(), own_list=addresses.own_list(), writer=_writer(mail, token))
    if verdict.kind in bounce.BOUNCES:
        return _bounced(mail, verdict, token)
    if verdict.kind == bounce.COMPLAINT:
        found = mails.letter_of(verdict.returned_ids)
        return Outcome(MailKind.COMPLAINT, MailState.NOTED, MailWhy.MACHINE, found and found.recipient, letter=found)
    if verdict.kind == bounce.LOOP or Letter.objects.filter(message_id=mail.message_id or "-").exists():
        return Outcome(MailKind.LOOP, MailState.NOTED, MailWhy.MACHINE)
    if verdict.kind == bounce.AUTO:
        return Outcome(MailKind.AUTO, MailState.NOTED, MailWhy.MACHINE, _given_to(token))
    parts = replytext.split(mail.text)
    if token is None or token.kind == addresses.BOUNCE:
        return _without_token(mail, parts)
    return _with_token(mail, parts, token)


def _own_addresses() -> frozenset[str]:
    return frozenset({parseaddr(settings.MAIL_FROM)[1].lower(), settings.INBOUND_ADDRESS} - {""})


def _given_to(token: addresses.Token | None) -> Person | None:
    if token is None or token.kind == addresses.BOUNCE:
        return None
    return access.person_for_link(token.person_id)


def _writer(mail: Mail, token: addresses.Token | None) -> str:
    """Whether it comes from the person's own address to the one that they were given, which a machine rarely does."""
    person = _given_to(token)
    if person is None or not _is_from(mail, person):
        return bounce.UNKNOWN
    if token.kind == addresses.NEW:
        return bounce.WRITES if addresses.opens(token, person) else bounce.UNKNOWN
    return bounce.ANSWERS


def _is_from(mail: Mail, person: Person) -> bool:
    """Whether the mail says that it comes from this person, and from nobody else."""
    return len(mail.senders) == 1 and mail.sender.address.casefold() == person.email


def _with_token(mail: Mail, parts: replytext.Parts, token: addresses.Token) -> Outcome:
    person = access.person_for_link(token.person_id)
    is_new = token.kind == addresses.NEW
    kind = MailKind.FORWARD if is_new else MailKind.REPLY
    text, quoted = (mail.text, "") if is_new else (parts.new, parts.rest)
    if person is None:
        return Outcome(kind, MailState.REFUSED, MailWhy.NO_STANDING, text=text, quoted=quoted)
    if is_new and not addresses.opens(token, person):
        return Outcome(kind, MailState.REFUSED, MailWhy.UNKNOWN, text=text)
    whole = {"person": person, "text": text, "quoted": quoted}
    if token.kind != addresses.REPLY and not _is_from(mail, person):
        return Outcome(kind, MailState.REFUSED, MailWhy.WRONG_SENDER, **whole)
    if not is_new and not text.strip() and not _worth_keeping(mail):
        return Outcome(kind, MailState.REFUSED, MailWhy.NO_WORDS, **whole)
    if mails.posted_lately(person) >= mails.MOST_AN_HOUR and token.kind != addresses.REPLY:
        return Outcome(kind, MailState.REFUSED, MailWhy.TOO_MANY, **whole)
    if is_new:
        return Outcome(kind, MailState.DRAFTED, **whole)
    if token.kind == addresses.DIGEST:
        return _to_several(token, whole)
    return _to_record(mail, token, whole)


def _to_record(mail: Mail, token: addresses.Token, whole: dict) -> Outcome:
    """A reply to a letter about one record."""
    person = whole["person"]
    incident = Incident.objects.visible_to(person).select_related("team").filter(pk=token.first).first()
    if incident is None or not access.may_write(person, incident.team_id):
        # Whose the record is is not told by the row either: who may not read it gets no way to it.
        there = Incident.objects.filter(pk=token.first).first()
        return Outcome(MailKind.REPLY, MailState.REFUSED, MailWhy.NO_STANDING, incident=there, **whole)
    whole["incident"] = incident
    if not _is_from(mail, person):
        return Outcome(MailKind.REPLY, MailState.HELD, MailWhy.WRONG_SENDER, **whole)
    if token.is_over(addresses.today_number(timezone.now())):
        return Outcome(MailKind.REPLY, MailState.HELD, MailWhy.EXPIRED, **whole)
    if mails.posted_lately(person) >= mails.MOST_AN_HOUR:
        return Outcome(MailKind.REPLY, MailState.HELD, MailWhy.TOO_MANY, **whole)
    return Outcome(MailKind.REPLY, MailState.POSTED, **whole)


def _to_several(token: addresses.Token, whole: dict) -> Outcome:
    """A reply to a letter about several records: the one whose number is named, else the person's own drafts.

    Where the letter itself stands among the new words, because its quote was not recognised, it is a draft too: the
    readers of the one record do not read the others.
    """
    person = whole["person"]
    if secrets.marks().are_in(whole["text"]):
        return Outcome(MailKind.REPLY, MailState.DRAFTED, MailWhy.WHICH_RECORD, **whole)
    if not token.is_over(addresses.today_number(timezone.now())):
        numbers = {int(one) for one in _REFERENCE.findall(whole["text"])}
        seen = list(Incident.objects.visible_to(person).select_related("team").filter(number__in=numbers)[:2])
        if len(numbers) == 1 and len(seen) == 1 and access.may_write(person, seen[0].team_id):
            return Outcome(MailKind.REPLY, MailState.POSTED, incident=seen[0], **whole)
    return Outcome(MailKind.REPLY, MailState.DRAFTED, MailWhy.WHICH_RECORD, **whole)


def _without_token(mail: Mail, parts: replytext.Parts) -> Outcome:
    """From alone proves nothing; a lead who knows the colleague may still take it over."""
    person, letter = mails.by_address(mail.sender.address), mails.letter_of(mail.references)
    whole = {"letter": letter, "text": parts.new, "quoted": parts.rest}
    incident = mails.incident_of(letter) if letter else None
    if letter is None or person is None or incident is None or len(mail.senders) != 1:
        return Outcome(MailKind.OTHER, MailState.REFUSED, MailWhy.UNKNOWN, **whole)
    if not (access.may_write(person, incident.team_id) and _may_read(person, incident)):
        return Outcome(MailKind.REPLY, MailState.REFUSED, MailWhy.NO_STANDING, incident=incident, **whole)
    if not parts.new.strip():
        return Outcome(MailKind.REPLY, MailState.REFUSED, MailWhy.NO_WORDS, incident=incident, **whole)
    return Outcome(MailKind.REPLY, MailState.HELD, MailWhy.NO_TOKEN, person=person, incident=incident, **whole)


def _may_read(person: Person, incident: Incident) -> bool:
    return Incident.objects.visible_to(person).filter(pk=incident.pk).exists()


def _worth_keeping(mail: Mail) -> bool:
    return any(not one.is_decoration for one in mail.files)


def _bounced(mail: Mail, verdict: bounce.Verdict, token: addresses.Token | None) -> Outcome:
    """Whose letter it was: by the address it came back to, by our own id in it, by the address that failed.

    The last of these anybody could write; such a bounce is kept and marks nobody. Nor does one of another address, to
    which the person's mail may be sent on, and none that comes sixty days after the letter.
    """
    letter = _came_back(verdict, token)
    if letter is not None and letter.recipient is not None:
        return Outcome(verdict.kind, MailState.NOTED, MailWhy.UNREACHED, letter.recipient, letter=letter)
    person = next(filter(None, map(mails.by_address, verdict.failed)), None)
    return Outcome(verdict.kind, MailState.NOTED, MailWhy.UNMATCHED, person)


def _came_back(verdict: bounce.Verdict, token: addresses.Token | None) -> Letter | None:
    """The letter that a bounce proves to be about, and that it says did not reach the address it was sent to."""
    if token and token.kind == addresses.BOUNCE and not token.is_over(addresses.today_number(timezone.now())):
        letter = Letter.objects.filter(pk=token.first).select_related("recipient").first()
        if letter is not None:
            return letter if not verdict.named or _names(verdict.named, letter) else None
    letter = mails.letter_of(verdict.returned_ids)
    letter = letter or mails.letter_by_key(verdict.returned_ids, domain=addresses.own_domain())
    if letter is None or letter.created_at < timezone.now() - timedelta(days=addresses.DAYS):
        return None
    # An id is easier come by than the envelope's address: whoever has it must know the person's address as well.
    return letter if _names(verdict.named or verdict.failed, letter) else None


def _names(found: Sequence[str], letter: Letter) -> bool:
    return letter.to_email.casefold() in {one.casefold() for one in found}


# What becomes of it -----------------------------------------------------------------------------


def receive(
    arrival: Arrival,
    *,
    by: Person | None = None,
    outcome: Outcome | None = None,
    keeps_original: bool = True,
    files: Sequence[attachment.Received] = (),
    left_out: Sequence[str] = (),
) -> tuple[ReceivedMail, bool]:
    """Take a mail over, once: the same mail again changes nothing. One transaction, all of it or nothing.

    by: nobody; who acts is told by the mail. outcome: overrides what the mail is judged to be, for one that was refused
    before. keeps_original: whether its bytes lie in the file store. files: of the mail, looked at and stored already;
    they go into the record that a reply is posted to. left_out: sentences about files that could not be taken.
    Returns the row, and whether it is new.
    """
    try:
        with transaction.atomic():
            return _receive(arrival, outcome or judge(arrival), keeps_original, files, left_out), True
    except IntegrityError:  # the same mail by another way at this moment
        there = known(arrival)
        if there is None:
            raise
        return there, False


def _receive(
    arrival: Arrival,
    outcome: Outcome,
    keeps_original: bool,
    files: Sequence[attachment.Received],
    left_out: Sequence[str],
) -> ReceivedMail:
    # What its program did not mark as quoted stands among the new words; nobody else acts by it.
    outcome = replace(outcome, text=secrets.scrub(outcome.text))
    row = _row(arrival, outcome, keeps_original, left_out)
    if outcome.state == MailState.POSTED:
        try:
            with transaction.atomic():
                row.entry, row.state = _post(row, outcome, files, list(left_out)), MailState.POSTED
        except NotAllowed:
            row.state, row.why = MailState.REFUSED, MailWhy.NO_STANDING
    elif outcome.state == MailState.DRAFTED:
        try:
            with transaction.atomic():
                row.jotting, row.state = _draft(row, outcome), MailState.DRAFTED
        except Refused:
            row.state, row.why = MailState.REFUSED, MailWhy.TOO_MANY
    row.save()
    if row.why == MailWhy.UNREACHED:
        unreached.note(row)
    untaken.note(row)
    return row


def _row(arrival: Arrival, outcome: Outcome, keeps_original: bool, left_out: Sequence[str]) -> ReceivedMail:
    mail = arrival.mail
    # First of all, so that a second one waits here; its place in the record comes after.
    return ReceivedMail.objects.create(
        mark=arrival.mark,
        message_id=mail.message_id[:250],
        kind=outcome.kind,
        state=outcome.state if outcome.state not in {MailState.POSTED, MailState.DRAFTED} else MailState.NOTED,
        why=outcome.why,
        from_address=one_line(mail.sender.address)[:254],
        from_name=mail.sender.name[:120],
        subject=secrets.scrub(mail.subject)[:300],
        text=outcome.text,
        quoted=outcome.quoted,
        left_out="\n".join(left_out),
        sent_at=_sent(mail),
        person=outcome.person,
        incident=outcome.incident,
        letter=outcome.letter,
        sha256=arrival.sha256 if keeps_original else "",
        size=arrival.size,
    )


def _sent(mail: Mail) -> datetime | None:
    """When the mail says it was sent, where that can be; a mail from next year was sent now."""
    now = timezone.now()
    if mail.date is None or mail.date.tzinfo is None:
        return None
    return mail.date if now - timedelta(days=30) <= mail.date <= now else None


def _post(
    row: ReceivedMail, outcome: Outcome, files: Sequence[attachment.Received], left_out: list[str]
) -> TimelineEntry:
    """A line of the timeline in the person's name, and the files of the mail among those of the record."""
    person, incident = outcome.person, outcome.incident
    with override(person.language):
        for one in files:
            try:
                with transaction.atomic():
                    attachment.keep(incident, by=person, received=one)
            except NotAllowed:
                raise
            except Refused as refusal:
                left_out.append(_("「%(name)s」: %(why)s") % {"name": one.name, "why": refusal.sentence()})
        text = outcome.text.strip() or _("添付を送りました。")
    row.left_out = "\n".join(left_out)
    return timeline.record(
        incident,
        by=person,
        text=text,
        event_at=row.sent_at or timezone.now(),
        certainty=Certainty.UNKNOWN,
        kind=EntryKind.MAIL,
    )


def _draft(row: ReceivedMail, outcome: Outcome) -> Jotting:
    """まず一言 of the person alone: the subject, or the first words where there is none."""
    first = next((line.strip() for line in outcome.text.splitlines() if line.strip()), "")
    subject = replytext.bare_subject(row.subject)
    if outcome.why == MailWhy.WHICH_RECORD:
        subject = first
    with override(outcome.person.language):
        line = subject or first or _("件名のないメール")
    return jotting.jot(by=outcome.person, text=line[:500], once=False)


# What a lead decides ----------------------------------------------------------------------------


@transaction.atomic
def post_held(row: ReceivedMail, *, by: Person) -> TimelineEntry:
    """コメントにする: a lead takes a mail over whose sender is not proven, in their own name and naming whom it says.

    Raises NotAllowed, Refused when somebody was faster.
    """
    row = _waiting(row, by)
    said = _("メール（差出人 %(sender)s、本人確認なし）: %(text)s")
    entry = timeline.record(
        row.incident,
        by=by,
        text=said % {"sender": row.sender, "text": row.text.strip() or row.subject},
        event_at=row.sent_at or row.created_at,
        certainty=Certainty.UNKNOWN,
        kind=EntryKind.MAIL,
    )
    row.state, row.entry = MailState.POSTED, entry
    row.save(update_fields=["state", "entry", "updated_at"])
    audit.note(by, "mail.posted", row)
    return entry


@transaction.atomic
def drop_held(row: ReceivedMail, *, by: Person) -> None:
    """捨てる: it will not be part of the record; the row stays until it is forgotten. Raises NotAllowed, Refused."""
    row = _waiting(row, by)
    row.state = MailState.DROPPED
    row.save(update_fields=["state", "updated_at"])
    audit.note(by, "mail.dropped", row)


def _waiting(row: ReceivedMail, by: Person) -> ReceivedMail:
    current = ReceivedMail.objects.select_for_update(of=("self",)).select_related("incident__team").get(pk=row.pk)
    rules.refuse_unless_lead(access.role_in(by, current.incident.team_id))
    editor(by, current.incident)
    if current.state != MailState.HELD:
        raise Refused("mail_decided", _("このメールは、もう決まっています。"))
    return current


# What is forgotten ------------------------------------------------------------------------------


def forgettable(before: datetime) -> QuerySet[ReceivedMail]:
    """Mail on which nothing leans: of machines and strangers, refused or dropped, come before this moment.

    What was posted or drafted, and what waits for a lead, stays. The bytes go with a sweep of the files after the row.
    """
    unused = [MailState.NOTED, MailState.REFUSED, MailState.DROPPED]
    return ReceivedMail.objects.filter(state__in=unused, created_at__lt=before)
