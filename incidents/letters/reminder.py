"""The morning's digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import override

from incidents.enums import MOMENT_KINDS, REVIEW_KINDS, SPREAD_KINDS, FollowUpKind, MailAct
from incidents.letters import links
from incidents.letters.base import Rendered, render
from incidents.models import FollowUp, Person, ReminderDelivery
from incidents.queries.absence import Away, covered_by
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
    due_url: str = ""
    help_url: str = ""
    not_mine_url: str = ""
    # Until when its owner is away, for whoever hears of it meanwhile; "" when they are here.
    owner_away: str = ""

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
    row: ReminderDelivery,
    *,
    recipient: Person,
    today: date,
    calendar: BusinessCalendar,
    owner_gone: bool = False,
    away: Away | None = None,
) -> Item:
    """A ledger row in words, for this recipient, on `today` in their zone.

    owner_gone: its owner has left the team or may no longer write; somebody has to be found. away: who is away now.
    """
    follow_up, away = row.follow_up, away or {}
    acts = may_act(follow_up, recipient, away)
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
        done_url=links.done_url(follow_up, recipient) if is_measure and acts else "",
        page_url=links.absolute(page_path(follow_up)),
        **(act_urls(follow_up, recipient) if acts else {}),
        owner_away=away_until(follow_up, recipient, away, today=today),
    )


def may_act(follow_up: FollowUp, recipient: Person, away: Away) -> bool:
    """Whether the recipient's mail lets them act: they own it, are its backup, or hear of it for somebody away."""
    if recipient.pk in {follow_up.owner_id, follow_up.backup_id}:
        return True
    return covered_by(recipient.pk, follow_up, away) is not None


def act_urls(follow_up: FollowUp, recipient: Person) -> dict[str, str]:
    """Addresses of what this recipient can say about the promise as it stands now, by the names that letters use."""
    urls = {
        "help_url": links.act_url(MailAct.HELP, follow_up, recipient),
        "not_mine_url": links.act_url(MailAct.NOT_MINE, follow_up, recipient),
    }
    if follow_up.measure_id:  # only the date of a countermeasure moves by a request (M3)
        urls["due_url"] = links.act_url(MailAct.DUE, follow_up, recipient)
    return urls


def moment_urls(follow_up: FollowUp, recipient: Person) -> dict[str, str]:
    """The same for a promise of a minute; one by word alone can be kept from the mail, a report is recorded on its page."""
    kept = {"kept_url": links.done_url(follow_up, recipient)} if follow_up.kind == FollowUpKind.PROMISE else {}
    return act_urls(follow_up, recipient) | kept


def away_until(follow_up: FollowUp, recipient: Person, away: Away, *, today: date) -> str:
    """The last day on which the promise's owner is away, for somebody else; "" when they are here."""
    if follow_up.owner_id == recipient.pk or follow_up.owner_id not in away:
        return ""
    return long_day(away[follow_up.owner_id].ends_on, recipient.language, today=today)


def page_path(follow_up: FollowUp) -> str:
    """The path of the page on which the promise is kept: its own, else its place on the incident's page."""
    if follow_up.kind == FollowUpKind.FIRST_REPORT:
        return reverse("incident-first-report", args=[follow_up.incident.reference])
    if follow_up.kind in MOMENT_KINDS:
        return follow_up.incident.get_absolute_url() + "#promises"
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


def digest(person: Person, items: list[Item], *, today: date, away_url: str = "") -> Rendered:
    """One letter with everything that is due for the person today, the most pressing first.

    away_url: where they say that they will be away.
    """
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
            "away_url": away_url,
            "site_url": settings.SITE_URL,
        },
    )


def moment(
    row: ReminderDelivery,
    *,
    recipient: Person,
    now: datetime,
    away: Away | None = None,
    urls: dict[str, str] | None = None,
) -> Rendered:
    """A promise of a minute, told for itself. now: aware; times are shown on the recipient's wall.

    away: who is away now. urls: what the recipient can do from the mail (`act_urls`).
    """
    follow_up = row.follow_up
    today = now.astimezone(zone_of(recipient)).date()
    minutes = round((follow_up.due_at - now).total_seconds() / 60)
    is_report = follow_up.kind in {FollowUpKind.FIRST_REPORT, FollowUpKind.NEXT_REPORT}
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
            "owner_away": away_until(follow_up, recipient, away or {}, today=today),
            **(urls or {}),
            "page_url": links.absolute(page_path(follow_up)),
            "site_url": settings.SITE_URL,
        },
    )
