"""お知らせの健康: one page that says whether people are told, and what to do when they are not (U11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from incidents.letters.mirror import why_words
from incidents.models import EngineMark, Letter, Mirror
from incidents.queries import engine, mailway
from incidents.queries import mirror as mirrors
from incidents.queries.engine import Health, Queue, Ring
from incidents.tasks.signs import rings

SHOWN = 10  # letters that are named; the list of letters shows the others
# What each entry of the beat table does, in words.
RINGS = {
    "reminder.digest": gettext_lazy("朝のお知らせを書く"),
    "reminder.moments": gettext_lazy("時刻のお知らせを書く"),
    "letter.sweep": gettext_lazy("手紙を送る"),
    "reminder.audit": gettext_lazy("お知らせの予定を確かめる"),
    "care.check_in": gettext_lazy("ひと息の便りを書く"),
    "mirror.sweep": gettext_lazy("チャットに写す"),
    "nameless.publish": gettext_lazy("名前のないヒヤリハットを届ける"),
    "housekeeping.sweep_files": gettext_lazy("使われない添付ファイルを片づける"),
    "housekeeping.retention": gettext_lazy("保存期間の過ぎたものを片づける"),
    "housekeeping.beat_mark": gettext_lazy("動いているしるしを残す"),
    "housekeeping.heartbeat": gettext_lazy("外の見張りに知らせる"),
    "housekeeping.audit_heads": gettext_lazy("変更履歴の控えを残す"),
}
# Where a mailbox is set.
MORE_RINGS = {"inbound.poll": gettext_lazy("届いたメールを受け取る")}
QUEUES = {
    "letters": gettext_lazy("送る手紙"),
    "moments": gettext_lazy("時刻のお知らせ"),
    "mornings": gettext_lazy("朝のお知らせ"),
}
# Why the heartbeat was kept back or not taken; the words of queries.engine.why_not_working and gateways.heartbeat.
HEARTBEAT = {
    "digest_silent": gettext_lazy("朝のお知らせを書く係が動いていないため、知らせませんでした。"),
    "moments_silent": gettext_lazy("時刻のお知らせを書く係が動いていないため、知らせませんでした。"),
    "sweep_silent": gettext_lazy("手紙を送る係が動いていないため、知らせませんでした。"),
    "digest_failed": gettext_lazy("朝のお知らせを書く係が失敗したため、知らせませんでした。"),
    "moments_failed": gettext_lazy("時刻のお知らせを書く係が失敗したため、知らせませんでした。"),
    "sweep_failed": gettext_lazy("手紙を送る係が失敗したため、知らせませんでした。"),
    "queue_late": gettext_lazy("2時間以上待っているお知らせがあるため、知らせませんでした。"),
    "letters_refused": gettext_lazy("メールサーバーがどの手紙も受け取らないため、知らせませんでした。"),
    "not_https": gettext_lazy("アドレスが https:// で始まっていません。"),
    "unknown_host": gettext_lazy("アドレスの名前が見つかりません。"),
    "unreachable": gettext_lazy("外の見張りに届きません。"),
    "too_slow": gettext_lazy("外の見張りが5秒以内に答えません。"),
    "bad_certificate": gettext_lazy("外の見張りの証明書を確かめられません。"),
    "bad_answer": gettext_lazy("外の見張りの答えを読めません。"),
    "redirected": gettext_lazy("外の見張りが別のアドレスへ回しました。回された先へは行きません。"),
}


@dataclass(frozen=True)
class Line:
    """One row of a table: a name, its values, whether it is as it should be, and the word for it."""

    name: str
    values: tuple[str | datetime | None, ...]
    is_well: bool
    said: str


def page(site: AdminSite, request: HttpRequest) -> HttpResponse:
    """Everything at a glance; the same number of queries whatever stands in the outbox."""
    found = engine.health(rings())
    window = site.get_model_admin(Letter)
    trouble = window.get_queryset(request).filter(state__in=mailway.TROUBLE).order_by("-updated_at")[:SHOWN]
    ring_lines = [_ring(one, found.now) for one in found.rings]
    queue_lines = [_queue(one) for one in found.queues]
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": _("お知らせの健康"),
        "found": found,
        "verdict": _verdict(found, [*ring_lines, *queue_lines]),
        "rings": ring_lines,
        "bell": _since(found.bell.at, found.now) if found.bell and found.bell.at else "",
        "queues": queue_lines,
        "flows": [(_hours(flow.hours), _count(flow.taken), _count(flow.failed)) for flow in found.flows],
        "trying_again": _count(found.trying_again),
        "failed": _count(found.failed),
        "unconfirmed": _count(found.unconfirmed),
        "unconfirmed_state": mailway.UNCONFIRMED,
        "mail_fault": _mail_fault(found),
        "taken": _since(found.last_taken_at, found.now) if found.last_taken_at else "",
        "heartbeat": _heartbeat(found.heartbeat, found.now),
        "mail_configured": settings.MAIL_CONFIGURED,
        "trouble": list(trouble),
        "mirrors": [_mirror(one, found.now) for one in mirrors.in_trouble()],
    }
    return TemplateResponse(request, "admin/health.html", context)


def _verdict(found: Health, lines: list[Line]) -> tuple[bool, str]:
    """The one sentence on top: whether people are told."""
    if found.stands_still:
        return False, _("お知らせの仕組みが2時間以上止まっています。worker と beat の記録（ログ）を見てください。")
    if found.mail_is_away:
        return False, _(
            "動いていますが、メールサーバーに手紙を渡せていません。SMTP_URL とメールサーバーを見てください。"
        )
    if found.refuses_all:
        return False, _("動いていますが、メールサーバーがどの手紙も受け取りません。下の理由を見てください。")
    if not all(line.is_well for line in lines):
        return False, _("動いていますが、遅れている所があります。下の印を見てください。")
    if any(ring.ran_at is None for ring in found.rings if ring.name in engine.ESSENTIAL):
        return False, _("動き始めています。数分たっても変わらないときは、worker と beat の記録（ログ）を見てください。")
    if found.failed or found.unconfirmed:
        return False, _("動いていますが、見てほしい手紙があります。")
    if not settings.MAIL_CONFIGURED:
        return False, _("動いていますが、メールの送信先（SMTP_URL）がないため、手紙はここから出ません。")
    return True, _("動いています。")


def _ring(ring: Ring, now: datetime) -> Line:
    if ring.has_failed:
        said = _("失敗しました（%(error)s）") % {"error": ring.error}
    elif ring.is_late:
        said = _("遅れています")
    elif ring.ran_at is None:
        said = _("これからです")
    else:
        said = _("動いています")
    last = _since(ring.ran_at, now) if ring.ran_at else _("まだ一度も動いていません")
    every = _span(timedelta(seconds=ring.every))
    is_well = not (ring.has_failed or ring.is_late)
    name = str((RINGS | MORE_RINGS).get(ring.name, ring.name))
    return Line(name, (every, last, ring.ran_at), is_well, said)


def _queue(queue: Queue) -> Line:
    waits = _span(queue.age) if queue.oldest else "-"
    if queue.is_late:
        said = _("2時間以上待っています")
    else:
        said = _("一部を送り直しています") if queue.is_long else _("流れています")
    most = engine.LOOKED_AT if queue.name == "mornings" else engine.MOST
    return Line(str(QUEUES[queue.name]), (_count(queue.due, most), waits), not queue.is_late, said)


def _mirror(one: Mirror, now: datetime) -> Line:
    """A channel that takes nothing: it is named, its address is not."""
    said = str(one.get_state_display()) if one.why else _("届いていません")
    since = one.failing_since or one.off_at
    values = (one.team.name, str(one.get_kind_display()), _since(since, now) if since else "-", why_words(one.why))
    return Line(one.name, values, False, said)


def _mail_fault(found: Health) -> str:
    """Why letters do not leave, as far as it is known: the code of the answer or the kind of the fault."""
    if found.mail_is_away and found.mail and found.mail.failed_at:
        since = _since(found.mail.failed_at, found.now)
        return _("%(since)sに渡せませんでした（%(error)s）") % {"since": since, "error": found.mail.error}
    return _("どの手紙も受け取りません") if found.refuses_all else ""


def _heartbeat(mark: EngineMark | None, now: datetime) -> dict[str, Any]:
    """The address is a secret: only its host is shown."""
    if not settings.HEARTBEAT_URL:
        return {"is_set": False}
    fault = ""
    if mark and mark.failed_at and (mark.at is None or mark.failed_at > mark.at):
        fault = _fault(mark.error)
    went = _since(mark.at, now) if mark and mark.at else ""
    return {"is_set": True, "host": urlsplit(settings.HEARTBEAT_URL).hostname, "went": went, "fault": fault}


def _fault(word: str) -> str:
    if word.startswith("answered_"):
        return _("外の見張りが %(code)s と答えました。") % {"code": word.removeprefix("answered_")}
    return str(HEARTBEAT.get(word, word))


def _count(number: int, most: int = engine.MOST) -> str:
    return f"{number:,}" if number < most else _("%(n)s以上") % {"n": f"{most:,}"}


def _hours(hours: int) -> str:
    return ngettext("この%(n)d時間", "この%(n)d時間", hours) % {"n": hours}


def _since(at: datetime, now: datetime) -> str:
    return _("%(span)s前") % {"span": _span(now - at)}


def _span(span: timedelta) -> str:
    """A span in its largest whole unit: 20秒, 3分, 2時間, 4日."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 120:
        return ngettext("%(n)d秒", "%(n)d秒", seconds) % {"n": seconds}
    if seconds < 7200:
        return ngettext("%(n)d分", "%(n)d分", seconds // 60) % {"n": seconds // 60}
    if seconds < 172_800:
        return ngettext("%(n)d時間", "%(n)d時間", seconds // 3600) % {"n": seconds // 3600}
    return ngettext("%(n)d日", "%(n)d日", seconds // 86_400) % {"n": seconds // 86_400}
