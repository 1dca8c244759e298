"""The trace, readable."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from incidents.enums import Role, Stage
from incidents.models import AuditEntry, Countermeasure, DueRequest, EffectCheck, Incident, Person
from incidents.queries.paging import Order, Slice, paged
from tools.plain.daytext import long_day

# Every verb that domain code may note; a house test compares this with the code.
VERBS: dict[str, str | Promise] = {
    "absence.ended": _("不在を取りやめました"),
    "absence.planned": _("不在を伝えました"),
    "audit.erased": _("変更履歴から人の名前を消しました"),
    "attachment.kept": _("ファイルを添えました"),
    "attachment.withdrawn": _("添付を取り下げました"),
    "check.decided": _("効果確認の結果を記録しました"),
    "check.moved": _("確かめる日を動かしました"),
    "check.handed_over": _("確かめる人を変えました"),
    "containment.lifted": _("応急処置を解きました"),
    "containment.recorded": _("応急処置を書きました"),
    "clock.moved": _("一次報告の時計の終わりを動かしました"),
    "clock.removed": _("一次報告の時計の決まりを取り消しました"),
    "clock.set": _("一次報告の時計の決まりを登録しました"),
    "closure.removed": _("休業日を取り消しました"),
    "closure.set": _("休業日を登録しました"),
    "due_request.asked": _("期限の相談をしました"),
    "due_request.closed": _("期限の相談を閉じました"),
    "due_request.granted": _("期限の相談を認めました"),
    "due_request.refused": _("期限の相談を見送りました"),
    "intake.made": _("転送先のアドレスを作りました"),
    "intake.renewed": _("転送先のアドレスを新しくしました"),
    "intake.ended": _("転送先のアドレスを止めました"),
    "person.unreached": _("メールが届かなくなりました"),
    "person.reached": _("メールが届くようになりました"),
    "feed.made": _("カレンダーのアドレスを作りました"),
    "feed.renewed": _("カレンダーのアドレスを新しくしました"),
    "feed.switched_off": _("カレンダーのアドレスを止めました"),
    "final_report.agreed": _("最終報告の日を相手と決めました"),
    "final_report.dropped": _("最終報告の予定を取り消しました"),
    "final_report.given": _("最終報告を記録しました"),
    "final_report.moved": _("最終報告の期限が変わりました"),
    "final_report.planned": _("最終報告を予定しました"),
    "final_report.waived": _("最終報告を不要としました"),
    "help_line.removed": _("相談先を外しました"),
    "help_line.set": _("相談先を登録しました"),
    "incident.edited": _("記録を書きかえました"),
    "incident.ended": _("記録を終えました"),
    "incident.first_report_waived": _("一次報告を不要としました"),
    "incident.first_reported": _("一次報告を記録しました"),
    "incident.handed_over": _("記録の担当を引き継ぎました"),
    "incident.imported": _("取り込みました"),
    "incident.import_updated": _("取り込みで更新しました"),
    "incident.recurrence_linked": _("再発としてつなぎました"),
    "incident.recurrence_unlinked": _("再発のつながりを外しました"),
    "incident.reopened": _("記録を開き直しました"),
    "incident.reported_again": _("続報を記録しました"),
    "incident.reported": _("割れを記録しました"),
    "incident.restricted": _("読む人を限りました"),
    "incident.stage_moved": _("段階が変わりました"),
    "incident.unrestricted": _("チームの全員が読めるように戻しました"),
    "hold.lifted": _("保全を解きました"),
    "hold.placed": _("保全しました"),
    "import.run": _("ファイルを取り込みました"),
    "invitation.accepted": _("招待を受けました"),
    "invitation.revoked": _("招待を取り消しました"),
    "invitation.sent": _("招待しました"),
    "letter.cancelled": _("手紙を取り消しました"),
    "letter.released": _("手紙の保留を解きました"),
    "letter.sent_again": _("手紙をもう一度送ります"),
    "outbox.restored": _("バックアップから戻し、送信箱を保留にしました"),
    "letter.test_sent": _("送信テストの手紙を出しました"),
    "list.exported": _("一覧を書き出しました"),
    "measure.committed": _("対策を約束しました"),
    "measure.completed": _("対策を実施しました"),
    "measure.dropped": _("対策を実施しないと決めました"),
    "measure.due_changed": _("期限を変えました"),
    "measure.edited": _("対策を書きかえました"),
    "measure.gain_told": _("対策で減ったものを書きました"),
    "measure.handed_over": _("担当を引き継ぎました"),
    "measure.helpers_changed": _("手伝う人を変えました"),
    "measure.judged": _("対策の効き目が決まりました"),
    "measure.proposed": _("対策の案を出しました"),
    "measure.started": _("対策に取りかかりました"),
    "measure.terms_changed": _("約束の条件を変えました"),
    "measure.taken_up": _("実施しないとした対策に取り組みます"),
    "membership.changed": _("所属を変えました"),
    "membership.removed": _("所属を外しました"),
    "mending.recorded": _("継いだ仕事を書きました"),
    "mending.withdrawn": _("継いだ仕事の記録を取り下げました"),
    "mirror.added": _("チャットの写しを作りました"),
    "mirror.broken": _("届かないので、チャットに写すのを止めました"),
    "mirror.edited": _("チャットに写すものを変えました"),
    "mirror.key_renewed": _("チャットの写しの署名の鍵を新しくしました"),
    "mirror.moved": _("チャットの写しの送り先を変えました"),
    "mirror.off": _("チャットに写すのを止めました"),
    "mirror.on": _("チャットに写し始めました"),
    "mirror.put_away": _("チャットの写しを片づけました"),
    "nameless.answered": _("名前のないヒヤリハットに返事を書きました"),
    "nameless.door_moved": _("名前を出さずに書くアドレスを新しくしました"),
    "nameless.door_opened": _("名前を出さずに書けるようにしました"),
    "nameless.door_shut": _("名前を出さずに書くアドレスを閉じました"),
    "nameless.published": _("名前のないヒヤリハットを届けました"),
    "nameless.put_aside": _("名前のないヒヤリハットをしまいました"),
    "nameless.taken_up": _("名前のないヒヤリハットを記録にしました"),
    "organisation.ladder_changed": _("お知らせのはしごを変えました"),
    "organisation.edited": _("組織の設定を変えました"),
    "organisation.set_up": _("組織を作りました"),
    "outside.closed": _("対外完了を記録しました"),
    "outside.reopened": _("対外完了を取り消しました"),
    "paste.kept": _("文面を貼りました"),
    "person.copied": _("その人について保存しているものの写しを作りました"),
    "person.created": _("人を登録しました"),
    "person.erased": _("その人の名前と設定を消しました"),
    "person.edited": _("人の設定を変えました"),
    "person.joined": _("招待を受けて、登録しました"),
    "person.link_shown": _("パスワード設定のリンクを画面で渡しました"),
    "person.password_link_sent": _("パスワード設定の手紙を出しました"),
    "person.preferences_changed": _("自分の設定を変えました"),
    "retention.run": _("保存期間の過ぎたものを見回りました"),
    "retention.set": _("保存期間を変えました"),
    "question.answered": _("問いに答えました"),
    "question.asked": _("問いにしました"),
    "question.dropped": _("問いを取り下げました"),
    "question.handed_over": _("問いの担当を変えました"),
    "question.moved": _("問いの期限を変えました"),
    "mail.posted": _("確認を待つメールを経緯に入れました"),
    "mail.dropped": _("確認を待つメールを捨てました"),
    "reply.help": _("手伝いを頼みました"),
    "reply.not_mine": _("担当ちがいを伝えました"),
    "reminder.mended": _("お知らせの台帳を直しました"),
    "review.anniversary": _("一年後のようすを確かめました"),
    "review.left": _("見直して、このままにしました"),
    "promise.handed_over": _("お約束の担当を変えました"),
    "promise.kept": _("お約束を守りました"),
    "promise.made": _("お約束を書きとめました"),
    "promise.moved": _("お約束の時刻を動かしました"),
    "root.confirmed": _("真因をもう一度確かめました"),
    "root.marked": _("真因に印をつけました"),
    "root.reopened": _("原因の見直しを始めました"),
    "root.risk_accepted": _("リスクを受け入れました"),
    "root.risk_withdrawn": _("リスクの受け入れをやめました"),
    "root.unmarked": _("真因の印を外しました"),
    "spread.answered": _("横展開に答えました"),
    "spread.asked": _("ほかのチームに尋ねました"),
    "spread.done": _("横展開の取り組みを終えました"),
    "read_request.asked": _("閲覧をお願いしました"),
    "read_request.declined": _("閲覧のお願いを見送りました"),
    "read_request.granted": _("閲覧のお願いを受け、読む人に加えました"),
    "team.created": _("チームを作りました"),
    "team.edited": _("チームの設定を変えました"),
    "timeline.amended": _("経緯に追記しました"),
    "timeline.recorded": _("経緯を書きました"),
    "timeline.taken_over": _("貼った文面から経緯に入れました"),
    "view.changed": _("保存した見方を変えました"),
    "view.chosen": _("はじめに開く見方を決めました"),
    "view.deleted": _("保存した見方を消しました"),
    "view.saved": _("見方を保存しました"),
    "why.asked": _("なぜを足しました"),
    "why.proven": _("なぜを確かめた記録を書きました"),
    "why.withdrawn": _("なぜを取り下げました"),
}


# Names in the trace that are not fields of the record, or whose field has no name of its own.
OTHER_FIELDS: dict[str, str | Promise] = {
    "answer": _("答え"),
    "check_check_on": _("確かめる日"),
    "check_checker": _("確かめる人"),
    "check_threshold": _("どうなれば効いたと言えるか"),
    "check_what": _("何を測るか"),
    "due_on": _("期限"),
    "end": _("終わり方"),
    "conditions": _("条件"),
    "copy": _("写しの種類"),
    "list": _("一覧"),
    "rows": _("件数"),
    "is_default": _("はじめに開く"),
    "nameless_reply": _("返事"),
    "readers": _("読む人"),
    "helpers": _("手伝う人"),
    "applied": _("片づけた"),
    "reopened_at": _("見直しの始まり"),
    "owner": _("担当"),
    "promises": _("動いた約束の数"),
    "review_on": _("見直す日"),
    "until": _("いつまでに"),
    "places": _("消した箇所の数"),
    "teams": _("チーム"),
    "timeline_causes_countermeasures": _("経緯・原因・対策の行"),
    "held": _("保留にした手紙"),
    "told_anew": _("知らせ直す約束"),
    "host": _("送り先"),
    "url": _("アドレス"),
}

# What happens by itself when something else is done: nobody is said to have done it.
BY_ITSELF = frozenset(
    {"incident.stage_moved", "measure.judged", "person.unreached", "person.reached", "final_report.moved"}
)

# Values of a name that is no field, or whose field does not list them.
CHOICES: dict[str, type[models.TextChoices]] = {"end": Stage, "role": Role}

# Names in the trace that are a field under another name.
SAME_AS = {"channel": "first_report_channel"}


def verb_label(verb: str) -> str | Promise:
    return VERBS.get(verb, verb)


def sentence(entry: AuditEntry) -> str:
    """Who did what, as a sentence in the reader's language."""
    if entry.actor_id is None:
        words = _("%(did)s。") if entry.verb in BY_ITSELF else _("うしろが、%(did)s。")
    elif entry.verb in BY_ITSELF:
        words = _("%(who)sさんの操作で、%(did)s。")
    else:
        words = _("%(who)sさんが、%(did)s。")
    said = str(words % {"who": entry.actor_label, "did": verb_label(entry.verb)})
    return said[:1].upper() + said[1:]


@dataclass(frozen=True)
class HistoryLine:
    """One change as a person reads it: who did what as a sentence, and `changes` as (what, before, after)."""

    at: datetime
    sentence: str
    target: str
    reason: str
    changes: list[tuple[str, str, str]]


HISTORY_PAGE = 100
# The newest first, along the index of the record's trace.
NEWEST = Order("pk", "pk", down=True)


def history_of(incident: Incident, *, after: str = "", before: str = "") -> Slice:
    """A page of a record's changes as HistoryLines, the newest first; one query for every length.

    The caller has come through the access door.
    """
    return _history(AuditEntry.objects.filter(incident_id=incident.pk), after, before)


def measure_history(measure: Countermeasure, *, after: str = "", before: str = "") -> Slice:
    """The same of one countermeasure, with its effect checks and the requests to move its date."""
    own = Q(target_type=Countermeasure._meta.model_name, target_id=measure.pk)
    for part in (EffectCheck, DueRequest):
        pks = part.objects.filter(measure=measure).values("pk")
        own |= Q(target_type=part._meta.model_name, target_id__in=pks)
    return _history(AuditEntry.objects.filter(own, incident_id=measure.incident_id), after, before)


def _history(rows: QuerySet[AuditEntry], after: str, before: str) -> Slice:
    page = paged(rows, NEWEST, after=after, before=before, size=HISTORY_PAGE)
    page.rows = [
        HistoryLine(
            at=entry.at,
            sentence=sentence(entry),
            target=entry.target_label,
            reason=entry.reason,
            changes=readable_changes(entry),
        )
        for entry in page.rows
    ]
    return page


def readable_changes(entry: AuditEntry) -> list[tuple[str, str, str]]:
    """The changed fields by the names that the forms use, with values as the pages show them."""
    try:
        model = apps.get_model("incidents", entry.target_type)
    except LookupError:
        return []
    return [
        (label_of(model, name), _shown(model, name, old), _shown(model, name, new))
        for name, (old, new) in entry.changes.items()
    ]


def _field(model: type[models.Model], name: str) -> models.Field | None:
    """The field of that name: the record's own, or that of another kind of record that the change was about."""
    name = SAME_AS.get(name, name)
    try:
        found = model._meta.get_field(name)
    except FieldDoesNotExist:
        return _elsewhere(name)
    return found if isinstance(found, models.Field) else _elsewhere(name)


@cache
def _elsewhere(name: str) -> models.Field | None:
    for other in apps.get_app_config("incidents").get_models():
        for field in other._meta.fields:
            if field.name == name and is_named(field):
                return field
    return None


def is_named(field: models.Field) -> bool:
    """Whether a field has a name for the screen, and not only Django's, which is made of the code's."""
    return str(field.verbose_name) != field.name.replace("_", " ")


def label_of(model: type[models.Model], name: str) -> str:
    """What a changed thing is called on the screen."""
    if name in OTHER_FIELDS:
        return str(OTHER_FIELDS[name])
    field = _field(model, name)
    if field is not None and not is_named(field):
        field = _elsewhere(name)
    return str(field.verbose_name) if field else name


def _shown(model: type[models.Model], name: str, value: object) -> str:
    """A value as the pages show it: a choice by its label, a day and a moment as people say them."""
    if value in (None, "", [], {}):
        return "–"
    if name == "places":
        return str(len(value))
    if isinstance(value, bool):
        return str(_("はい") if value else _("いいえ"))
    if isinstance(value, list):
        return str(_("、")).join(_shown(model, name, one) for one in value)
    if name in CHOICES:
        return str(dict(CHOICES[name].choices).get(value, value))
    field = _field(model, name)
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    return _when(value) if isinstance(value, str) else str(value)


_A_TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?")


def _when(value: str) -> str:
    """An ISO day, time or moment as people say it; any other text as it is."""
    if _A_TIME.fullmatch(value):
        return value[:5]
    if len(value) < 10 or not value[:4].isdigit():
        return value
    language = "ja" if (get_language() or "ja").startswith("ja") else "en"
    try:
        if len(value) == 10:
            return long_day(date.fromisoformat(value), language, today=date.min)
        moment = datetime.fromisoformat(value) if "T" in value else None
    except ValueError:
        return value
    if moment is None or timezone.is_naive(moment):
        return value
    local = timezone.localtime(moment)
    return f"{long_day(local.date(), language, today=date.min)} {local:%H:%M}"


def last_seen(target: models.Model) -> int:
    """Id of the latest trace of a record; 0 when it has none."""
    found = AuditEntry.objects.filter(target_type=target._meta.model_name, target_id=target.pk)
    return found.values_list("pk", flat=True).first() or 0


@dataclass(frozen=True)
class Meanwhile:
    """What others changed of a record since a trace: names of the fields, and lines to read."""

    names: set[str]
    lines: list[tuple[str, str, str, str]]  # who, what, before, after


# Changes of what a form of many fields shows.
WRITE_OVER = ("incident.edited", "incident.handed_over", "measure.edited", "measure.terms_changed", "measure.gain_told")


def edits_since(target: models.Model, seen: int, by: Person) -> Meanwhile:
    """Edits of the record by others after the trace `seen`."""
    entries = AuditEntry.objects.filter(
        target_type=target._meta.model_name, target_id=target.pk, pk__gt=seen, verb__in=WRITE_OVER
    ).exclude(actor_id=by.pk)
    names: set[str] = set()
    lines: list[tuple[str, str, str, str]] = []
    for entry in reversed(entries[:50]):
        names |= entry.changes.keys()
        lines += lines_of(entry)
    return Meanwhile(names, lines)


def lines_of(entry: AuditEntry) -> list[tuple[str, str, str, str]]:
    """A change as lines to read: who, what, before, after."""
    return [(entry.actor_label, *line) for line in readable_changes(entry)]


LOOKED_BACK = 50


def last_change(target: models.Model, names: Collection[str], *, now: str | None = None) -> AuditEntry | None:
    """The latest trace of a record that changed one of these; asked only when a form turned out to be old.

    now: where one record's trace tells of several things of a kind, the value that the right one has now.
    """
    entries = AuditEntry.objects.filter(target_type=target._meta.model_name, target_id=target.pk)[:LOOKED_BACK]
    for entry in entries:
        changed = [new for name, (_old, new) in entry.changes.items() if name in names]
        if changed and now in {None, *changed}:
            return entry
    return None
