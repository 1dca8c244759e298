"""ヒヤリハット without a name (C2, hardening f-6): nothing kept here says who wrote, or when within a batch."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit
from incidents.domain import incident as incidents
from incidents.enums import EntryKind, IncidentKind
from incidents.errors import Refused
from incidents.models import Incident, NamelessNote, Person, Team
from incidents.queries import access
from incidents.queries.calendar import business_calendars, house_zone, today_here
from incidents.queries.nameless import hash_of, quiet_since

BATCH_HOUR = 9
MOST_HELD = 100
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that a hand-written copy confuses
_chance = secrets.SystemRandom()


def _receipt() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _letter in range(4)) for _group in range(4))


def _lay_down(notes: list[NamelessNote]) -> None:
    """Write rows in an order that chance has drawn: a table keeps the order of writing (rowid, ctid), and a dump shows it."""
    _chance.shuffle(notes)
    NamelessNote.objects.bulk_create(notes)


@transaction.atomic
def write(team: Team, *, text: str, category: str = "", process: str = "") -> str:
    """Keep a note that nobody signed, held back until a batch. Returns its receipt, which is stored as a hash only.

    There is no `by`, no trace and no bell: each of them would say who or when. The trace comes with the batch.
    The same text sent twice is one note; the later receipt counts. Raises Refused.
    """
    if not text.strip():
        raise Refused("empty", _("何があったかが書かれていません。"), _("一行書いてください。"))
    Team.objects.select_for_update().get(pk=team.pk)  # two who write at once do so one after the other
    mine = NamelessNote(team=team, text=text.strip(), category=category, process=process.strip())
    same = Q(text=mine.text, category=mine.category, process=mine.process)
    held = NamelessNote.objects.filter(team=team, published_on=None)
    others = list(held.exclude(same))
    if len(others) >= MOST_HELD:
        raise Refused(
            "box_full",
            _("いまは、たくさん届いていて受け取れません。"),
            _("次の営業日の朝よりあとに、もう一度送ってください。"),
        )
    receipt = _receipt()
    mine.receipt_hash = hash_of(receipt)
    held.delete()
    _lay_down([*others, mine])
    return receipt


def publish_due(now: datetime | None = None) -> None:
    """Look at each team's held notes, once on each of its business mornings. Any number of beats may call it.

    now: aware; default the present. It returns nothing: a count in a log would be a count of what is held.
    """
    here = timezone.localtime(now, timezone=house_zone())
    if here.hour < BATCH_HOUR:
        return
    today = here.date()
    due = list(Team.objects.filter(_not_yet(today)))
    calendars = business_calendars({team.pk for team in due})
    for team in due:
        if calendars[team.pk].is_business_day(today):
            _morning(team, today)


def _not_yet(today: date) -> Q:
    return Q(nameless_batch_on=None) | Q(nameless_batch_on__lt=today)


@transaction.atomic
def _morning(team: Team, today: date) -> None:
    # The conditional update decides between two workers, and moves on every morning, note or not.
    if not Team.objects.filter(_not_yet(today), pk=team.pk).update(nameless_batch_on=today):
        return
    last = team.nameless_batch_on
    held = NamelessNote.objects.filter(team=team, published_on=None)
    notes = list(held)
    first_of_week = last is not None and last.isocalendar()[:2] != today.isocalendar()[:2]
    quiet = quiet_since(team, today - timedelta(days=rules.QUIET_DAYS - 1))
    if not rules.batch_goes(len(notes), first_morning_of_week=first_of_week, quiet_week=quiet):
        return
    for note in notes:
        note.published_on = today
    held.delete()
    _lay_down(notes)
    audit.note(None, "nameless.published", team)


def _lead(by: Person, note: NamelessNote) -> NamelessNote:
    """The note as it is now, for a lead of its team. Raises NotAllowed, Refused when it has been dealt with."""
    rules.refuse_unless_lead(access.role_in(by, note.team_id))
    fresh = NamelessNote.objects.select_for_update(of=("self",)).select_related("team").get(pk=note.pk)
    if fresh.incident_id or fresh.aside_reason:
        raise Refused("note_done", _("この知らせは、もう記録にしたか、しまわれています。"))
    return fresh


@transaction.atomic
def take_up(note: NamelessNote, *, by: Person, kind: str, title: str, noticed_at: datetime) -> Incident:
    """Make a record of a note, as a near miss or a concern; its text goes along unchanged. Raises NotAllowed, Refused.

    noticed_at: aware; when the team came to know, never when somebody wrote.
    """
    fresh = _lead(by, note)
    if kind not in {IncidentKind.NEAR_MISS, IncidentKind.CONCERN}:
        raise Refused(
            "not_a_lighter_kind",
            _("名前のない知らせは、ヒヤリハットか違和感として記録します。"),
            _("種類を選び直してください。"),
        )
    made = incidents.report(
        by=by,
        team=fresh.team,
        title=title,
        kind=kind,
        noticed_at=noticed_at,
        body=fresh.text,
        category=fresh.category,
        process=fresh.process,
    )
    fresh.incident = made
    fresh.save(update_fields=["incident"])
    incidents.tell(made, by=by, kind=EntryKind.LINK, text=_("名前のない知らせから記録にしました。"))
    audit.note(by, "nameless.taken_up", made)
    return made


@transaction.atomic
def reply(note: NamelessNote, *, by: Person, text: str) -> NamelessNote:
    """Answer whoever wrote; they read it with their receipt, the team reads it beside the note. A new one replaces it.

    Raises NotAllowed, Refused.
    """
    rules.refuse_unless_lead(access.role_in(by, note.team_id))
    if not text.strip():
        raise Refused("empty", _("返事が書かれていません。"), _("一行書いてください。"))
    fresh = NamelessNote.objects.select_for_update(of=("self",)).select_related("team").get(pk=note.pk)
    old, fresh.reply, fresh.replied_on = fresh.reply, text.strip(), today_here()
    fresh.save(update_fields=["reply", "replied_on"])
    audit.note(by, "nameless.answered", fresh.team, nameless_reply=(old, fresh.reply))
    return fresh


@transaction.atomic
def put_aside(note: NamelessNote, *, by: Person, reason: str) -> NamelessNote:
    """Fold away a note that names a person or belongs elsewhere; its text is then shown to nobody, the reason is.

    Raises NotAllowed, Refused.
    """
    fresh = _lead(by, note)
    if not reason.strip():
        raise Refused("no_reason", _("しまう理由が書かれていません。"), _("理由を一行書いてください。"))
    fresh.aside_reason = reason.strip()
    fresh.save(update_fields=["aside_reason"])
    audit.note(by, "nameless.put_aside", fresh.team, reason=fresh.aside_reason)
    return fresh


def _refuse_unless_keeper(by: Person, team: Team) -> None:
    """A lead of the team, or an administrator in the console."""
    if not by.is_staff:
        rules.refuse_unless_lead(access.role_in(by, team.pk))


@transaction.atomic
def move_door(team: Team, *, by: Person) -> Team:
    """Give the team a new address; the old one leads nowhere from now on. Raises NotAllowed."""
    _refuse_unless_keeper(by, team)
    Team.objects.filter(pk=team.pk).update(nameless_serial=F("nameless_serial") + 1)
    audit.note(by, "nameless.door_moved", team)
    return Team.objects.get(pk=team.pk)


@transaction.atomic
def set_door(team: Team, *, by: Person, is_open: bool) -> Team:
    """Open or shut the team's address. What is held is still published. Raises NotAllowed."""
    _refuse_unless_keeper(by, team)
    changed = Team.objects.exclude(nameless_open=is_open).filter(pk=team.pk).update(nameless_open=is_open)
    if changed:
        audit.note(by, "nameless.door_opened" if is_open else "nameless.door_shut", team)
    return Team.objects.get(pk=team.pk)
