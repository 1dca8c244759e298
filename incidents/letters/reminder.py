"""The morning's digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import override

from incidents.enums import REVIEW_KINDS, SPREAD_KINDS, FollowUpKind
from incidents.letters import links
from incidents.letters.base import Rendered, render
from incidents.models import FollowUp, Person, ReminderDelivery
from incidents.queries.calendar import zone_of
from incidents.queries.reminder import days_left
from tools.plain.daytext import long_day
from tools.plain.holidays import BusinessCalendar


@dataclass(frozen=True)
class Item:
    """One promise as the letter tells it. `days` is business days left; negative is past."""

    kind: str
    what: str
    reference: str
    incident: str
    team: str
    due: str
    days: int
    mine: bool
    stands_in: bool
    owner: str
    owner_gone: bool
    promised_outside: bool
    done_url: str
    page_url: str

    @property
    def is_review(self) -> bool:
        return self.kind in REVIEW_KINDS

    @property
    def is_spread(self) -> bool:
        return self.kind == FollowUpKind.SPREAD_ANSWER

    @property
    def is_spread_action(self) -> bool:
        return self.kind == FollowUpKind.SPREAD_ACTION

    @property
    def is_question(self) -> bool:
        return self.kind == FollowUpKind.QUESTION

    @property
    def is_final_report(self) -> bool:
        return self.kind == FollowUpKind.FINAL_REPORT

    @property
    def is_measure(self) -> bool:
        return self.kind == FollowUpKind.COUNTERMEASURE

    @property
    def late_days(self) -> int:
        return -self.days

    @property
    def is_check(self) -> bool:
        return self.kind == FollowUpKind.EFFECT_CHECK


def item(
    row: ReminderDelivery, *, recipient: Person, today: date, calendar: BusinessCalendar, owner_gone: bool = False
) -> Item:
    """A ledger row in words, for this recipient, on `today` in their zone.

    owner_gone: its owner has left the team or may no longer write; somebody has to be found.
    """
    follow_up = row.follow_up
    is_measure = follow_up.kind == FollowUpKind.COUNTERMEASURE
    mine = follow_up.owner_id == recipient.pk
    stands_in = follow_up.backup_id == recipient.pk
    # What another team asks shows its question and who asks, and nothing of the record (invariant 9).
    asked = follow_up.kind in SPREAD_KINDS
    with override(recipient.language):  # a promise without words of its own is called by its kind
        what, kind_label = follow_up.what, str(follow_up.get_kind_display())
    return Item(
        kind=follow_up.kind,
        what=what,
        reference=kind_label if asked else follow_up.incident.reference,
        incident=follow_up.incident.team.name if asked else follow_up.incident.title,
        team=follow_up.team.name,
        due=long_day(follow_up.due_on, recipient.language, today=today),
        days=days_left(today, follow_up.due_on, calendar),
        mine=mine,
        stands_in=stands_in,
        owner=follow_up.owner.get_short_name(),
        owner_gone=owner_gone,
        promised_outside=is_measure and follow_up.measure.promised_outside,
        done_url=links.done_url(follow_up_id=follow_up.pk, person_id=recipient.pk)
        if is_measure and (mine or stands_in)
        else "",
        page_url=links.absolute(_page(follow_up)),
    )


def _page(follow_up: FollowUp) -> str:
    """The path of the page on which the promise is kept: its own, else its place on the incident's page."""
    if follow_up.spread_answer_id:
        return reverse("spread-answer", args=[follow_up.spread_answer_id])
    if follow_up.kind in REVIEW_KINDS:
        return reverse("follow-up-review", args=[follow_up.pk])
    if follow_up.spread_action_id:
        return reverse("spread-done", args=[follow_up.spread_action_id])
    if follow_up.kind == FollowUpKind.FINAL_REPORT:
        return reverse("incident-final-report", args=[follow_up.incident.reference])
    return follow_up.incident.get_absolute_url() + _anchor(follow_up)


def _anchor(follow_up: FollowUp) -> str:
    """Where on the incident's page the promise stands; "" when it has no place of its own."""
    if follow_up.measure_id:
        return f"#measure-{follow_up.measure_id}"
    if follow_up.check_plan_id:
        return f"#measure-{follow_up.check_plan.measure_id}"
    return f"#question-{follow_up.question_id}" if follow_up.question_id else ""


def digest(person: Person, items: list[Item], *, today: date) -> Rendered:
    """One letter with everything that is due for the person today, the most pressing first."""
    ordered = sorted(items, key=lambda one: (not one.mine, one.days))
    return render(
        "reminder/digest",
        language=person.language,
        context={
            "person": person,
            "items": ordered,
            "first": ordered[0],
            "late": sum(one.days < 0 and one.mine for one in ordered),
            "today": long_day(today, person.language),
            "site_url": settings.SITE_URL,
        },
    )


def moment(row: ReminderDelivery, *, recipient: Person, now: datetime) -> Rendered:
    """A promise of a minute, told for itself. now: aware; times are shown on the recipient's wall."""
    follow_up = row.follow_up
    minutes = round((follow_up.due_at - now).total_seconds() / 60)
    is_report = follow_up.kind in {FollowUpKind.FIRST_REPORT, FollowUpKind.NEXT_REPORT}
    page = follow_up.incident.get_absolute_url()
    return render(
        "reminder/moment",
        language=recipient.language,
        context={
            "person": recipient,
            "follow_up": follow_up,
            "what": follow_up.what,
            "who": follow_up.to_whom or (follow_up.incident.who_waits if is_report else ""),
            "is_first": follow_up.kind == FollowUpKind.FIRST_REPORT,
            "minutes": minutes,
            "late": -minutes,
            "at": follow_up.due_at.astimezone(zone_of(recipient)).strftime("%H:%M"),
            "day": long_day(follow_up.due_at.astimezone(zone_of(recipient)).date(), recipient.language),
            "mine": follow_up.owner_id == recipient.pk,
            "owner": follow_up.owner.get_short_name(),
            "page_url": links.absolute(
                page + ("first-report/" if follow_up.kind == FollowUpKind.FIRST_REPORT else "#promises")
            ),
            "site_url": settings.SITE_URL,
        },
    )
