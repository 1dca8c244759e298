"""The ledger in words: which step, who, when, why. Format only; no query."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from incidents.domain.ladder import BACKUP, LEAD, OWNER, distance
from incidents.enums import DeliveryState, LetterState
from incidents.models import ReminderDelivery
from incidents.templatetags.ui import moment

register = template.Library()

ROLES: dict[str, str | Promise] = {
    OWNER: gettext_lazy("担当"),
    BACKUP: gettext_lazy("代わりの人（いなければリーダー）"),
    LEAD: gettext_lazy("リーダー"),
}

# Why a row was cancelled, by its reason in the ledger. What is not here is in a person's own words.
REASONS: dict[str, str | Promise] = {
    "done": gettext_lazy("約束が果たされたため"),
    "not_doing": gettext_lazy("実施しないと決めたため"),
    "moved": gettext_lazy("期限が変わったため"),
    "handed_over": gettext_lazy("担当が変わったため"),
    "backup_changed": gettext_lazy("代わりの人が変わったため"),
    "leads_changed": gettext_lazy("知らせる人が変わったため"),
    "ladder_changed": gettext_lazy("お知らせのはしごが変わったため"),
    "calendar_changed": gettext_lazy("休みの日が変わったため"),
    "mended": gettext_lazy("予定を立て直したため"),
    "waived": gettext_lazy("報告が不要になったため"),
    "settled": gettext_lazy("対外完了になったため"),
    "not_owed": gettext_lazy("報告の予定がなくなったため"),
    "dropped": gettext_lazy("問いが取り下げられたため"),
    "unmarked": gettext_lazy("真因の印が外れたため"),
    "ineffective": gettext_lazy("対策が効かなかったため"),
    "closed": gettext_lazy("約束か記録が終わったため"),
    "left_team": gettext_lazy("宛先の方がチームを離れたため（リーダーに知らせます）"),
    "viewer": gettext_lazy("宛先の方が閲覧の役割のため（リーダーに知らせます）"),
    "not_lead": gettext_lazy("宛先の方がリーダーではなくなったため（いまのリーダーに知らせます）"),
    "deactivated": gettext_lazy("宛先の方のアカウントが止まっているため（リーダーに知らせます）"),
    "no_address": gettext_lazy("宛先の方にメールが届かないため（リーダーに知らせます）"),
    "not_reader": gettext_lazy("宛先の方がこの記録を読めないため（読める方に知らせます）"),
    "away": gettext_lazy("宛先の方が不在のため（代わりの方に知らせます）"),
    "back": gettext_lazy("不在の方が戻ったため"),
    "stale": gettext_lazy("書いたあとで内容が変わったため"),
}
MOST = 40  # rows shown of one promise; a weekly one may have hundreds


@register.filter
def newest(rows: Any) -> list[ReminderDelivery]:
    """The last rows of one promise, in the order of their days."""
    return list(rows)[-MOST:]


@register.filter
def older(rows: Any) -> int:
    """How many rows lie before those."""
    return max(0, len(rows) - MOST)


@register.filter
def told_how(row: ReminderDelivery) -> str:
    """What became of one row of queries.reminder.told_rows: planned, waiting, sent, sent at the n-th try, why not."""
    if row.state == DeliveryState.PENDING:
        return _("予定")
    if row.state == DeliveryState.CANCELLED:
        return _("取り消し: %(why)s") % {"why": REASONS.get(row.reason, row.reason)}
    if row.state == DeliveryState.FAILED:
        return _("届きませんでした")
    tries = row.letter_attempts or 0
    if row.state == DeliveryState.WRITTEN:
        if tries > 1 or (tries and row.letter_state == LetterState.WAITING):
            return _("再送を待っています（%(n)d回ためしました）") % {"n": tries}
        return _("手紙にしました（送信待ち）")
    if row.letter_state == LetterState.KEPT:
        return _("%(when)s に手紙にしました（送信箱で読めます）") % {"when": moment(row.letter_written_at)}
    when = moment(row.letter_sent_at or row.settled_at)
    if tries > 1:
        return _("%(when)s に送りました（再送、%(n)d回目）") % {"when": when, "n": tries}
    return _("%(when)s に送りました") % {"when": when}


@register.filter
def mirrored_how(row: ReminderDelivery) -> str:
    """Whether a chat channel was shown the row as well: 予定, 写した, 再送; "" where none is."""
    if row.mirrored_at:
        return _("チャットにも写しました（%(when)s）") % {"when": moment(row.mirrored_at)}
    if row.mirror_tries is None:
        return ""
    if row.mirror_tries:
        return _("チャットへの再送を待っています（%(n)d回ためしました）") % {"n": row.mirror_tries}
    return _("チャットにも写す予定です")


@register.filter
def step_words(name: str) -> str:
    """ "d-3" → 期限の3営業日前; "w2" → そのあと毎週（22営業日あと）; "m-15" → 時刻の15分前."""
    if name.startswith("m"):
        minutes = int(name[1:])
        if minutes == 0:
            return _("約束の時刻")
        text = (
            ngettext("時刻の%(n)d分前", "時刻の%(n)d分前", -minutes)
            if minutes < 0
            else ngettext("時刻の%(n)d分あと", "時刻の%(n)d分あと", minutes)
        )
        return text % {"n": abs(minutes)}
    days = distance(name)
    if days == 0:
        return _("期限の日")
    if name.startswith("w"):
        text = ngettext("毎週（期限の%(n)d営業日あと）", "毎週（期限の%(n)d営業日あと）", days)
    elif days < 0:
        text = ngettext("期限の%(n)d営業日前", "期限の%(n)d営業日前", -days)
    else:
        text = ngettext("期限の%(n)d営業日あと", "期限の%(n)d営業日あと", days)
    return text % {"n": abs(days)}


@register.filter
def role_words(roles: tuple[str, ...]) -> str:
    """Who is told, by role: 担当、リーダー."""
    return _("、").join(str(ROLES[role]) for role in roles)
