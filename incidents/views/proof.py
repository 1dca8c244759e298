"""What the incident's page shows of its countermeasures, of what they are tied to, and of the final report."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from incidents.domain import terms
from incidents.enums import MeasureStatus, RequestState, Role
from incidents.models import Countermeasure, DueRequest, FollowUp
from incidents.queries.calendar import business_calendar, today_here, today_of
from incidents.queries.gain import gained
from incidents.queries.record import NAMES_APART, Beside, RecordPage
from incidents.queries.reminder import DueLine, days_left


def proof_context(
    request: HttpRequest, found: RecordPage, beside: Beside, *, may_edit: bool, is_lead: bool
) -> dict[str, Any]:
    """Countermeasures with their requests and reviews, the final report, links to other records, what may be a recurrence."""
    reviews = found.reviews
    for root in found.roots:
        root.open_review = next((r for r in reviews if r.root_id == root.pk), None)
    today, calendar = today_of(request.user), business_calendar(found.incident.team_id)

    def line(m: Countermeasure) -> dict[str, Any]:
        days = days_left(today, m.due_on, calendar) if m.is_running and m.due_on else None
        return {
            "measure": m,
            "days": days,
            "helpers": sorted(filter(None, (m.helper_names or "").split(NAMES_APART))),
            "late_days": -days if days is not None and days < 0 else 0,
            "check": next((c for c in m.checks.all() if not c.outcome), None),
            "decided": [c for c in m.checks.all() if c.outcome],
            "may_judge": may_edit
            and m.status == MeasureStatus.DONE
            and request.user.pk not in {m.owner_id, m.done_by_id},
            "may_set_terms": is_lead or request.user.pk == m.owner_id,
            "may_excuse": terms.may_excuse(m, Role.LEAD if is_lead else None),
            "evidence": [one for one in found.files if one.measure_id == m.pk and one.withdrawn_at is None],
            **_beside(m, [wish for wish in found.requests if wish.measure_id == m.pk], reviews),
        }

    final = found.final_report
    return {
        "lines": [line(m) for m in found.measures],
        "final": final,
        "final_line": DueLine(final, days_left(today, final.due_on, calendar)) if final else None,
        "spreads": found.spreads,
        "links": beside.links,
        "gained": gained(found.incident, found.measures, beside.links.recurrences, today=today_here()),
        "may_recur": beside.may_recur if may_edit else [],
    }


def _beside(m: Countermeasure, wishes: list[DueRequest], reviews: list[FollowUp]) -> dict[str, Any]:
    return {
        "wishes": wishes,
        "asked": any(wish.state == RequestState.ASKED for wish in wishes),
        "review": next((r for r in reviews if r.review_of_id == m.pk), None),
    }
