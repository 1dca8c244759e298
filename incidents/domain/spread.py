"""横展開: other teams are asked whether this could break there too, and read nothing of the record itself (M4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, ledger
from incidents.domain.incident import editor, lock
from incidents.domain.told import day_said, tell
from incidents.enums import EDITING_ROLES, EntryKind, FollowUpKind, FollowUpState, Role, SpreadReply
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
        ledger.follow(
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
def answer(
    asked: SpreadAnswer,
    *,
    by: Person,
    reply: str,
    note: str = "",
    owner: Person | None = None,
    due_on: date | None = None,
) -> SpreadAnswer:
    """該当なし, 対策済み or 要対応, by somebody who may write in the asked team. The promise to answer is kept.

    note: what is in place (対策済み) or what will be done (要対応); required for both.
    owner, due_on: who of the asked team acts, and until when; required for 要対応, which is followed until it is done.
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
    acts = reply == SpreadReply.ACTION
    if acts:
        _refuse_action(asked, owner, due_on)
    asked.reply, asked.note, asked.answered_by, asked.answered_at = reply, note, by, timezone.now()
    asked.save(update_fields=["reply", "note", "answered_by", "answered_at", "updated_at"])
    promised = {"owner": (None, owner), "until": (None, due_on)} if acts else {}
    audit.note(by, "spread.answered", asked, reply=("", reply), **promised)
    _tell_answer(incident, asked, by=by, due_on=due_on if acts else None)
    follow_up = FollowUp.objects.get(spread_answer=asked)
    if follow_up.state == FollowUpState.OPEN:
        ledger.keep(follow_up, by=by)
    if acts:
        ledger.follow(
            kind=FollowUpKind.SPREAD_ACTION,
            incident=incident,
            team=asked.team,
            owner=owner,
            backup=None,
            due_on=due_on,
            spread_action=asked,
        )
    return asked


def _refuse_action(asked: SpreadAnswer, owner: Person | None, due_on: date | None) -> None:
    """要対応 names who acts and until when: without them it would be a wish that nobody is reminded of."""
    if owner is None:
        raise Refused("no_owner", _("だれが取り組むかが決まっていません。"), _("担当を一人選んでください。"))
    if access.role_in(owner, asked.team_id) not in EDITING_ROLES:
        raise Refused(
            "not_in_team",
            _("%(name)sさんは、このチームで取り組みを受け持てません。") % {"name": owner},
            _("チームのメンバーから選んでください。"),
        )
    if due_on is None:
        raise Refused("no_due", _("いつまでに取り組むかが決まっていません。"), _("期限の日付を入れてください。"))
    if due_on < today_here():
        raise Refused("due_in_past", _("期限が過去の日付です。"), _("今日かそれより後の日付を入れてください。"))


def _tell_answer(incident: Incident, asked: SpreadAnswer, *, by: Person, due_on: date | None) -> None:
    """The asking record hears the answer and, of what will be done, the team and the day. Who does it is theirs."""
    said = {"team": asked.team.name, "reply": SpreadReply(asked.reply).label, "note": asked.note}
    if due_on is None:
        text = _("横展開の回答（%(team)s）: %(reply)s。%(note)s") % said
    else:
        text = _("横展開の回答（%(team)s）: %(reply)s（%(due)s まで）。%(note)s") % {**said, "due": day_said(due_on)}
    tell(incident, by=by, kind=EntryKind.LINK, text=text)


@transaction.atomic
def done(asked: SpreadAnswer, *, by: Person, note: str) -> SpreadAnswer:
    """What the asked team took on with 要対応 is done, with a word what was done; the asking record reads it.

    By anybody who may write in the asked team. Raises NotAllowed, Refused. Works on a record that has ended.
    """
    rules.refuse_unless_editor(access.role_in(by, asked.team_id))
    incident = lock(asked.spread.incident)
    asked = SpreadAnswer.objects.select_related("spread__incident__team", "team", "action").get(pk=asked.pk)
    if asked.work is None:
        raise Refused("no_action", _("この問い合わせに、約束した取り組みはありません。"))
    if not asked.is_worked_on:
        raise Refused("already_done", _("この取り組みは、もう済んでいます。"))
    if not note.strip():
        raise Refused("no_note", _("何をしたかが書かれていません。"), _("変えたことを一行書いてください。"))
    audit.note(by, "spread.done", asked, reason=note)
    tell(
        incident,
        by=by,
        kind=EntryKind.LINK,
        text=_("横展開の取り組みが済みました（%(team)s）: %(note)s") % {"team": asked.team.name, "note": note},
    )
    ledger.keep(asked.work, by=by, note=note)
    return asked
