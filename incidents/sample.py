"""A sample team whose records look like a real back office, in every stage.

Everything is made by the domain's own verbs, in the order in which it is told, morning letters included. The verbs
stamp the present; `_happened` puts what they stamped back to the moment of the story.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Replace
from django.utils import timezone, translation

from incidents.domain import audit, cause, check, countermeasure, incident, person, reminder, team, timeline
from incidents.enums import (
    Category,
    Certainty,
    Channel,
    DeliveryState,
    Factor,
    IncidentKind,
    LetterState,
    Outcome,
    Role,
    Severity,
    Stage,
    Strength,
    Track,
)
from incidents.models import (
    AuditEntry,
    Countermeasure,
    EffectCheck,
    FollowUp,
    Incident,
    Letter,
    Membership,
    Organisation,
    Person,
    ReminderDelivery,
    RootCause,
    Team,
    TimelineEntry,
    Why,
)
from incidents.queries.calendar import business_calendars
from tools.plain.holidays import BusinessCalendar

SIGN_INS = [
    ("佐藤 美咲（受注管理チームのリーダー、組織の管理者）", "sato@example.jp", "urushi-de-tsugu-asa"),
    ("田中 誠（受注管理チーム）", "tanaka@example.jp", "kinpun-wo-maku-hiru"),
    ("鈴木 恵（受注管理チーム）", "suzuki@example.jp", "utsuwa-to-ocha-yasumi"),
    ("山口 涼（受注管理チーム）", "yamaguchi@example.jp", "nenrin-ga-fueru-yuu"),
    ("高橋 由紀（受注管理チーム、閲覧）", "takahashi@example.jp", "shizuka-ni-miru-mado"),
    ("伊藤 直樹（経理チームのリーダー）", "ito@example.jp", "denpyou-wo-awaseru-hi"),
]
NEWEST = 128  # the reference of the crack whose clock is running
OLDEST = 93
NINE = time(9, 0)


@transaction.atomic
def plant(now: datetime | None = None) -> None:
    """Fill an empty installation with two teams and the last months of their work.

    now: aware; the present to which the story leads, default the clock's.
    """
    with translation.override("ja"):
        story = _Story(now or timezone.now())
        story.people()
        _tell(story)
        story.run()


# When ----------------------------------------------------------------------------------------

_Stamps = dict[type[models.Model], tuple[str, ...]]
_PEOPLE: _Stamps = {
    Organisation: ("created_at", "updated_at"),
    Person: ("date_joined",),
    Team: ("created_at", "updated_at"),
    Membership: ("created_at", "updated_at"),
    AuditEntry: ("at",),
}
_RECORDS: _Stamps = {
    Incident: ("created_at", "updated_at", "mended_at"),
    TimelineEntry: ("recorded_at", "event_at"),
    Why: ("created_at", "updated_at"),
    RootCause: ("created_at", "updated_at", "reopened_at"),
    Countermeasure: ("created_at", "updated_at", "committed_at", "done_at"),
    EffectCheck: ("created_at", "updated_at", "decided_at"),
    FollowUp: ("created_at", "updated_at", "closed_at"),
    ReminderDelivery: ("created_at", "updated_at", "settled_at"),
    AuditEntry: ("at",),
}
_LETTERS: _Stamps = {
    Letter: ("created_at", "updated_at", "next_try_at"),
    ReminderDelivery: ("created_at", "updated_at"),
}


@contextmanager
def _happened(at: datetime, touched: _Stamps) -> Iterator[None]:
    """What is stamped inside happened at `at`: every stamp set since the block began is moved there.

    touched: the tables that the block writes, with their stamps.
    """
    began = timezone.now()
    yield
    moment = Value(at, output_field=models.DateTimeField())
    for model, stamps in touched.items():
        newest = stamps[1] if stamps[0] == "created_at" else stamps[0]
        model.objects.filter(**{f"{newest}__gte": began}).update(
            **{name: Case(When(**{f"{name}__gte": began}, then=moment), default=F(name)) for name in stamps}
        )


def _plan_as_on(day: date, follow_up: FollowUp, due_on: date, calendar: BusinessCalendar) -> None:
    """Give a promise the date and the ledger that it would have had when it was given on `day`.

    The verbs plan from the present and refuse a date that has passed, so they were given a date that lies ahead.
    """
    follow_up.deliveries.all().delete()  # made a moment ago in this transaction; nobody has been told anything
    follow_up.due_on = due_on
    follow_up.save(update_fields=["due_on"])
    reminder._add_rows(follow_up, reminder.ladder(due_on, calendar, today=day))


# The story as steps --------------------------------------------------------------------------


@dataclass
class _Story:
    """Steps of all incidents, done in the order of their time."""

    now: datetime
    who: dict[str, Person] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    steps: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    cracks: int = 0
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo(settings.TIME_ZONE))

    def __post_init__(self) -> None:
        self.today = self.now.astimezone(self.zone).date()
        self.calendar = business_calendars()[None]
        # On a closed day the last business day still waits for its morning.
        self.last_open_day = self.calendar.roll_backward(self.today)
        self.stand_in = self.today + timedelta(days=400)

    def day(self, ago: int) -> date:
        """The business day `ago` calendar days back, or the one before it."""
        return self.calendar.roll_backward(self.today - timedelta(days=ago))

    def business(self, n: int) -> date:
        """The n-th business day from today; negative before it."""
        return self.calendar.add_business_days(self.today, n)

    def at(self, ago: int, clock: str) -> datetime:
        """A wall-clock time on that day; never later than a few minutes ago."""
        told = datetime.combine(self.day(ago), time.fromisoformat(clock), self.zone)
        return min(told, self.now - timedelta(minutes=3))

    def then(self, at: datetime, act: Callable[[], None]) -> None:
        self.steps.append((at, len(self.steps), act))

    def run(self) -> None:
        """Do each step at its time, and write the letters of each morning that lies between."""
        self.steps.sort(key=lambda step: step[:2])
        morning = self.steps[0][0].astimezone(self.zone).date()
        for at, _order, act in self.steps:
            while morning < self.last_open_day and datetime.combine(morning, NINE, self.zone) <= at:
                self._morning(morning)
                morning += timedelta(days=1)
            with _happened(at, _RECORDS):
                act()
        while morning < self.last_open_day:
            self._morning(morning)
            morning += timedelta(days=1)

    def _morning(self, day: date) -> None:
        """The letters of a past morning. They are kept to be read here; none of them goes out."""
        if not ReminderDelivery.objects.filter(state=DeliveryState.PENDING, planned_on__lte=day).exists():
            return
        nine = datetime.combine(day, NINE, self.zone)
        with _happened(nine, _LETTERS):
            written = Letter.objects.filter(pk__in=reminder.write_due_digests(now=nine))
            ReminderDelivery.objects.filter(letter__in=written, state=DeliveryState.WRITTEN).update(
                state=DeliveryState.SENT, settled_at=nine
            )
            written.update(state=LetterState.KEPT)

    def people(self) -> None:
        """The organisation, its two teams and six people, fifteen months ago."""
        with _happened(self.at(450, "09:00"), _PEOPLE):
            Organisation.objects.update_or_create(
                id=1, defaults={"name": "青葉商事株式会社", "next_incident_number": OLDEST, "setup_token_hash": ""}
            )
            for label, email, password in SIGN_INS:
                name, key = label.partition("（")[0], email.partition("@")[0]
                if not self.who:
                    one = Person.objects.create_user(email, password, name=name, is_admin=True)
                    audit.note(one, "organisation.set_up", Organisation.objects.get(pk=1))
                else:
                    one = person.create_person(by=self.who["sato"], email=email, name=name)
                    one.set_password(password)
                    one.save(update_fields=["password"])
                self.who[key] = one
            sato = self.who["sato"]
            self.teams["orders"] = team.create_team(by=sato, name="受注管理チーム", slug="orders")
            self.teams["accounts"] = team.create_team(by=sato, name="経理チーム", slug="accounts")
            roles = {"sato": Role.LEAD, "takahashi": Role.VIEWER}
            for key, one in self.who.items():
                where = "accounts" if key == "ito" else "orders"
                role = Role.LEAD if key == "ito" else roles.get(key, Role.MEMBER)
                team.set_membership(by=sato, person=one, team=self.teams[where], role=role)


class _Crack:
    """One incident as the story tells it: each method adds a step."""

    def __init__(self, story: _Story, at: datetime, by: str, title: str, *, where: str = "orders", **known: Any):
        self.story, self.noticed, self.by = story, at, story.who[by]
        story.cracks += 1
        self.whys: dict[str, Why] = {}
        self.roots: dict[str, RootCause] = {}
        self.measures: dict[str, Countermeasure] = {}

        def record(at: datetime) -> None:
            self.record = incident.report(
                by=self.by, team=story.teams[where], title=title, noticed_at=self.noticed, **known
            )

        self.last = at
        self._then(at + timedelta(minutes=2), record)

    def told(self, minutes: int, note: str, channel: str = Channel.PHONE) -> _Crack:
        reported = self.noticed + timedelta(minutes=minutes)
        self._then(
            reported + timedelta(minutes=1),
            lambda at: incident.record_first_report(
                self.record, by=self.by, channel=channel, reported_at=reported, note=note
            ),
        )
        return self

    def line(self, at: datetime, text: str, certainty: str = Certainty.FACT, *, unknown_time: bool = False) -> _Crack:
        written = max(at, self.noticed) + timedelta(minutes=3)
        self._then(
            min(written, self.story.now - timedelta(minutes=1)),
            lambda _at: timeline.record(
                self.record, by=self.by, text=text, event_at=None if unknown_time else at, certainty=certainty
            ),
        )
        return self

    def why(
        self,
        key: str,
        at: datetime,
        text: str,
        *,
        under: str = "",
        track: str = Track.OCCURRENCE,
        evidence: str = "",
        root: str = "",
    ) -> _Crack:
        def ask(at: datetime) -> None:
            parent = self.whys.get(under)
            self.whys[key] = cause.ask_why(
                self.record, by=self.by, text=text, parent=parent, track=track, evidence=evidence
            )
            if root:
                self.roots[key] = cause.mark_root(self.whys[key], by=self.by, factor=root)

        self._then(at, ask)
        return self

    def idea(self, key: str, at: datetime, root: str, title: str, **plan: Any) -> _Crack:
        def propose(at: datetime) -> None:
            known = {"root": self.roots[root]} | {k: self._named(v) for k, v in plan.items()}
            self.measures[key] = countermeasure.propose(self.record, by=self.by, title=title, **known)

        self._then(at, propose)
        return self

    def promise(
        self,
        key: str,
        at: datetime,
        root: str,
        title: str,
        *,
        due: date,
        watch: int = 30,
        check_on: date | None = None,
        by: str = "sato",
        **plan: Any,
    ) -> _Crack:
        """Propose a measure and commit to it; its effect is looked at on `check_on`, or `watch` days after the due date."""
        story = self.story
        check_on = check_on or story.calendar.roll_forward(due + timedelta(days=watch))
        self.idea(key, at, root, title, due_on=story.stand_in, check_on=story.stand_in + timedelta(days=1), **plan)

        def commit(at: datetime) -> None:
            measure = countermeasure.commit(self.measures[key], by=story.who[by])
            Countermeasure.objects.filter(pk=measure.pk).update(due_on=due)
            measure.checks.update(check_on=check_on)
            TimelineEntry.objects.filter(incident=measure.incident_id, text__contains=str(story.stand_in)).update(
                text=Replace("text", Value(str(story.stand_in)), Value(str(due)))
            )
            _plan_as_on(at.astimezone(story.zone).date(), measure.follow_up, due, story.calendar)

        self._then(at + timedelta(minutes=4), commit)
        return self

    def begun(self, key: str, at: datetime) -> _Crack:
        self._then(at, lambda at: countermeasure.start(self.measures[key], by=self._measure(key).owner))
        return self

    def done(self, key: str, at: datetime, note: str) -> _Crack:
        def complete(at: datetime) -> None:
            measure = self._measure(key)
            due, check_on = measure.due_on, measure.checks.get(outcome="").check_on
            day = at.astimezone(self.story.zone).date()
            check_on += max(timedelta(), day - due)  # done late: the window for watching stays whole
            countermeasure.complete(measure, by=measure.owner, note=note)
            plan = measure.checks.select_related("follow_up__incident").get(outcome="")
            plan.check_on = self.story.calendar.roll_forward(check_on)
            plan.save(update_fields=["check_on"])
            _plan_as_on(day, plan.follow_up, plan.check_on, self.story.calendar)

        self._then(at, complete)
        return self

    def judged(self, key: str, at: datetime, by: str, note: str, outcome: str = Outcome.EFFECTIVE) -> _Crack:
        def judge(at: datetime) -> None:
            plan = EffectCheck.objects.get(measure=self.measures[key], outcome="")
            check.record_outcome(plan, by=self.story.who[by], outcome=outcome, note=note)

        self._then(at, judge)
        return self

    def handed(self, key: str, at: datetime, to: str, reason: str) -> _Crack:
        self._then(
            at,
            lambda at: countermeasure.hand_over(
                self._measure(key), by=self.story.who["sato"], owner=self.story.who[to], reason=reason
            ),
        )
        return self

    def ended(self, at: datetime, end: str, reason: str, original: _Crack | None = None) -> _Crack:
        self._then(
            at,
            lambda at: incident.end_otherwise(
                self.record, by=self.by, end=end, reason=reason, duplicate_of=original.record if original else None
            ),
        )
        return self

    def _then(self, at: datetime, act: Callable[[datetime], object]) -> None:
        """Add a step after those told before it: around closed days two dates may fall on the same day."""
        self.last = at = max(at, self.last + timedelta(seconds=30))
        self.story.then(at, lambda: act(at))

    def _measure(self, key: str) -> Countermeasure:
        return Countermeasure.objects.select_related("incident__team", "owner").get(pk=self.measures[key].pk)

    def _named(self, value: Any) -> Any:
        return self.story.who.get(value, value) if isinstance(value, str) else value


# The story in words --------------------------------------------------------------------------


def _tell(s: _Story) -> None:
    """What happened in the two teams, oldest first."""
    _long_ago(s)
    for told in (_mended, _promised, _on_the_way, _other_ends, _accounts, _just_now):
        told(s)


def _long_ago(s: _Story) -> None:
    old = _Crack(
        s,
        s.at(420, "15:20"),
        "tanaka",
        "見積書の宛名が別の会社名のまま届いた",
        category=Category.MISDELIVERY,
        process="見積書の送付",
        counterparty="南北物産株式会社 様",
        severity=Severity.S3,
        who_waits="南北物産株式会社 様",
        body="前の見積書を複写して作った一通で、宛名の会社名が前のお客様のままになっていました。金額と品名は正しいものでした。",
    )

    def go_on() -> None:
        Organisation.objects.update(next_incident_number=NEWEST - (s.cracks - 1) + 1)

    s.then(s.at(420, "15:30"), go_on)
    old.told(48, "宛名の誤りをお詫びし、正しい見積書を当日中に送るとお伝えしました。")
    old.why(
        "a",
        s.at(418, "10:00"),
        "前の見積書を複写し、宛名だけを手で書き替えていた。",
        evidence="複写元のファイルの更新記録",
    )
    old.why("b", s.at(418, "10:10"), "見積書の様式が、宛名を手で入れる作りになっている。", under="a", root=Factor.TOOL)
    old.promise(
        "m",
        s.at(417, "11:00"),
        "b",
        "宛名を取引先マスタから差し込む様式に替える",
        due=s.day(400),
        before="前の見積書を複写し、宛名を手で書き替える",
        after="取引先コードを入れると、宛名がマスタから入る。手では書けない",
        strength=Strength.IMPOSSIBLE,
        owner="tanaka",
        checker="sato",
        check_what="宛名を直して送り直した見積書の数",
        check_threshold="30日間で0通",
    )
    old.done("m", s.at(403, "16:30"), "新しい様式に替え、古い様式は共有フォルダから外しました。")
    old.judged("m", s.at(370, "10:30"), "sato", "30日間に送った見積書212通のうち、宛名の送り直しは0通でした。")


def _mended(s: _Story) -> None:
    """Six cracks of the last three months that have turned to gold."""
    row = _Crack(
        s,
        s.at(86, "10:12"),
        "tanaka",
        "ファクス注文の数量を一行下の品番に登録",
        category=Category.TRANSCRIPTION,
        process="受注登録",
        counterparty="株式会社北星工業 様",
        severity=Severity.S3,
        who_waits="株式会社北星工業 様",
        occurred_at=s.at(87, "16:40"),
        body="ファクスの注文書を見ながら登録したとき、数量が一行下の品番に入りました。出荷前に先方から確認の電話があり、わかりました。",
    )
    row.told(31, "出荷前に止めたこと、正しい内容で当日出荷することをお伝えしました。")
    row.line(s.at(87, "16:40"), "ファクス注文書12行を受注画面に登録")
    row.line(s.at(86, "10:25"), "倉庫に連絡し、該当の2品番の出荷を止めた")
    row.line(s.at(86, "11:30"), "同じ日に登録した9件を注文書と照合。ほかに差異なし")
    row.line(s.at(87, "16:55"), "登録の途中で電話を受けた", Certainty.ESTIMATE)
    row.why("a", s.at(85, "10:00"), "数量が、一行下の品番の欄に入った。", evidence="受注番号 20417 の登録記録")
    row.why("b", s.at(85, "10:05"), "紙の行と画面の行を、目だけで合わせて入れている。", under="a")
    row.why("c", s.at(85, "10:10"), "注文が紙で届き、手で入れ直す作業が残っている。", under="b", root=Factor.TOOL)
    row.why(
        "d",
        s.at(85, "10:20"),
        "登録のあと、合計数量を注文書と比べる画面がない。",
        track=Track.ESCAPE,
        evidence="受注画面の項目一覧",
    )
    row.promise(
        "m",
        s.at(84, "14:00"),
        "c",
        "ファクス注文をやめ、取引先が入力する発注フォームで受ける",
        due=s.day(74),
        before="ファクスの注文書を見て、受注画面に手で入れる",
        after="取引先が入力した品番と数量が、そのまま受注画面に入る",
        strength=Strength.ELIMINATE,
        owner="tanaka",
        backup="suzuki",
        checker="sato",
        check_what="入力の行ちがいによる受注の訂正",
        check_threshold="30日間で0件",
        promised_outside=True,
    )
    row.begun("m", s.at(82, "09:40"))
    row.done("m", s.at(76, "15:10"), "北星工業様を含む8社が発注フォームに切り替わりました。")
    row.judged("m", s.at(44, "10:00"), "sato", "8社からの受注146件で、行ちがいの訂正は0件でした。")

    slip = _Crack(
        s,
        s.at(80, "11:05"),
        "suzuki",
        "二社の納品書が入れ替わって届いた",
        category=Category.MAIL_POST,
        process="納品書の封入",
        counterparty="株式会社みどり食品 様、大川商店 様",
        severity=Severity.S3,
        who_waits="株式会社みどり食品 様",
        body="同じ日に封入した二社の納品書が入れ替わって届きました。両社に回収をお願いし、同日に正しい納品書をお送りしています。",
    )
    slip.told(44, "入れ替わりをお詫びし、回収用の封筒と正しい納品書を本日送るとお伝えしました。")
    slip.line(s.at(81, "16:00"), "二社あての納品書を封入し、郵便に出した")
    slip.line(s.at(80, "13:15"), "大川商店様へも電話で連絡。開封前であることを確認")
    slip.line(s.at(78, "10:30"), "両社から納品書を回収。写しは残っていないと回答あり")
    slip.why("a", s.at(79, "10:00"), "封筒の宛名と中の納品書を、別々に印刷している。", evidence="封入手順書 第3版")
    slip.why(
        "b", s.at(79, "10:06"), "宛名のシールと納品書の順番がずれると、気づける所がない。", under="a", root=Factor.TOOL
    )
    slip.why(
        "c",
        s.at(79, "10:15"),
        "封をする前の確かめが、通数を数えるだけになっている。",
        track=Track.ESCAPE,
        root=Factor.PROCEDURE,
        evidence="当日の封入記録（通数のみ）",
    )
    slip.promise(
        "m1",
        s.at(78, "14:00"),
        "b",
        "窓付き封筒に替え、宛名シールをなくす",
        due=s.day(64),
        before="宛名シールと納品書を別々に印刷し、封入のときに組み合わせる",
        after="納品書の宛名が窓から見える。宛名シールは使わない",
        strength=Strength.ELIMINATE,
        owner="suzuki",
        checker="yamaguchi",
        check_what="納品書の入れちがいの連絡",
        check_threshold="30日間で0件",
    )
    slip.promise(
        "m2",
        s.at(78, "14:20"),
        "c",
        "封をする前に納品書番号を読み取り、出荷一覧と突き合わせる",
        due=s.calendar.add_business_days(s.day(64), -2),
        before="封入した通数だけを数える",
        after="納品書番号を読み取り、出荷一覧の会社名と合うと印が出る",
        strength=Strength.CHECK,
        owner="yamaguchi",
        checker="tanaka",
        check_what="読み取りで止まった通数と、社外に出た入れちがい",
        check_threshold="社外に出た入れちがいが30日間で0件",
    )
    slip.done("m1", s.at(65, "13:20"), "窓付き封筒に替えました。シールの在庫は処分しています。")
    slip.done("m2", s.at(64, "17:05"), "読み取り機の納品が遅れ、期限の2営業日後に運用を始めました。")
    slip.judged(
        "m2",
        s.at(30, "11:00"),
        "tanaka",
        "30日間で340通を読み取り、2通が封をする前に止まりました。社外への入れちがいは0件です。",
    )
    slip.judged("m1", s.at(29, "15:30"), "yamaguchi", "30日間、入れちがいの連絡は0件でした。")

    tenfold = _Crack(
        s,
        s.at(75, "09:30"),
        "yamaguchi",
        "梱包材を十倍の数量で発注",
        category=Category.ORDERING,
        process="資材の発注",
        counterparty="東和資材株式会社 様",
        severity=Severity.S3,
        who_waits="東和資材株式会社 様",
        body="箱単位で入れる欄に枚数を入れて発注しました。仕入先からの確認の電話でわかり、出荷前に数量を直していただきました。",
    )
    tenfold.told(38, "数量の訂正をお願いし、正しい数量で受けていただきました。")
    tenfold.line(s.at(76, "17:20"), "発注画面で数量 200 と入力（単位は箱）")
    tenfold.line(s.at(75, "09:30"), "仕入先から、数量が平月の十倍であると電話あり")
    tenfold.why(
        "a", s.at(74, "10:00"), "枚数のつもりで入れた 200 が、200 箱として発注された。", evidence="発注番号 P-3381"
    )
    tenfold.why("b", s.at(74, "10:05"), "数量の欄に単位が出ていない。", under="a", root=Factor.TOOL)
    tenfold.promise(
        "m",
        s.at(73, "11:00"),
        "b",
        "発注画面の数量欄に単位を出し、平月の三倍を超える数量は登録できなくする",
        due=s.day(61),
        before="数量の欄に単位がなく、どんな数でも登録できる",
        after="「箱（100枚入り）」と出る。平月の三倍を超えると登録が止まる",
        strength=Strength.IMPOSSIBLE,
        owner="yamaguchi",
        checker="suzuki",
        check_what="単位の取りちがえによる発注の訂正",
        check_threshold="30日間で0件",
    )
    tenfold.done("m", s.at(62, "16:00"), "画面の設定を変え、資材42品目に単位と上限を入れました。")
    tenfold.judged(
        "m", s.at(28, "10:20"), "suzuki", "発注58件のうち3件が上限で止まり、入れ直されました。訂正の連絡は0件です。"
    )

    renewal = _Crack(
        s,
        s.at(70, "14:10"),
        "sato",
        "保守契約の更新の返事が期日を過ぎた",
        category=Category.CONTRACT,
        process="契約の管理",
        counterparty="セントラル保守株式会社 様",
        severity=Severity.S3,
        who_waits="セントラル保守株式会社 様",
        body="複合機の保守契約について、更新の返事をする期日を二日過ぎていました。先方のご厚意で条件は変わっていません。",
    )
    renewal.told(36, "返事が遅れたことをお詫びし、更新する旨をお伝えしました。", Channel.MAIL)
    renewal.line(s.at(72, "17:00"), "更新の返事の期日")
    renewal.line(s.at(70, "14:10"), "先方からの問い合わせで期日を過ぎていることがわかった")
    renewal.why("a", s.at(69, "10:00"), "更新の期日が、契約書の紙にだけ書かれていた。", evidence="契約書の綴り")
    renewal.why("b", s.at(69, "10:05"), "期日を前もって知らせるものがない。", under="a", root=Factor.INFORMATION)
    renewal.promise(
        "m",
        s.at(68, "13:00"),
        "b",
        "契約台帳に更新日を入れ、60日前に自動で知らせる",
        due=s.day(56),
        before="契約書の紙を見て、思い出したときに手続きをする",
        after="更新日の60日前と30日前に、台帳から担当と代わりの人へ知らせが届く",
        strength=Strength.AUTOMATE,
        owner="sato",
        backup="tanaka",
        checker="tanaka",
        check_what="知らせより後に気づいた更新",
        check_threshold="30日間で0件",
    )
    renewal.done("m", s.at(57, "11:45"), "契約31件を台帳に入れ、知らせの試しも済ませました。")
    renewal.judged("m", s.at(23, "09:50"), "tanaka", "期間中に更新日が来た4件とも、60日前に知らせが届いていました。")

    moved = _Crack(
        s,
        s.at(66, "16:20"),
        "tanaka",
        "電話で受けた納期の変更が出荷に伝わらなかった",
        category=Category.DELIVERY_DELAY,
        process="納期の調整",
        counterparty="有限会社三浦金物 様",
        severity=Severity.S3,
        who_waits="有限会社三浦金物 様",
        body="一週間早める納期の変更を電話で受けましたが、出荷の予定は元の日付のままでした。翌朝の便で全量をお届けしています。",
    )
    moved.told(29, "翌朝の便で全量を届けること、到着予定は10時であることをお伝えしました。")
    moved.line(s.at(73, "11:15"), "納期変更の電話を受け、紙のメモに書いた")
    moved.line(s.at(65, "09:50"), "全量をお届けし、受領の印をいただいた")
    moved.line(s.at(73, "12:00"), "メモがどこで止まったか", Certainty.UNKNOWN, unknown_time=True)
    moved.why("a", s.at(64, "10:00"), "納期の変更が、紙のメモだけで渡されていた。", evidence="当日のメモの写し")
    moved.why("b", s.at(64, "10:05"), "電話で受けた変更を入れる決まった場所がない。", under="a", root=Factor.PROCEDURE)
    moved.promise(
        "m",
        s.at(63, "14:00"),
        "b",
        "納期の変更は受注システムの変更依頼だけで受け、出荷予定を自動で書き替える",
        due=s.day(50),
        before="電話の内容を紙に書き、出荷の席へ持っていく",
        after="電話を受けながら変更依頼を入れると、出荷予定の日付が変わる",
        strength=Strength.AUTOMATE,
        owner="tanaka",
        checker="suzuki",
        check_what="伝わらなかった納期の変更",
        check_threshold="30日間で0件",
        promised_outside=True,
    )
    moved.begun("m", s.at(60, "09:30"))
    moved.done("m", s.at(51, "15:00"), "変更依頼の画面を使い始め、紙のメモの様式をなくしました。")
    moved.judged("m", s.at(5, "16:10"), "suzuki", "変更依頼37件のすべてが、当日中に出荷予定へ入っていました。")

    version = _Crack(
        s,
        s.at(59, "13:40"),
        "suzuki",
        "改定前の見積書を送付",
        category=Category.DOCUMENT_VERSION,
        process="見積書の送付",
        counterparty="株式会社ひので製作所 様",
        severity=Severity.S3,
        who_waits="株式会社ひので製作所 様",
        body="値引きを入れる前の版を送っていました。正しい見積書を同日に送り、先の分は無効とすることを了承いただいています。",
    )
    version.told(52, "先の見積書が改定前のものであることと、正しい版を送ったことをお伝えしました。", Channel.MAIL)
    version.line(s.at(59, "13:40"), "先方から、合計金額が打ち合わせと違うと連絡")
    version.line(s.at(59, "14:25"), "共有フォルダに同じ名前の見積書が三つあることを確認")
    version.why("a", s.at(58, "10:00"), "改定前の版が、送付用のフォルダに残っていた。", evidence="フォルダの更新記録")
    version.why(
        "b", s.at(58, "10:05"), "改定のたびに写しを作り、古い版をしまう決まりがない。", under="a", root=Factor.TOOL
    )
    version.promise(
        "m",
        s.at(57, "14:00"),
        "b",
        "見積書の置き場所を一つにし、改定すると古い版が自動でしまわれるようにする",
        due=s.day(42),
        before="改定のたびに写しを作り、同じフォルダに並べて置く",
        after="送付用の場所には最新版だけが見える。古い版は履歴からひらく",
        strength=Strength.AUTOMATE,
        owner="suzuki",
        checker="sato",
        check_what="改定前の見積書の送付",
        check_threshold="30日間で0件",
    )
    version.done("m", s.at(43, "17:10"), "置き場所を移し、版の履歴が残る設定にしました。")
    version.judged("m", s.at(4, "11:20"), "sato", "送付した見積書96通のすべてが最新版でした。")


def _promised(s: _Story) -> None:
    """Records whose countermeasures are promised: late, soon due, done and waiting for their check."""
    invoice = _Crack(
        s,
        s.at(55, "10:12"),
        "sato",
        "請求書PDFを名前の似た別のお客様へ送付",
        category=Category.MISDELIVERY,
        process="請求書の送付",
        counterparty="株式会社青山商事 様、青木商事株式会社 様",
        severity=Severity.S2,
        who_waits="株式会社青山商事 様、青木商事株式会社 様",
        body="青山商事様あての請求書PDFを青木商事様へ送りました。青木商事様には削除をお願いし、翌日に削除の返事をいただいています。",
    )
    invoice.told(37, "青山商事様と青木商事様の両方に、起きたことと次の連絡の時刻をお伝えしました。")
    invoice.line(s.at(55, "10:20"), "送信の記録を見て、別の宛先に出たのは1通だけと確認")
    invoice.line(s.at(54, "14:00"), "青木商事様から、PDFを削除したと返事")
    invoice.line(s.at(55, "09:05"), "似た名前が並んだ候補から宛先を選んだ", Certainty.ESTIMATE)
    invoice.line(
        s.at(55, "09:10"), "青木商事様の社内で、ほかにひらいた方がいるか", Certainty.UNKNOWN, unknown_time=True
    )
    invoice.why(
        "a", s.at(53, "10:00"), "請求書PDFが、青山商事様ではなく青木商事様へ届いた。", evidence="送信の記録 9:05"
    )
    invoice.why("b", s.at(53, "10:05"), "宛先を、名前の似た候補の中から手で選んでいた。", under="a", root=Factor.TOOL)
    invoice.why("c", s.at(53, "10:15"), "送る前の確かめが、送る人の目だけに頼っていた。", track=Track.ESCAPE)
    invoice.why(
        "d",
        s.at(53, "10:20"),
        "宛先と添付の会社名を突き合わせる仕組みがない。",
        under="c",
        root=Factor.PROCEDURE,
        evidence="送付手順書 第5版",
    )
    invoice.promise(
        "m1",
        s.at(52, "14:00"),
        "b",
        "請求書の送付を会計ソフトの自動送付に切り替える",
        due=s.day(40),
        before="メールの宛先を手で選び、PDFを添付して送る",
        after="取引先マスタの宛先へ、会計ソフトが請求書を送る",
        strength=Strength.AUTOMATE,
        owner="tanaka",
        checker="yamaguchi",
        check_what="別の宛先に届いた請求書",
        check_threshold="30日間で0通",
        promised_outside=True,
    )
    invoice.done("m1", s.at(41, "16:40"), "自動送付に切り替え、対象の得意先68社への試し送りも済ませました。")
    invoice.promise(
        "m2",
        s.at(34, "14:10"),
        "d",
        "送信前に宛先と添付の会社名を照合する仕組みを入れる",
        due=s.business(-2),
        watch=90,
        before="送る人が宛先と添付を目で見比べる",
        after="会社名が合わないと送信ボタンが押せない",
        strength=Strength.IMPOSSIBLE,
        owner="tanaka",
        backup="suzuki",
        checker="yamaguchi",
        check_what="別の宛先に届いた添付つきメール",
        check_threshold="90日間で0通",
        promised_outside=True,
    )
    invoice.promise(
        "m3",
        s.at(34, "14:30"),
        "b",
        "名前の似た得意先に識別番号をつける",
        due=s.business(6),
        watch=90,
        before="候補には会社名だけが並ぶ",
        after="会社名の前に番号がつき、所在地も並ぶ",
        strength=Strength.CHECK,
        owner="suzuki",
        checker="sato",
        check_what="宛先の選び直しの数",
        check_threshold="90日間で月2件以下",
    )
    invoice.begun("m3", s.at(9, "10:00"))
    invoice.judged(
        "m1", s.at(3, "09:30"), "yamaguchi", "30日間に送った請求書204通のすべてが、正しい宛先に届いていました。"
    )
    invoice.handed("m2", s.now - timedelta(minutes=25), "sato", "月末の締めと重なるため、リーダーが引き受けます。")

    twice = _Crack(
        s,
        s.at(48, "09:50"),
        "tanaka",
        "同じ請求に二度支払いの依頼を出した",
        category=Category.DOUBLE_PAYMENT,
        process="支払いの依頼",
        counterparty="東和資材株式会社 様",
        severity=Severity.S3,
        who_waits="東和資材株式会社 様",
        body="郵送とメールの両方で届いた同じ請求書に、二度支払いの依頼を出していました。二度目の分は翌月の請求と相殺していただきました。",
    )
    twice.told(41, "重ねて支払ったことをお伝えし、翌月分との相殺をお願いしました。")
    twice.line(s.at(49, "15:00"), "二度目の振込")
    twice.line(s.at(47, "11:00"), "先方から相殺を承諾する返事")
    twice.why("a", s.at(46, "10:00"), "一つの請求書が、郵送とメールの二つの道で届いていた。", evidence="受付の記録")
    twice.why("b", s.at(46, "10:05"), "請求番号が重なっても、支払いの依頼が出せてしまう。", under="a", root=Factor.TOOL)
    twice.promise(
        "m",
        s.at(45, "14:00"),
        "b",
        "振込データの二重払いチェックを会計ソフトに設定",
        due=s.day(33),
        check_on=s.last_open_day,
        before="請求番号が重なっても、そのまま依頼が通る",
        after="同じ取引先で請求番号が重なると、依頼が止まる",
        strength=Strength.IMPOSSIBLE,
        owner="tanaka",
        checker="sato",
        check_what="同じ請求番号への二度目の支払い",
        check_threshold="30日間で0件",
    )
    twice.done("m", s.at(34, "10:40"), "設定を入れ、過去三か月の請求番号でも試しました。")

    closing = _Crack(
        s,
        s.at(40, "17:10"),
        "suzuki",
        "得意先ごとの締日を取りちがえて請求書を発行",
        category=Category.BILLING,
        process="請求書の発行",
        counterparty="山手電機株式会社 様",
        severity=Severity.S3,
        who_waits="山手電機株式会社 様",
        body="20日締めの得意先に、末日締めの請求書を出していました。正しい締日で出し直し、先の分は無効としていただいています。",
    )
    closing.told(38, "正しい締日の請求書を翌日10時までに送るとお伝えしました。", Channel.MAIL)
    closing.line(s.at(39, "09:40"), "正しい請求書を送付")
    closing.why("a", s.at(38, "10:00"), "締日を、得意先ごとの一覧を見て手で選んでいる。", evidence="発行の手順書")
    closing.why("b", s.at(38, "10:05"), "得意先マスタに締日の項目がない。", under="a", root=Factor.TOOL)
    closing.promise(
        "m1",
        s.at(37, "14:00"),
        "b",
        "締日を得意先マスタに持たせ、請求の画面で自動で決まるようにする",
        due=s.day(9),
        before="一覧を見て、締日を手で選ぶ",
        after="得意先を選ぶと締日が決まり、手では変えられない",
        strength=Strength.AUTOMATE,
        owner="yamaguchi",
        checker="sato",
        check_what="締日の取りちがえによる出し直し",
        check_threshold="30日間で0件",
    )
    closing.promise(
        "m2",
        s.at(20, "14:20"),
        "b",
        "月末の朝会で、その月に締日が変わる得意先を読み合わせる",
        due=s.business(4),
        before="締日の変わる得意先を、それぞれが一覧で見る",
        after="月末の朝会で、変わる得意先の名前を全員で読む",
        strength=Strength.TEACH,
        owner="sato",
        checker="suzuki",
        check_what="朝会で読み合わせた月の、締日の問い合わせ",
        check_threshold="30日間で1件以下",
    )
    closing.done("m1", s.at(10, "15:30"), "得意先114社の締日をマスタに入れました。")

    ledger = _Crack(
        s,
        s.at(18, "11:30"),
        "sato",
        "受注CSVの品番が一桁欠けたまま取り込まれた",
        category=Category.TRANSCRIPTION,
        process="受注の取り込み",
        counterparty="株式会社ひので製作所 様",
        severity=Severity.S3,
        who_waits="株式会社ひので製作所 様",
        body="表計算ソフトで開き直したCSVから品番の先頭の0が落ち、別の品番として取り込まれました。出荷の前に差し替えています。",
    )
    ledger.told(39, "品番を差し替え、納期は変わらないことをお伝えしました。")
    ledger.line(s.at(18, "10:55"), "受注CSV 48行を取り込み")
    ledger.line(s.at(18, "11:50"), "48行を元のファイルと照合し、品番の欠けは3行と確認")
    ledger.why(
        "a",
        s.at(17, "10:00"),
        "取り込む前に、CSVを表計算ソフトで開いて保存し直していた。",
        evidence="ファイルの更新記録",
    )
    ledger.why(
        "b", s.at(17, "10:05"), "行を並べ替えるために、開き直す手順になっている。", under="a", root=Factor.PROCEDURE
    )
    ledger.why("c", s.at(17, "10:15"), "品番がマスタになくても、取り込みが通る。", track=Track.ESCAPE, root=Factor.TOOL)
    ledger.promise(
        "m1",
        s.at(14, "14:00"),
        "c",
        "受注CSVの取り込みに品番マスタの照合を加える",
        due=s.business(2),
        before="マスタにない品番も、そのまま取り込まれる",
        after="マスタにない品番の行は止まり、行番号と理由が出る",
        strength=Strength.IMPOSSIBLE,
        owner="sato",
        backup="yamaguchi",
        checker="tanaka",
        check_what="品番ちがいで取り込まれた行",
        check_threshold="30日間で0行",
    )
    ledger.promise(
        "m2",
        s.at(14, "14:20"),
        "b",
        "並べ替えを取り込み側で行い、CSVを開き直す手順をなくす",
        due=s.business(9),
        before="表計算ソフトで並べ替え、保存し直してから取り込む",
        after="届いたファイルをそのまま取り込む。並べ替えは画面で行う",
        strength=Strength.ELIMINATE,
        owner="yamaguchi",
        checker="sato",
        check_what="開き直してから取り込んだファイル",
        check_threshold="30日間で0件",
    )
    ledger.begun("m1", s.at(7, "13:00"))


def _on_the_way(s: _Story) -> None:
    """Records between the first report and the promise, and one whose measure did not work."""
    dock = _Crack(
        s,
        s.at(52, "10:45"),
        "yamaguchi",
        "納品の時間が二社で重なり、一社をお待たせした",
        category=Category.SCHEDULING,
        process="納品の予約",
        counterparty="北港運輸株式会社 様",
        severity=Severity.S3,
        who_waits="北港運輸株式会社 様",
        body="同じ時間に二社の納品予約が入り、後から来られた便を50分お待たせしました。",
    )
    dock.told(47, "待ち時間の見込みと、次回からの受付の窓口をお伝えしました。", Channel.IN_PERSON)
    dock.line(s.at(52, "10:30"), "二社の便が続けて到着")
    dock.line(s.at(52, "11:35"), "二社目の荷おろしを始めた")
    dock.why("a", s.at(51, "10:00"), "電話とメールの予約が、別々の表に書かれていた。", evidence="当日の予約表二枚")
    dock.why(
        "b", s.at(51, "10:05"), "埋まっている時間が、予約を受けるときに見えない。", under="a", root=Factor.INFORMATION
    )
    dock.promise(
        "m",
        s.at(50, "14:00"),
        "b",
        "予約表に色をつけ、埋まっている時間を見分けやすくする",
        due=s.day(44),
        before="時間と会社名だけが並ぶ",
        after="埋まった時間は色がつく",
        strength=Strength.CHECKLIST,
        owner="suzuki",
        checker="yamaguchi",
        check_what="時間が重なった予約",
        check_threshold="30日間で0件",
    )
    dock.done("m", s.at(45, "11:00"), "二つの予約表に同じ色分けを入れました。")
    dock.judged(
        "m",
        s.at(11, "15:40"),
        "yamaguchi",
        "30日間で2件重なりました。電話の予約が表に入る前に、メールの予約を受けていました。",
        Outcome.INEFFECTIVE,
    )
    dock.idea(
        "m2",
        s.at(6, "11:00"),
        "b",
        "予約の窓口を一つの予約画面にし、埋まった時間は選べなくする",
        before="電話とメールを別々の表で受ける",
        after="どの予約も同じ画面に入り、埋まった時間は選べない",
        strength=Strength.IMPOSSIBLE,
    )

    contact = _Crack(
        s,
        s.at(12, "15:15"),
        "tanaka",
        "サンプルを前のご担当者あてに発送",
        category=Category.HANDOVER,
        process="サンプルの発送",
        counterparty="株式会社みどり食品 様",
        severity=Severity.S4,
        who_waits="株式会社みどり食品 様",
        body="ご担当の交代の連絡は営業に届いていましたが、発送の宛先は前の方のままでした。先方の社内で今のご担当に渡していただいています。",
    )
    contact.told(33, "宛先の誤りをお詫びし、今のご担当のお名前に改めたことをお伝えしました。")
    contact.line(s.at(13, "16:30"), "前のご担当者あてで発送")
    contact.line(s.at(30, "10:00"), "交代の連絡を営業が受けた", Certainty.ESTIMATE)
    contact.why("a", s.at(10, "10:00"), "交代の連絡が、営業のメールの中だけにあった。", evidence="受信の記録")
    contact.why(
        "b",
        s.at(10, "10:05"),
        "ご担当の変更を取引先マスタに入れる人と時期が決まっていない。",
        under="a",
        root=Factor.INFORMATION,
    )
    contact.idea(
        "m",
        s.at(8, "13:30"),
        "b",
        "交代の連絡を受けた人が、その場で取引先マスタを直せるようにする",
        before="営業がメールで受け、直す人は決まっていない",
        after="受けた人がその場でマスタを直し、発送の宛先も変わる",
        strength=Strength.CHECK,
    )

    late = _Crack(
        s,
        s.at(2, "13:25"),
        "yamaguchi",
        "納期の回答がお約束の時刻を過ぎた",
        category=Category.DELIVERY_DELAY,
        process="納期の回答",
        counterparty="山手電機株式会社 様",
        severity=Severity.S3,
        who_waits="山手電機株式会社 様",
        body="正午までにとお約束した納期の回答が、13時を過ぎても出ていませんでした。",
    )
    late.told(55, "納期は来週の火曜であること、遅れのお詫びをお伝えしました。")
    late.line(s.at(2, "12:00"), "お約束の時刻")
    late.line(s.at(2, "12:10"), "工場からの返事を待っていた", Certainty.ESTIMATE)
    late.why("a", s.at(1, "10:30"), "お約束の時刻が、電話を受けた席のメモにだけあった。", evidence="電話のメモ")
    _later_ends(s, late)

    _Crack(
        s,
        s.at(6, "14:50"),
        "suzuki",
        "単価の桁ちがいに出荷の前に気づいた",
        kind=IncidentKind.NEAR_MISS,
        category=Category.SYSTEM_ENTRY,
        process="単価の登録",
        severity=Severity.S4,
        body="新しい品目の単価が一桁多く登録されていました。納品書を印刷したときに気づき、社外には出ていません。",
    ).line(s.at(6, "15:10"), "単価を直し、同じ日に登録した6品目も確かめた")
    _Crack(
        s,
        s.at(9, "16:30"),
        "yamaguchi",
        "月末の午後、電話と締めの作業が重なっている",
        kind=IncidentKind.CONCERN,
        category=Category.COMPLAINT_CALL,
        process="月末の締め",
        body="まだ割れてはいませんが、締めの入力の途中で電話を取ることが続いています。電話の当番を分けられないでしょうか。",
    )


def _other_ends(s: _Story) -> None:
    parcel = _Crack(
        s,
        s.at(25, "10:20"),
        "suzuki",
        "社内便が別の階に届いた",
        category=Category.MAIL_POST,
        process="社内便",
        severity=Severity.S4,
        body="フロアの移動のあと、社内便の棚の札が古いままでした。当日のうちに届け直しています。",
    )
    parcel.ended(
        s.at(21, "11:00"),
        Stage.REPAIRED_ONLY,
        "社内便は今月末でなくなります。札を直し、残りの期間はこのまま使うため、対策は約束せずに終えます。",
    )
    unmatched = _Crack(
        s,
        s.at(15, "09:40"),
        "tanaka",
        "入金の消し込みもれがあるように見えた",
        category=Category.BILLING,
        process="入金の確認",
        severity=Severity.S4,
        body="入金の一覧に一件足りないように見えました。",
    )
    unmatched.ended(
        s.at(14, "10:05"),
        Stage.WITHDRAWN,
        "翌朝の一覧に入金が出ていました。銀行の反映の時刻によるもので、割れではありませんでした。",
    )


def _later_ends(s: _Story, original: _Crack) -> None:
    again = _Crack(
        s,
        s.at(2, "14:05"),
        "tanaka",
        "納期の回答が遅れていると電話があった",
        category=Category.DELIVERY_DELAY,
        process="納期の回答",
        counterparty="山手電機株式会社 様",
        severity=Severity.S3,
        who_waits="山手電機株式会社 様",
    )
    again.ended(s.at(2, "14:30"), Stage.DUPLICATE, "同じ電話の件が、先に記録されていました。", original)


def _accounts(s: _Story) -> None:
    """The second team; nobody of the first one sees any of it."""
    fare = _Crack(
        s,
        s.at(16, "13:10"),
        "ito",
        "定期区間の交通費を重ねて精算",
        where="accounts",
        category=Category.EXPENSE,
        process="経費の精算",
        counterparty="社内の申請者",
        severity=Severity.S4,
        body="定期券のある区間の交通費が、別に精算されていました。翌月の給与で調整しています。",
    )
    fare.line(s.at(16, "13:10"), "月次の照合で1件がわかった")
    fare.why("a", s.at(15, "10:00"), "申請の画面に、定期の区間が出ていない。", root=Factor.TOOL)
    fare.idea(
        "m",
        s.at(13, "11:00"),
        "a",
        "申請の画面で、定期の区間を自動で差し引く",
        before="申請する人が、定期の区間を思い出して除く",
        after="区間を入れると、定期の分が差し引かれる",
        strength=Strength.AUTOMATE,
    )
    _Crack(
        s,
        s.now - timedelta(minutes=52),
        "ito",
        "支払通知書の金額に消費税が入っていない",
        where="accounts",
        category=Category.BILLING,
        process="支払通知書の発行",
        counterparty="大川商店 様",
        severity=Severity.S3,
        who_waits="大川商店 様",
    )


def _just_now(s: _Story) -> None:
    wrong = _Crack(
        s,
        s.now - timedelta(minutes=37),
        "sato",
        "請求書を別のお客様へ誤送信",
        category=Category.MISDELIVERY,
        process="請求書の送付",
        counterparty="株式会社青山商事 様",
        severity=Severity.S2,
        who_waits="株式会社青山商事 様",
        body="別のお客様から「他社の請求書が届いた」と電話がありました。送ったのは1通です。宛先と内容を確かめています。",
    )
    wrong.line(s.now - timedelta(minutes=37), "別のお客様から、他社の請求書が届いたと電話")
    wrong.line(s.now - timedelta(minutes=29), "送信の記録を見て、該当は1通と確認")
    wrong.line(s.now - timedelta(minutes=44), "自動送付の対象から外れていた得意先だった", Certainty.ESTIMATE)
