"""Format only; no query."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from incidents.enums import IncidentKind, MeasureStatus, Severity, Stage
from incidents.models import Incident
from incidents.queries.insight import BowlCrack
from tools.plain.daytext import MONTHS_EN, long_day, short_day

register = template.Library()


def _language() -> str:
    return "ja" if (get_language() or "ja").startswith("ja") else "en"


def _as_date(value: date | datetime) -> date:
    return timezone.localtime(value).date() if isinstance(value, datetime) else value


@register.filter
def shortday(value: date | datetime | None) -> str:
    """11/25（水）"""
    return short_day(_as_date(value), _language(), today=timezone.localdate()) if value else ""


@register.filter
def longday(value: date | datetime | None) -> str:
    """11月25日（水）"""
    return long_day(_as_date(value), _language(), today=timezone.localdate()) if value else ""


@register.filter
def moment(value: datetime | None) -> str:
    """11/05 10:12, with the year when it is not this one; in English "5 Nov 10:12"."""
    if not value:
        return ""
    local = timezone.localtime(value)
    this_year = local.year == timezone.localdate().year
    if _language() == "en":
        day = f"{local.day} {MONTHS_EN[local.month - 1]}"
        return f"{day} {local:%H:%M}" if this_year else f"{day} {local:%Y %H:%M}"
    return local.strftime("%m/%d %H:%M" if this_year else "%Y/%m/%d %H:%M")


@register.filter
def spent(minutes: int | None) -> str:
    """3時間20分; nothing where nobody knows."""
    if not minutes:
        return ""
    hours, rest = divmod(minutes, 60)
    said = {"hours": hours, "minutes": rest}
    if not hours:
        return _("%(minutes)s分") % said
    return (_("%(hours)s時間%(minutes)s分") if rest else _("%(hours)s時間")) % said


@register.filter
def is_long(text: str) -> bool:
    """Whether a value needs a fold of its own: more than a line holds, or several lines."""
    return len(text) > 80 or "\n" in text


@register.filter
def fullmoment(value: datetime | None) -> str:
    """2026年11月24日（火） 10:12: for what is printed and read elsewhere."""
    if not value:
        return ""
    return f"{long_day(_as_date(value), _language(), today=date.min)} {timezone.localtime(value):%H:%M}"


@register.filter
def stage_chip(stage: str) -> str:
    """The kind of chip for a stage. Gold for the mended alone."""
    return {
        Stage.MENDED: "gold",
        Stage.RECORDED: "open",
        Stage.FIRST_REPORTED: "urushi",
        Stage.CAUSE_KNOWN: "urushi",
        Stage.MEASURES_COMMITTED: "urushi",
    }.get(stage, "plain")


@register.filter
def chip(stage: str, text: str) -> str:
    """A stage in words, as components/chip.html writes it: a list holds one a row, and an include would cost more than the row."""
    return format_html('<span class="chip {}">{}</span>', stage_chip(stage), text)


@register.filter
def kind_and_side(incident: Incident, with_team: bool = False) -> str:
    """What stands small below a title in a list: kind (when it is not the usual one), category, other side, team."""
    parts = [
        incident.get_kind_display() if incident.kind != IncidentKind.INCIDENT else "",
        incident.get_category_display() if incident.category else "",
        incident.counterparty,
        incident.team.name if with_team else "",
    ]
    return f" {_('・')} ".join(str(part) for part in parts if part)


_CRACKS = {
    "gold": ("gold", gettext_lazy("金継ぎ済み")),
    "urushi": ("urushi", gettext_lazy("漆で継いだ")),
    "open": ("plain", gettext_lazy("ひび")),
}


@register.filter
def drawn_cracks(cracks: list[BowlCrack]) -> str:
    """The cracks of a bowl as links; sixty of them in template tags would cost more than the rest of the page."""
    return format_html_join("\n", "{}", ((_drawn(one, get_language()),) for one in cracks))


@lru_cache(maxsize=2048)
def _drawn(one: BowlCrack, language: str | None) -> str:
    """One crack, drawn once for all who see it: everything in it is in the arguments."""
    name = _("%(reference)s %(title)s（%(said)s）") % {
        "reference": one.reference,
        "title": one.title,
        "said": _CRACKS[one.state][1],
    }
    return format_html(
        '<a href="{}" aria-label="{}"><title>{}</title><path class="hit" d="{}"/><path class="crack-{}" d="{}"/>{}</a>',
        one.url,
        name,
        name,
        one.main,
        one.state,
        one.main,
        _branches(one),
    )


def _branches(one: BowlCrack) -> str:
    return format_html_join("", '<path class="crack-{} branch" d="{}"/>', ((one.state, path) for path in one.branches))


@register.filter
def listed_cracks(cracks: list[BowlCrack]) -> str:
    """The same as rows of a table: the drawing's twin in words."""
    return format_html_join("", "{}", ((_listed(one, get_language()),) for one in cracks))


@lru_cache(maxsize=2048)
def _listed(one: BowlCrack, language: str | None) -> str:
    return format_html(
        '<tr><td><a href="{}"><span class="num">{}</span> {}</a></td><td><span class="chip {}">{}</span></td></tr>',
        one.url,
        one.reference,
        one.title,
        *_CRACKS[one.state],
    )


@register.filter
def status_chip(status: str) -> str:
    return {
        MeasureStatus.EFFECTIVE: "gold",
        MeasureStatus.DONE: "done",
        MeasureStatus.IN_PROGRESS: "urushi",
        MeasureStatus.COMMITTED: "urushi",
        MeasureStatus.INEFFECTIVE: "open",
    }.get(status, "plain")


@register.filter
def severity_chip(severity: str) -> str:
    return "open" if severity in {Severity.S1, Severity.S2} else "plain"
