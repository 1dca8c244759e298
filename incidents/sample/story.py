"""The story as steps: people, mornings, and one incident with its steps in the order of time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Value
from django.db.models.functions import Replace

from incidents.domain import (
    audit,
    call,
    cause,
    check,
    containment,
    countermeasure,
    final_report,
    incident,
    mending,
    person,
    reminder,
    team,
    timeline,
)
from incidents.domain.told import day_said
from incidents.enums import (
    Certainty,
    Channel,
    DeliveryState,
    LetterState,
    Outcome,
    Role,
    Track,
)
from incidents.models import (
    Countermeasure,
    EffectCheck,
    Letter,
    Organisation,
    Person,
    ReminderDelivery,
    RootCause,
    Team,
    TimelineEntry,
    Why,
)
from incidents.queries.calendar import business_calendars
from incidents.sample.past import LETTERS, PEOPLE, RECORDS, happened, plan_as_on

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


@dataclass
class Story:
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
            with happened(at, RECORDS):
                act()
        while morning < self.last_open_day:
            self._morning(morning)
            morning += timedelta(days=1)
        # What is left for the next morning has not waited for anybody: the house opens now.
        ReminderDelivery.objects.filter(state=DeliveryState.PENDING).update(updated_at=self.now)

    def _morning(self, day: date) -> None:
        """The letters of a past morning. They are kept to be read here; none of them goes out."""
        if not ReminderDelivery.objects.filter(state=DeliveryState.PENDING, planned_on__lte=day).exists():
            return
        nine = datetime.combine(day, NINE, self.zone)
        with happened(nine, LETTERS):
            written = Letter.objects.filter(pk__in=reminder.write_due_digests(now=nine))
            ReminderDelivery.objects.filter(letter__in=written, state=DeliveryState.WRITTEN).update(
                state=DeliveryState.SENT, settled_at=nine
            )
            written.update(state=LetterState.KEPT)

    def people(self) -> None:
        """The organisation, its two teams and six people, fifteen months ago."""
        with happened(self.at(450, "09:00"), PEOPLE):
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


class Crack:
    """One incident as the story tells it: each method adds a step."""

    def __init__(self, story: Story, at: datetime, by: str, title: str, *, where: str = "orders", **known: Any):
        self.story, self.noticed, self.by = story, at, story.who[by]
        story.cracks += 1
        self.whys: dict[str, Why] = {}
        self.roots: dict[str, RootCause] = {}
        self.measures: dict[str, Countermeasure] = {}

        def record(at: datetime) -> None:
            self.record = incident.report(
                by=self.by, team=story.teams[where], title=title, noticed_at=self.noticed, with_care=False, **known
            )

        self.last = at
        self._then(at + timedelta(minutes=2), record)

    def told(self, minutes: int, note: str, channel: str = Channel.PHONE) -> Crack:
        reported = self.noticed + timedelta(minutes=minutes)
        self._then(
            reported + timedelta(minutes=1),
            lambda at: incident.record_first_report(
                self.record, by=self.by, channel=channel, reported_at=reported, note=note
            ),
        )
        return self

    def line(self, at: datetime, text: str, certainty: str = Certainty.FACT, *, unknown_time: bool = False) -> Crack:
        written = max(at, self.noticed) + timedelta(minutes=3)
        self._then(
            min(written, self.story.now - timedelta(minutes=1)),
            lambda _at: timeline.record(
                self.record, by=self.by, text=text, event_at=None if unknown_time else at, certainty=certainty
            ),
        )
        return self

    def found(self, at: datetime, line: str, text: str, verdict: str) -> Crack:
        """What was found out later about a line that was told before, named by its words."""

        def amend(at: datetime) -> None:
            entry = TimelineEntry.objects.get(incident=self.record, text=line)
            timeline.amend(entry, by=self.by, text=text, verdict=verdict)

        self._then(at, amend)
        return self

    def contained(self, at: datetime, text: str) -> Crack:
        self._then(at, lambda at: containment.record(self.record, by=self.by, text=text, done_at=at))
        return self

    def concluded(self, at: datetime, note: str, channel: str = Channel.MAIL) -> Crack:
        """The final report to the other side."""
        self._then(
            at,
            lambda at: final_report.give(self.record, by=self.by, channel=channel, reported_at=at, note=note),
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
    ) -> Crack:
        def ask(at: datetime) -> None:
            parent = self.whys.get(under)
            self.whys[key] = cause.ask_why(
                self.record, by=self.by, text=text, parent=parent, track=track, evidence=evidence
            )
            if root:
                self.roots[key] = cause.mark_root(self.whys[key], by=self.by, factor=root)

        self._then(at, ask)
        return self

    def idea(self, key: str, at: datetime, root: str, title: str, **plan: Any) -> Crack:
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
    ) -> Crack:
        """Propose a measure and commit to it; its effect is looked at on `check_on`, or `watch` days after the due date."""
        story = self.story
        check_on = check_on or story.calendar.roll_forward(due + timedelta(days=watch))
        self.idea(key, at, root, title, due_on=story.stand_in, check_on=story.stand_in + timedelta(days=1), **plan)

        def commit(at: datetime) -> None:
            measure = countermeasure.commit(self.measures[key], by=story.who[by])
            Countermeasure.objects.filter(pk=measure.pk).update(due_on=due)
            measure.checks.update(check_on=check_on)
            TimelineEntry.objects.filter(incident=measure.incident_id, text__contains=day_said(story.stand_in)).update(
                text=Replace("text", Value(day_said(story.stand_in)), Value(day_said(due)))
            )
            plan_as_on(at.astimezone(story.zone).date(), measure.follow_up, due, story.calendar)

        self._then(at + timedelta(minutes=4), commit)
        return self

    def begun(self, key: str, at: datetime) -> Crack:
        self._then(at, lambda at: countermeasure.start(self.measures[key], by=self._measure(key).owner))
        return self

    def called(self, at: datetime, with_whom: str, said: str, asks: str = "") -> Crack:
        """A call of the other side; what was promised to them is told by `told` and `promise`."""
        self._then(
            at,
            lambda at: call.note(self.record, by=self.by, with_whom=with_whom, called_at=at, said=said, asks=asks),
        )
        return self

    def mended_by(self, at: datetime, who: str, what: str, minutes: int | None = None) -> Crack:
        def write(at: datetime) -> None:
            one, day = self.story.who[who], at.astimezone(self.story.zone).date()
            mending.record(self.record, by=one, person=one, what=what, done_on=day, minutes=minutes)

        self._then(at, write)
        return self

    def done(self, key: str, at: datetime, note: str, **gain: int) -> Crack:
        """gain: steps_removed and minutes_saved, where the story knows them."""

        def complete(at: datetime) -> None:
            measure = self._measure(key)
            due, check_on = measure.due_on, measure.checks.get(outcome="").check_on
            day = at.astimezone(self.story.zone).date()
            check_on += max(timedelta(), day - due)  # done late: the window for watching stays whole
            countermeasure.complete(measure, by=measure.owner, note=note, **gain)
            plan = measure.checks.select_related("follow_up__incident").get(outcome="")
            plan.check_on = self.story.calendar.roll_forward(check_on)
            plan.save(update_fields=["check_on"])
            plan_as_on(day, plan.follow_up, plan.check_on, self.story.calendar)

        self._then(at, complete)
        return self

    def judged(self, key: str, at: datetime, by: str, note: str, outcome: str = Outcome.EFFECTIVE) -> Crack:
        def judge(at: datetime) -> None:
            plan = EffectCheck.objects.get(measure=self.measures[key], outcome="")
            check.record_outcome(plan, by=self.story.who[by], outcome=outcome, note=note)

        self._then(at, judge)
        return self

    def handed(self, key: str, at: datetime, to: str, reason: str) -> Crack:
        self._then(
            at,
            lambda at: countermeasure.hand_over(
                self._measure(key), by=self.story.who["sato"], owner=self.story.who[to], reason=reason
            ),
        )
        return self

    def ended(self, at: datetime, end: str, reason: str, original: Crack | None = None) -> Crack:
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
