"""Earlier records that read alike, with what held and what did not (C6, A-40).

Found by the index of the search: the words that carry the text, by two and by three, each group on its own. So what it
costs does not grow with the installation. A word that very many records share says nothing by itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations

from django.db.models import Q

from incidents.enums import MeasureStatus, Stage
from incidents.models import Countermeasure, Incident, Person
from incidents.queries.search import find_each
from incidents.queries.team import ids_of
from tools.plain.keywords import keywords

MOST_WORDS = 4
POINTS = {1: 1, 2: 2, 3: 4}
# So many records of a group of words are weighed; a single word in as many as that is no word of its own.
LIMITS = {1: 30, 2: 100, 3: 100}
LOOKED_AT = 40
PASTED = 4000  # characters of a pasted text that are looked at
_OUT = (Stage.WITHDRAWN, Stage.DUPLICATE)


@dataclass
class Similar:
    """An earlier record; `held` has proven effective, `failed` has not, `trying` is promised or done and unproven."""

    incident: Incident
    held: list[Countermeasure] = field(default_factory=list)
    failed: list[Countermeasure] = field(default_factory=list)
    trying: list[Countermeasure] = field(default_factory=list)


def similar(
    *, by: Person, title: str, more: str = "", but: Incident | None = None, keep: int = 0, limit: int = 3
) -> list[Similar]:
    """At most `limit` records of the person's own teams that read like `title`, the likeliest first; three queries.

    more: a longer text that is asked when the title has few words. but: the record itself. keep: the number of one
    that has been chosen and must not vanish from the list while somebody goes on typing.
    """
    words = keywords(title, MOST_WORDS)
    if len(words) < MOST_WORDS and more:
        words += [word for word in keywords(more[:PASTED], 2 * MOST_WORDS) if word not in words]
        words = words[:MOST_WORDS]
    scores = _scores(words, ids_of(by))
    ids = [pk for pk, _score in scores.most_common(LOOKED_AT)]
    if not ids and not keep:
        return []
    rows = (
        Incident.objects.visible_to(by)
        .filter(Q(pk__in=ids) | Q(number=keep))
        .exclude(stage__in=_OUT)
        .select_related("team")
    )

    if but is not None:
        rows = rows.exclude(pk=but.pk)

    def place(one: Incident) -> tuple:
        return (one.number != keep, -scores[one.pk], one.stage != Stage.MENDED, -one.noticed_at.timestamp())

    chosen = [Similar(one) for one in sorted(rows, key=place)[:limit]]
    _add_measures(chosen)
    return chosen


def _scores(words: list[str], team_ids: list[int]) -> Counter[int]:
    """How alike each record is: points for each two and three of the words in it, and for one that few records have."""
    groups = [list(group) for size in POINTS for group in combinations(words, size)]
    found = find_each([(group, LIMITS[len(group)]) for group in groups], team_ids)
    scores: Counter[int] = Counter()
    for group, ids in zip(groups, found, strict=True):
        if len(group) > 1 or len(ids) < LIMITS[1] or len(words) == 1:
            scores.update(dict.fromkeys(ids, POINTS[len(group)]))
    return scores


def _add_measures(chosen: list[Similar]) -> None:
    by_incident = {one.incident.pk: one for one in chosen}
    if not by_incident:
        return
    told = [MeasureStatus.COMMITTED, MeasureStatus.IN_PROGRESS, MeasureStatus.DONE]
    wanted = [*told, MeasureStatus.EFFECTIVE, MeasureStatus.INEFFECTIVE]
    rows = Countermeasure.objects.filter(incident__in=by_incident, status__in=wanted)
    for row in rows.only("title", "status", "strength", "incident_id").order_by("-strength", "pk")[:90]:
        one = by_incident[row.incident_id]
        {MeasureStatus.EFFECTIVE: one.held, MeasureStatus.INEFFECTIVE: one.failed}.get(row.status, one.trying).append(
            row
        )
