"""What a person says about a promise through a link of their mail, once for each link (U4). Nothing of it is silent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, due_request, letter
from incidents.domain.incident import lock
from incidents.domain.told import tell
from incidents.enums import EntryKind, FollowUpState, LetterKind, MailAct
from incidents.errors import Refused
from incidents.letters import addresses
from incidents.letters import reply as words_of
from incidents.models import DueRequest, FollowUp, Letter, MailReply, Person
from incidents.queries import absence, access
from incidents.queries.calendar import today_of

LETTERS = {MailAct.HELP: LetterKind.HELP, MailAct.NOT_MINE: LetterKind.NOT_MINE}


def _open(follow_up: FollowUp, by: Person, mark: str) -> FollowUp:
    """The promise as it is now, its record held. Raises Refused when it has ended or the link has spoken already."""
    rules.refuse_unless_editor(access.role_in(by, follow_up.team_id))
    lock(follow_up.incident)
    if MailReply.objects.filter(mark=mark).exists():
        raise Refused("already_said", _("このことは、もう伝わっています。"))
    current = FollowUp.objects.select_related(
        "incident__team", "team", "owner", "backup", "measure", "check_plan__measure", "question", "review_of",
        "root__why", "spread_answer__spread", "spread_action__spread",
    ).get(pk=follow_up.pk)  # fmt: skip
    if current.state != FollowUpState.OPEN:
        raise Refused("promise_over", _("これは、もう終わっています。"), _("することはありません。"))
    return current


@transaction.atomic
def ask_due(
    follow_up: FollowUp, *, by: Person, mark: str, due_on: date, reason: str, draft: str = ""
) -> tuple[MailReply, DueRequest]:
    """期限を相談する: a request of the ordinary kind for a promised measure (M3); a lead's own is granted at once.

    mark: the link's. Raises NotAllowed, and Refused as `due_request.ask` does, and when the link has spoken already.
    """
    current = _open(follow_up, by, mark)
    reply = MailReply.objects.create(kind=MailAct.DUE, mark=mark, follow_up=current, person=by, words=reason[:300])
    return reply, due_request.ask(current.measure, by=by, due_on=due_on, reason=reason, draft=draft)


@transaction.atomic
def ask_help(follow_up: FollowUp, *, by: Person, mark: str, words: str) -> MailReply:
    """手伝いを頼む: the leads, the backup, who helps already, and the owner when somebody else asks, get a letter.

    It stands in the timeline as well. Date and owner stay. mark: the link's. Raises NotAllowed, Refused.
    """
    current = _open(follow_up, by, mark)
    if not words.strip():
        raise Refused("no_words", _("何に手伝いがほしいかが書かれていません。"), _("一行書いてください。"))
    told = helpers_of(current, by=by)
    if not told:
        raise Refused(
            "nobody_to_ask",
            _("このチームには、ほかに伝えられる方がいません。"),
            _("近くの方に、直接声をかけてみてください。"),
        )
    line = _("手伝いのお願い: %(what)s（%(words)s）")
    return _say(current, MailAct.HELP, by=by, mark=mark, words=words.strip(), told=told, line=line)


@transaction.atomic
def not_mine(follow_up: FollowUp, *, by: Person, mark: str, words: str = "") -> MailReply:
    """担当ちがい: the leads get a letter and decide. Until then the promise stays its owner's, with all its reminders.

    words: who might be right, or "". mark: the link's. Raises NotAllowed, Refused when there is no other lead.
    """
    current = _open(follow_up, by, mark)
    told = absence.leads_here(current, absence.away_now(), without=by.pk) or _leads(current, by)
    if not told:
        raise Refused(
            "you_decide",
            _("担当を決めるのは、あなたです。ほかにリーダーはいません。"),
            _("サインインして、記録から引き継いでください。"),
        )
    words = words.strip()
    line = _("担当の相談: %(what)s（%(words)s）") if words else _("担当の相談: %(what)s")
    return _say(current, MailAct.NOT_MINE, by=by, mark=mark, words=words, told=told, line=line)


def _leads(follow_up: FollowUp, by: Person) -> list[int]:
    """All leads, away or not, when none of them is here: a letter that waits is better than none."""
    return absence.leads_here(follow_up, {}, without=by.pk)


def helpers_of(follow_up: FollowUp, *, by: Person) -> list[int]:
    """Who is asked for help with a promise: its leads, backup, helpers and owner, but not who asks; those here if any."""
    away = absence.away_now()
    others = [follow_up.backup_id, follow_up.owner_id]
    if follow_up.measure_id:
        others += list(follow_up.measure.helpers.order_by("pk").values_list("pk", flat=True))
    able = absence.able(follow_up, [one for one in others if one])
    asked = dict.fromkeys(absence.leads_here(follow_up, away, without=by.pk))
    asked.update(dict.fromkeys(one for one in others if one in able and one not in away and one != by.pk))
    return list(asked) or _leads(follow_up, by)


def _say(
    follow_up: FollowUp, kind: MailAct, *, by: Person, mark: str, words: str, told: list[int], line: str
) -> MailReply:
    reply = MailReply.objects.create(kind=kind, mark=mark, follow_up=follow_up, person=by, words=words[:300])
    verb = "reply.help" if kind == MailAct.HELP else "reply.not_mine"
    audit.note(by, verb, reply, reason=words)
    if reply.incident is not None:
        of_measure = follow_up.measure_id or follow_up.review_of_id
        tell(
            reply.incident,
            by=by,
            kind=EntryKind.MEASURE if of_measure else EntryKind.NOTE,
            text=line % {"what": follow_up.what, "words": words},
        )
    for person in Person.objects.filter(pk__in=told).order_by("pk"):
        _write(reply, person)
    return reply


def _write(reply: MailReply, to: Person) -> Letter:
    render: Callable = words_of.ask_help if reply.kind == MailAct.HELP else words_of.not_mine
    return letter.post(
        kind=LETTERS[MailAct(reply.kind)],
        key=f"reply:{reply.pk}:{to.pk}",
        to=to,
        rendered=render(reply, to=to, today=today_of(to)),
        headers=addresses.reply_headers(to, reply.incident.pk) if reply.incident else None,
    )


def still_wanted(one: Letter) -> bool:
    """Ask again at the moment of sending (habit 10): nobody reads of a promise that they may not work on any more.

    When somebody falls out and the promise still stands, the leads who have not been written to are, so that it is
    never silent. What has ended meanwhile asks for nothing.
    """
    reply = MailReply.objects.select_related("follow_up__incident__team", "follow_up__team", "follow_up__owner").get(
        pk=int(one.key.split(":")[1])
    )
    follow_up = reply.follow_up
    stands = follow_up.state == FollowUpState.OPEN
    # What may have arrived already goes again, word for word, to whoever may read it.
    if (stands or one.dot_at is not None) and absence.able(follow_up, [one.recipient_id]):
        return True
    letter.give_up(one, reason="stale")
    if stands:
        written = Letter.objects.filter(key__startswith=f"reply:{reply.pk}:").values("recipient")
        others = absence.leads_here(follow_up, absence.away_now(), without=reply.person_id)
        for person in Person.objects.filter(pk__in=others).exclude(pk__in=written).order_by("pk"):
            _write(reply, person)
    return False
