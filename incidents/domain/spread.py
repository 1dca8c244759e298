"""横展開: other teams are asked whether this could break there too, and read nothing of the record itself (M4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, reminder
from incidents.domain.incident import editor, lock, tell
from incidents.enums import EntryKind, FollowUpKind, FollowUpState, Role, SpreadReply
from incidents.errors import Refused
from incidents.models import FollowUp, Incident, Membership, Person, Spread, SpreadAnswer, Team
from incidents.queries import access
from incidents.queries.calendar import today_here


def _lead_of(team: Team) -> Person:
    """Who is asked: the lead who has led the team longest. Raises Refused when nobody leads it."""
    found = (
        Membership.objects.filter(team=team, role=Role.LEAD, person__is_active=True)
        .select_related("person")
        .order_by("pk")
        .first()
    )
    if found is None:
        raise Refused(
            "no_lead",
            _("「%(team)s」には、答える人（リーダー）がいません。") % {"team": team.name},
            _("管理者にリーダーを決めてもらってください。"),
            "spread",
        )
    return found.person


@transaction.atomic
def spread(incident: Incident, *, by: Person, teams: Sequence[Team], title: str, body: str, due_on: date) -> Spread:
    """Ask other teams whether this could break there too. Each team's lead is reminded until it has answered.

    title, body: all that the other teams will read, beside the asking team's name and the date (invariant 9).
    Raises NotAllowed, Refused.
    """
    editor(by, incident)
    current = lock(incident)
    rules.refuse_change(current.stage)
    if not title.strip():
        raise Refused("empty", _("何を尋ねるかが書かれていません。"), _("一行書いてください。"), "spread")
    if not teams:
        raise Refused("no_team", _("どのチームに尋ねるかが決まっていません。"), _("一つ以上選んでください。"), "spread")
    if any(team.pk == current.team_id for team in teams):
        raise Refused("own_team", _("自分のチームには尋ねられません。"), _("ほかのチームを選んでください。"), "spread")
    if due_on < today_here():
        raise Refused(
            "due_in_past", _("期限が過去の日付です。"), _("今日かそれより後の日付を入れてください。"), "spread"
        )
    asked = Spread.objects.create(incident=current, title=title, body=body, due_on=due_on, asked_by=by)
    for team in {team.pk: team for team in teams}.values():
        answer = SpreadAnswer.objects.create(spread=asked, team=team)
        reminder.follow(
            kind=FollowUpKind.SPREAD_ANSWER,
            incident=current,
            team=team,
            owner=_lead_of(team),
            backup=None,
            due_on=due_on,
            spread_answer=answer,
        )
    names = _("、").join(team.name for team in teams)
    audit.note(by, "spread.asked", asked, teams=("", names), due_on=(None, due_on))
    tell(
        current,
        by=by,
        kind=EntryKind.LINK,
        text=_("横展開: %(teams)s に尋ねました。%(title)s") % {"teams": names, "title": title},
    )
    return asked


@transaction.atomic
def answer(asked: SpreadAnswer, *, by: Person, reply: str, note: str = "") -> SpreadAnswer:
    """該当なし, 対策済み or 要対応, by somebody who may write in the asked team. The promise is kept.

    note: what is in place (対策済み) or what will be done (要対応); required for both.
    Raises NotAllowed, Refused. Works on a record that has ended: the question was asked (invariant 7).
    """
    rules.refuse_unless_editor(access.role_in(by, asked.team_id))
    incident = lock(asked.spread.incident)
    asked = SpreadAnswer.objects.select_related("spread__incident__team", "team").get(pk=asked.pk)
    if asked.reply:
        raise Refused("already_answered", _("この問い合わせには、もう答えています。"))
    if reply != SpreadReply.NOT_APPLICABLE and not note.strip():
        raise Refused(
            "no_note",
            _("ひとことが書かれていません。"),
            _("どう対策しているか、何に取り組むかを一行書いてください。"),
        )
    asked.reply, asked.note, asked.answered_by, asked.answered_at = reply, note, by, timezone.now()
    asked.save(update_fields=["reply", "note", "answered_by", "answered_at", "updated_at"])
    label = SpreadReply(reply).label
    audit.note(by, "spread.answered", asked, reply=("", reply))
    said = _("横展開の回答（%(team)s）: %(reply)s。%(note)s")
    tell(
        incident,
        by=by,
        kind=EntryKind.LINK,
        text=said % {"team": asked.team.name, "reply": label, "note": note},
    )
    follow_up = FollowUp.objects.get(spread_answer=asked)
    if follow_up.state == FollowUpState.OPEN:
        reminder.keep(follow_up, by=by)
    return asked
