"""閲覧をお願いする: somebody of the team asks to read a record that is for few (C9); its owner or a lead who reads it decides."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import audit, letter
from incidents.domain import reader as readers
from incidents.domain.incident import lock
from incidents.enums import LetterKind
from incidents.errors import NotAllowed, Refused
from incidents.letters import read_request as words
from incidents.models import Incident, Letter, Person, ReadRequest
from incidents.queries import access, reader

# After a 見送り the same question is not put again before.
PAUSE = timedelta(days=7)


@transaction.atomic
def ask(incident: Incident, *, by: Person, reason: str) -> ReadRequest:
    """Ask to read a record of one's own team that is for few. Its owner, and the leads who read it, get a letter.

    Raises NotAllowed for somebody of another team, Refused.
    """
    if access.role_in(by, incident.team_id) is None:
        raise NotAllowed("not_in_this_team", _("この記録のチームの方だけがお願いできます。"))
    current = lock(incident)
    if not current.restricted or by.pk in reader.readers(current):
        raise Refused("reads_already", _("この記録は、もう読めます。"), _("ページを開き直してください。"))
    if not reason.strip():
        raise Refused("no_reason", _("理由が書かれていません。"), _("なぜ読みたいかを一行書いてください。"))
    earlier = ReadRequest.objects.filter(incident=current, person=by)
    if earlier.filter(state=ReadRequest.State.OPEN).exists():
        raise Refused("asked_already", _("もうお願いしてあります。"), _("返事をお待ちください。"))
    if earlier.filter(state=ReadRequest.State.DECLINED, answered_at__gt=timezone.now() - PAUSE).exists():
        raise Refused(
            "asked_lately",
            _("このお願いには、先日返事がありました。"),
            _("事情が変わったときは、リーダーに直接話してください。"),
        )
    made = ReadRequest.objects.create(incident=current, person=by, reason=reason.strip())
    audit.note(by, "read_request.asked", made, reason=reason.strip())
    for to in reader.deciders(current):
        letter.post(
            kind=LetterKind.READER_ASKED,
            key=f"reader-asked:{made.pk}:{to.pk}",
            to=to,
            rendered=words.asked(made, to=to),
        )
    return made


@transaction.atomic
def grant(wish: ReadRequest, *, by: Person) -> Incident:
    """Name who asked as a reader of the record. Raises NotAllowed, Refused."""
    current = _decide(wish, by=by, state=ReadRequest.State.GRANTED)
    if not current.restricted:  # everybody of the team reads it meanwhile
        return current
    if not reader.team_people(current).filter(pk=wish.person_id).exists():
        raise Refused("not_in_team", _("お願いした方は、もうこのチームにいません。"), _("「見送る」を選んでください。"))
    named = reader.team_people(current).filter(pk__in={*reader.named(current), wish.person_id})
    return readers.restrict(current, by=by, readers=named)


@transaction.atomic
def decline(wish: ReadRequest, *, by: Person, answer: str) -> ReadRequest:
    """Say no with a word, which who asked gets to read. Raises NotAllowed, Refused."""
    if not answer.strip():
        raise Refused("no_reason", _("ひとことが書かれていません。"), _("見送る理由を一行書いてください。"))
    _decide(wish, by=by, state=ReadRequest.State.DECLINED, answer=answer.strip())
    return wish


def _decide(wish: ReadRequest, *, by: Person, state: str, answer: str = "") -> Incident:
    current = lock(wish.incident)
    readers.refuse_others(by, current)
    now = timezone.now()
    won = ReadRequest.objects.filter(pk=wish.pk, state=ReadRequest.State.OPEN).update(
        state=state, answered_by=by, answered_at=now, answer=answer, updated_at=now
    )
    if not won:
        raise Refused("answered_already", _("このお願いには、もう返事がしてあります。"))
    wish.refresh_from_db()
    verb = "read_request.granted" if state == ReadRequest.State.GRANTED else "read_request.declined"
    audit.note(by, verb, wish, reason=answer)
    letter.post(
        kind=LetterKind.READER_ANSWERED,
        key=f"reader-answered:{wish.pk}",
        to=wish.person,
        rendered=words.answered(wish),
    )
    return current


def still_wanted(one: Letter) -> bool:
    """Ask again at the moment of sending (habit 10): whoever decides no more is not asked, who has left is not told."""
    wish = ReadRequest.objects.select_related("incident").filter(pk=int(one.key.split(":")[1])).first()
    if wish is not None and one.kind == LetterKind.READER_ASKED:
        wanted = wish.state == ReadRequest.State.OPEN and one.recipient in reader.deciders(wish.incident)
    else:
        wanted = wish is not None and access.role_in(one.recipient, wish.incident.team_id) is not None
    if wanted:
        return True
    letter.give_up(one, reason="stale")
    return False
