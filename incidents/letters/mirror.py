"""What a chat channel is shown, and the letter that says that it is shown nothing any more.

A channel has readers that the team does not know one by one. So it learns numbers, kinds, days and who has promised;
titles only where the lead asked for them; of a restricted record nothing at all, and never who waits outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from incidents.enums import SPREAD_KINDS
from incidents.letters.base import Rendered, render
from incidents.letters.links import absolute
from incidents.letters.reminder import page_path
from incidents.models import FollowUp, Mirror, Person
from incidents.queries.calendar import house_zone
from incidents.queries.reminder import days_left
from tools.plain.holidays import BusinessCalendar
from tools.plain.oneline import one_line

MOST = 20  # promises that a message names
LONG = 80  # characters of a title
# What chat programs take for a call to everybody, a link or a tag, when it stands in a title or a name.
# Each becomes its full-width twin.
_HARMLESS = {ord(sign): ord(sign) + 0xFEE0 for sign in "<>@[]`&"}

# Why a message did not arrive; the words of gateways.egress and gateways.chat (docs/features/mirror.md).
WHY: dict[str, str | Promise] = {
    "not_https": gettext_lazy("アドレスが https:// で始まっていません。"),
    "bad_address": gettext_lazy("アドレスの形を読み取れません。"),
    "has_user": gettext_lazy("アドレスに、利用者名かパスワードが入っています。"),
    "bad_host": gettext_lazy("アドレスのホスト名を読み取れません。"),
    "bad_port": gettext_lazy("このポートへは送れません。"),
    "local_name": gettext_lazy("社内だけの名前へは送れません。"),
    "own_host": gettext_lazy("うしろ自身のサーバーへは送れません。"),
    "not_public": gettext_lazy("インターネットの外（社内など）の場所へは送れません。"),
    "other_service": gettext_lazy("選んだサービスのアドレスではありません。"),
    "unknown_host": gettext_lazy("アドレスのホスト名が見つかりません。"),
    "unreachable": gettext_lazy("相手につながりません。"),
    "too_slow": gettext_lazy("相手が10秒以内に答えません。"),
    "bad_certificate": gettext_lazy("相手の証明書を確かめられません。"),
    "bad_answer": gettext_lazy("相手の答えを読み取れません。"),
    "redirected": gettext_lazy("相手が別のアドレスへ回しました。回された先へは送りません。"),
    "not_written": gettext_lazy("この文を送る形にできませんでした。"),
}


def why_words(word: str) -> str:
    """One sentence for why a message did not arrive, in the language of whoever reads."""
    if word.startswith("answered_"):
        code = word.removeprefix("answered_")
        if code in {"401", "403"}:
            return _("相手が「書き込めない」と答えました（%(code)s）。") % {"code": code}
        if code in {"404", "410"}:
            return _("相手が「その場所はない」と答えました（%(code)s）。") % {"code": code}
        if code == "429":
            return _("相手が「しばらく待って」と答えました（%(code)s）。") % {"code": code}
        return _("相手が %(code)s と答えました。") % {"code": code}
    return str(WHY.get(word, word))


@dataclass(frozen=True)
class Told:
    """One message: a title, its lines, and the same for a program."""

    title: str
    text: str
    data: dict[str, Any]


def harmless(text: str) -> str:
    """A name or a title on one line, in which nothing calls people or makes a link."""
    return one_line(text).translate(_HARMLESS)[:LONG]


def morning(
    mirror: Mirror, follow_ups: Sequence[FollowUp], *, today: date, calendar: BusinessCalendar, ident: str
) -> Told:
    """The team's morning in one message, the most pressing first. today: in the house; calendar: of the team."""
    with override(mirror.language):
        ordered = sorted(follow_ups, key=lambda one: (days_left(today, one.due_on, calendar), one.pk))
        items = [_item(mirror, one, days_left(today, one.due_on, calendar)) for one in ordered]
        lines = [_line(item) for item in items[:MOST]]
        if (more := len(items) - MOST) > 0:
            lines.append(ngettext("ほか %(n)d 件", "ほか %(n)d 件", more) % {"n": more})
        lines += ["", _("くわしくは、うしろで: %(url)s") % {"url": f"{settings.SITE_URL}/"}]
        return Told(
            _("今日のお知らせ（%(team)s）") % {"team": harmless(mirror.team.name)},
            "\n".join(lines),
            {**_whole(mirror, "morning", ident), "day": today.isoformat(), "items": items},
        )


def clock(mirror: Mirror, follow_up: FollowUp, *, now: datetime, ident: str) -> Told:
    """The clock of one first report, as it stands at `now` (aware)."""
    with override(mirror.language):
        due = follow_up.due_at.astimezone(house_zone())
        minutes = round((follow_up.due_at - now).total_seconds() / 60)
        item = _item(mirror, follow_up, None)
        said = {"what": _named(item), "at": due.strftime("%H:%M")}
        if minutes > 0:
            first = ngettext(
                "%(what)s の一次報告まで、あと%(n)d分です（%(at)sまで）。",
                "%(what)s の一次報告まで、あと%(n)d分です（%(at)sまで）。",
                minutes,
            ) % {**said, "n": minutes}
        else:
            first = _("%(what)s は、一次報告の時刻（%(at)s）になりました。") % said
        lines = [first, _("担当: %(name)sさん") % {"name": item["owner"]}, item["url"]]
        data = {**_whole(mirror, "clock", ident), "due_at": due.isoformat(), "minutes": minutes, "items": [item]}
        return Told(_("一次報告の時計（%(team)s）") % {"team": harmless(mirror.team.name)}, "\n".join(lines), data)


def test(mirror: Mirror, *, ident: str) -> Told:
    """Says that the channel is connected, and what it will be shown."""
    with override(mirror.language):
        text = _("うしろのお知らせを、ここに写します。番号と種類と日、担当の名前だけで、件名は写しません。")
        if mirror.titles:
            text = _("うしろのお知らせを、ここに写します。番号と種類と日、担当の名前、件名です。")
        return Told(
            _("つながりました（%(team)s）") % {"team": harmless(mirror.team.name)},
            f"{text}\n{settings.SITE_URL}/",
            {**_whole(mirror, "test", ident), "items": []},
        )


def _whole(mirror: Mirror, kind: str, ident: str) -> dict[str, Any]:
    return {"id": ident, "kind": kind, "team": mirror.team.slug}


def _item(mirror: Mirror, one: FollowUp, days: int | None) -> dict[str, Any]:
    """A promise for a program. Another team's record has no number here (invariant 9)."""
    asked = one.kind in SPREAD_KINDS
    item = {
        "number": "" if asked else one.incident.reference,
        "kind": one.kind,
        "kind_label": str(one.get_kind_display()),
        "owner": harmless(one.owner.get_short_name()),
        "due_on": one.due_on.isoformat(),
        "url": absolute(page_path(one)),
    }
    if days is not None:
        item["days"] = days
    if mirror.titles:
        item["title"] = harmless(one.what)
    return item


def _named(item: dict[str, Any]) -> str:
    return item["number"] or item["kind_label"]


def _line(item: dict[str, Any]) -> str:
    days = item["days"]
    if days > 0:
        when = ngettext("あと%(n)d営業日", "あと%(n)d営業日", days) % {"n": days}
    elif days == 0:
        when = _("今日まで")
    else:
        when = ngettext("期限から%(n)d営業日", "期限から%(n)d営業日", -days) % {"n": -days}
    what = f"{item['number']} {item['kind_label']}".strip()
    line = _("・%(what)s（%(name)sさん、%(when)s）") % {"what": what, "name": item["owner"], "when": when}
    return f"{line} {item['title']}" if item.get("title") else line


def off(mirror: Mirror, to: Person, *, word: str) -> Rendered:
    """To a lead: the channel is shown nothing any more, why, and what brings it back."""
    with override(to.language):
        why = why_words(word)
    return render(
        "mirror/off",
        language=to.language,
        context={
            "person": to,
            "mirror": mirror,
            "service": mirror.get_kind_display(),
            "team": mirror.team.name,
            "why": why,
            "site_url": settings.SITE_URL,
        },
    )
