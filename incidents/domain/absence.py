"""不在: somebody says from when until when they are away, and who stands in (U6). It ends by itself."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents.domain import audit, letter
from incidents.enums import LetterKind
from incidents.errors import NotAllowed, Refused
from incidents.letters import absence as words
from incidents.models import Absence, Letter, Person
from incidents.queries import absence
from incidents.queries.calendar import today_of

# Longer than this nobody is away without handing their promises over.
MOST_DAYS = 366


@transaction.atomic
def plan(person: Person, *, by: Person, starts_on: date, ends_on: date, stand_in: Person | None = None) -> Absence:
    """Say that a person is away on these days, both included, on their own wall; each says it for themselves.

    stand_in: who hears of what is due meanwhile; without one the backup of each promise does, or the leads. They get
    a letter that tells them so. Raises NotAllowed, Refused.
    """
    _own(person, by)
    Person.objects.select_for_update().get(pk=person.pk)  # two forms at once become one after the other
    today = today_of(person)
    if ends_on < starts_on:
        raise Refused("ends_before_start", _("終わりの日が、始まりの日より前です。"), _("日付を確かめてください。"))
    if ends_on < today:
        raise Refused("absence_over", _("もう過ぎた日です。"), _("今日かそれより後に終わる日付を入れてください。"))
    if ends_on - starts_on > timedelta(days=MOST_DAYS) or starts_on - today > timedelta(days=MOST_DAYS):
        raise Refused(
            "absence_too_long",
            _("一年をこえる不在は入れられません。"),
            _("長く離れるときは、リーダーに引き継ぎを相談してください。"),
        )
    if Absence.objects.filter(
        person=person, taken_back_at=None, starts_on__lte=ends_on, ends_on__gte=starts_on
    ).exists():
        raise Refused(
            "already_away",
            _("この間の不在は、もう入っています。"),
            _("変えるときは、前のものを取りやめてから入れ直してください。"),
        )
    if stand_in is not None:
        _may_stand_in(person, stand_in, starts_on, ends_on)
    made = Absence.objects.create(person=person, starts_on=starts_on, ends_on=ends_on, stand_in=stand_in)
    audit.note(by, "absence.planned", made, stand_in=("", stand_in or ""))
    if stand_in is not None:
        letter.post(
            kind=LetterKind.STAND_IN,
            key=f"stand-in:{made.pk}",
            to=stand_in,
            rendered=words.stand_in(made, today=today_of(stand_in)),
        )
    return made


def _own(person: Person, by: Person) -> None:
    if person.pk != by.pk or not person.is_active:
        raise NotAllowed("not_yours", _("ほかの方の不在は変えられません。"), _("ご本人に頼んでください。"))


def _may_stand_in(person: Person, stand_in: Person, starts_on: date, ends_on: date) -> None:
    if not absence.colleagues(person).filter(pk=stand_in.pk).exists():
        raise Refused(
            "stand_in_not_in_team",
            _("%(name)sさんは、代わりになれません。") % {"name": stand_in},
            _("同じチームのメンバーかリーダーから選んでください。"),
        )
    also_away = Absence.objects.filter(
        person=stand_in, taken_back_at=None, starts_on__lte=ends_on, ends_on__gte=starts_on
    )
    if also_away.exists():
        raise Refused(
            "stand_in_away",
            _("%(name)sさんも、この間に不在の日があります。") % {"name": stand_in},
            _("別の方を選ぶか、空のままにしてください。"),
        )


@transaction.atomic
def end(absence_: Absence, *, by: Person) -> Absence:
    """Take an absence back, before it began or while it runs: from now on the person is told again.

    A second time changes nothing. Raises NotAllowed for everybody but the person.
    """
    _own(absence_.person, by)
    now = timezone.now()
    if Absence.objects.filter(pk=absence_.pk, taken_back_at=None).update(taken_back_at=now, updated_at=now):
        audit.note(by, "absence.ended", absence_)
    absence_.refresh_from_db()
    return absence_


def still_wanted(one: Letter) -> bool:
    """Ask again at the moment of sending (habit 10): whom nobody asks any more to stand in is not told so."""
    made = Absence.objects.filter(pk=int(one.key.split(":")[1])).first()
    if one.dot_at is not None:
        return True
    if made and made.taken_back_at is None and made.stand_in_id == one.recipient_id and one.recipient.is_active:
        if absence.colleagues(made.person).filter(pk=one.recipient_id).exists():
            return True
    letter.withdraw_claimed(one, reason="stale")
    return False
