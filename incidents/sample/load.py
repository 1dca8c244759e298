"""A large installation to measure with: made in bulk and not told by the verbs, but as the constraints want it.

Same arguments, same records. Nothing of it goes through the reminder engine: each open promise has one planned row.

A small installation is a young one, and the youngest records belong to two people of the first team: the page of
somebody who works there shows as much in each size, so that what is measured is what lies behind it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from incidents.domain import replan, search
from incidents.domain.incident import take_numbers
from incidents.enums import Category, EntryKind, Factor, FollowUpKind, FollowUpState, Role, Severity, Stage, Strength
from incidents.models import (
    Countermeasure,
    EffectCheck,
    FollowUp,
    Incident,
    Membership,
    Organisation,
    Person,
    RootCause,
    Team,
    TimelineEntry,
    Why,
)

BATCH = 1000
LONGEST, SHORTEST, A_YEAR = 5, 1, 2000  # years, and records of one where that lies between
DAY_OF_TWO = 200  # the youngest records: what two people have on their hands
# The first team holds most of the records: somebody in it sees the worst case.
TEAMS = (
    ("受注課", "load-orders", 60),
    ("経理課", "load-accounts", 20),
    ("総務課", "load-general", 12),
    ("人事課", "load-hr", 8),
)
NAMES = (
    "佐藤 美咲",
    "鈴木 健太",
    "高橋 直子",
    "田中 恵",
    "伊藤 翔",
    "渡辺 彩",
    "山本 大輔",
    "中村 由美",
    "小林 誠",
    "加藤 陽子",
)
THINGS = (
    "見積書",
    "請求書",
    "注文書",
    "納品書",
    "契約書",
    "給与明細",
    "案内状",
    "送付状",
    "領収書",
    "稟議書",
    "勤怠表",
    "申請書",
)
FAULTS = (
    "を別の会社に送った",
    "の金額を一桁まちがえた",
    "の日付が前年のままだった",
    "を二重に発行した",
    "の添付を忘れた",
    "の宛名を取りちがえた",
    "の提出期限を過ぎた",
    "の古い版を使った",
)
SIDES = (
    "青空物産",
    "東和資材",
    "みなと商事",
    "北星工業",
    "白樺食品",
    "港南運輸",
    "富士見製作所",
    "若葉印刷",
    "大和電機",
    "桜井建設",
)
EVENTS = (
    "担当が画面の候補から宛先を選んだ",
    "先方から電話で連絡を受けた",
    "上司に口頭で伝え、影響の範囲を調べ始めた",
    "正しい書類を作り直して送った",
    "月末の締め作業と重なっていた",
    "控えのフォルダーを見て、ほかに同じものがないか確かめた",
    "倉庫に連絡して出荷を止めた",
    "システムの記録から送信時刻を確かめた",
)
WHYS = (
    "宛先と社名を突き合わせる手順がない",
    "ひな型に前年の日付が残っていた",
    "確認する人と作る人が同じだった",
    "二つの一覧を手で写していた",
    "期限が一覧のどこにも出ていなかった",
)
MEASURES = (
    "送信前に宛先と社名を突き合わせる画面を出す",
    "ひな型の日付を自動で入れる",
    "金額の桁が変わると警告を出す",
    "一覧を一つにまとめ、写しをやめる",
    "期限の三日前に共有の予定へ出す",
)
STAGES = (
    (Stage.RECORDED, 6),
    (Stage.FIRST_REPORTED, 4),
    (Stage.CAUSE_KNOWN, 5),
    (Stage.MEASURES_COMMITTED, 15),
    (Stage.MENDED, 52),
    (Stage.REPAIRED_ONLY, 18),
)
WITH_ROOT = {Stage.CAUSE_KNOWN, Stage.MEASURES_COMMITTED, Stage.MENDED}


def load(count: int, *, seed: int = 1, progress: Callable[[int], None] | None = None) -> None:
    """Add `count` incidents, four timeline lines each and a countermeasure each, with what they need around them."""
    Organisation.objects.get_or_create(id=1, defaults={"name": "みほん商会"})
    teams = [_team(name, slug) for name, slug, _weight in TEAMS]
    draw = random.Random(seed)
    with _without_the_large_index(count):
        for done in range(0, count, BATCH):
            with transaction.atomic():
                _Batch(draw, teams).write(min(BATCH, count - done), done, count)
            if progress:
                progress(min(done + BATCH, count))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # As the database does it by itself, after a while. It cannot vacuum within somebody's transaction.
            cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM ANALYZE")


def _team(name: str, slug: str) -> tuple[Team, list[Person]]:
    team, _made = Team.objects.get_or_create(slug=slug, defaults={"name": name})
    people = []
    for place, person_name in enumerate(NAMES):
        email = f"{slug}-{place}@example.jp"
        person = Person.objects.filter(email=email).first() or Person(email=email, name=person_name)
        if person.pk is None:
            person.set_unusable_password()
            person.save()
        role = Role.LEAD if place == 0 else Role.MEMBER
        Membership.objects.get_or_create(person=person, team=team, defaults={"role": role})
        people.append(person)
    return team, people


class _without_the_large_index:
    """PostgreSQL sorts a whole GIN index at once much faster than row by row."""

    def __init__(self, count: int):
        self._wanted = connection.vendor == "postgresql" and count >= 10_000

    def __enter__(self) -> None:
        if self._wanted:
            with connection.cursor() as cursor:
                cursor.execute("DROP INDEX IF EXISTS incidents_incidentindex_grams")

    def __exit__(self, *_fault: object) -> None:
        if self._wanted:
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0")
                cursor.execute("SET maintenance_work_mem = '256MB'")
                cursor.execute(
                    "CREATE INDEX incidents_incidentindex_grams ON incidents_incidentindex "
                    "USING gin (grams) WITH (fastupdate = off)"
                )
                cursor.execute("RESET statement_timeout")
                cursor.execute("RESET maintenance_work_mem")


class _Batch:
    """A thousand records, written table after table."""

    def __init__(self, draw: random.Random, teams: list[tuple[Team, list[Person]]]):
        self._draw, self._teams = draw, teams
        self._today, self._now = timezone.localdate(), timezone.now()

    def write(self, count: int, done: int, whole: int) -> None:
        first = take_numbers(count)
        # Oldest first, as numbers are given; the days stand evenly over the years.
        age = timedelta(days=365 * min(LONGEST, max(SHORTEST, whole / A_YEAR))) / whole
        incidents = [
            self._incident(first + n, self._now - age * (whole - done - n), fresh=whole - done - n <= DAY_OF_TWO)
            for n in range(count)
        ]
        Incident.objects.bulk_create(incidents)
        TimelineEntry.objects.bulk_create([entry for one in incidents for entry in self._timeline(one)])
        rooted = [one for one in incidents if one.stage in WITH_ROOT]
        whys = Why.objects.bulk_create(
            Why(incident=one, text=self._draw.choice(WHYS), author_id=one.owner_id) for one in rooted
        )
        roots = RootCause.objects.bulk_create(
            RootCause(why=why, incident_id=why.incident_id, factor=self._draw.choice(Factor.values)) for why in whys
        )
        root_of = {root.incident_id: root for root in roots}
        measures = [self._measure(one, root_of.get(one.pk)) for one in incidents]
        Countermeasure.objects.bulk_create(measures)
        checks = [self._check(m) for m in measures if m.status != "proposed"]
        EffectCheck.objects.bulk_create(checks)
        promises = [found for check in checks for found in self._promises(check)]
        FollowUp.objects.bulk_create(promises)
        replan.plan([one.pk for one in promises if one.state == FollowUpState.OPEN])
        search.write([one.pk for one in incidents])

    def _incident(self, number: int, noticed_at: datetime, *, fresh: bool) -> Incident:
        draw = self._draw
        (team, people) = draw.choices(self._teams, [weight for *_names, weight in TEAMS])[0]
        stage = draw.choices([s for s, _w in STAGES], [w for _s, w in STAGES])[0]
        young = (self._now - noticed_at).days < 30
        mended_at = noticed_at + timedelta(days=draw.randint(25, 120))
        if stage == Stage.MENDED and mended_at > self._now:
            stage = Stage.MEASURES_COMMITTED
        elif not young and stage == Stage.RECORDED and draw.random() < 0.8:
            stage = Stage.REPAIRED_ONLY
        # A clock that has run for years would be on everybody's screen.
        side, waits = draw.choice(SIDES), stage != Stage.RECORDED or fresh or (young and draw.random() < 0.05)
        told = noticed_at + timedelta(minutes=draw.randint(8, 140)) if waits and stage != Stage.RECORDED else None
        ended = stage == Stage.REPAIRED_ONLY
        return Incident(
            number=number,
            team=team,
            title=f"{side}の{draw.choice(THINGS)}{draw.choice(FAULTS)}",
            body=f"{draw.choice(EVENTS)}。{draw.choice(EVENTS)}。" if draw.random() < 0.5 else "",
            stage=stage,
            kind=draw.choices(["incident", "near_miss", "concern"], [80, 15, 5])[0],
            category=draw.choice(Category.values),
            severity=draw.choices([*Severity.values, ""], [2, 13, 40, 35, 10])[0],
            process=draw.choice(("見積作成", "請求処理", "出荷手配", "支払処理", "入社手続き")),
            counterparty=f"{side}株式会社",
            who_waits=f"{side}さま" if waits else "",
            noticed_at=noticed_at,
            recorded_by=draw.choice(people),
            owner=draw.choice(people[:2] if fresh and team.slug == TEAMS[0][1] else people),
            first_report_due_at=noticed_at + timedelta(minutes=60) if waits else None,
            first_reported_at=told,
            first_report_channel="phone" if told else "",
            end=stage if ended else "",
            end_reason="直して終えた" if ended else "",
            mended_at=mended_at if stage == Stage.MENDED else None,
        )

    def _timeline(self, one: Incident) -> list[TimelineEntry]:
        return [
            TimelineEntry(
                incident=one,
                kind=EntryKind.NOTE,
                event_at=one.noticed_at + timedelta(minutes=17 * place),
                author_id=one.owner_id,
                author_label="記録した人",
                text=f"{self._draw.choice(EVENTS)}（{one.counterparty}）",
            )
            for place in range(4)
        ]

    def _measure(self, one: Incident, root: RootCause | None) -> Countermeasure:
        draw = self._draw
        status = {
            Stage.MENDED: "effective",
            Stage.MEASURES_COMMITTED: draw.choice(("committed", "in_progress", "done")),
        }.get(one.stage, "proposed")
        started = timezone.localtime(one.noticed_at).date()
        due = started + timedelta(days=draw.randint(14, 60))
        running = status in {"committed", "in_progress"}
        if running:  # mostly still to come, some late
            due = self._today + timedelta(days=draw.randint(-5, 60))
        done_at = one.noticed_at + timedelta(days=draw.randint(5, 20)) if status in {"done", "effective"} else None
        strength = draw.choices(range(7), [4, 10, 20, 22, 22, 14, 8])[0]
        return Countermeasure(
            incident=one,
            root=root,
            title=draw.choice(MEASURES),
            before="手で確かめている",
            after="仕組みが止める",
            strength=strength,
            weak_reason="道具が入るまでの手当て" if strength < Strength.CHECKLIST and status != "proposed" else "",
            status=status,
            owner_id=one.owner_id if status != "proposed" else None,
            due_on=due if status != "proposed" else None,
            committed_at=one.noticed_at + timedelta(days=3) if status != "proposed" else None,
            done_at=min(done_at, self._now) if done_at else None,
            done_by_id=one.owner_id if done_at else None,
            done_note="設定を入れました。" if done_at else "",
        )

    def _check(self, measure: Countermeasure) -> EffectCheck:
        people = next(people for team, people in self._teams if team.pk == measure.incident.team_id)
        checker = next(person for person in people if person.pk != measure.owner_id)
        decided = measure.status == "effective"
        day: date = measure.due_on + timedelta(days=30)
        values: dict[str, Any] = {}
        if decided:
            values = {
                "outcome": "effective",
                "outcome_note": "同じことは起きていない。",
                "decided_at": measure.incident.mended_at,
                "decided_by": checker,
            }
        elif measure.status == "done":
            day = self._today + timedelta(days=self._draw.randint(-3, 80))
        return EffectCheck(
            measure=measure, what="同じ誤りの件数", threshold="0件", check_on=day, checker=checker, **values
        )

    def _promises(self, check: EffectCheck) -> list[FollowUp]:
        measure = check.measure
        shared = {"incident_id": measure.incident_id, "team_id": measure.incident.team_id}
        kept = {"state": FollowUpState.KEPT}
        first = FollowUp(
            kind=FollowUpKind.COUNTERMEASURE,
            measure=measure,
            owner_id=measure.owner_id,
            due_on=measure.due_on,
            **shared,
            **(kept | {"closed_at": measure.done_at} if measure.done_at else {}),
        )
        if not measure.done_at:
            return [first]
        second = FollowUp(
            kind=FollowUpKind.EFFECT_CHECK,
            check_plan=check,
            owner_id=check.checker_id,
            due_on=check.check_on,
            **shared,
            **(kept | {"closed_at": check.decided_at} if check.outcome else {}),
        )
        return [first, second]
