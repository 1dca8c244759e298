"""Finds incidents by words, by an index on both databases.

Words are folded (NFKC, lower case, katakana as hiragana) and each must stand somewhere in the record. The index of
pairs gives candidates, and the folded text of each is looked at again, so that what is found is right.

A rare word is found by the index; its few records are then put in order. A word that stands in very many records is
rather looked for along the list's own order, which finds a page at once. Which of the two it is, is asked first: the
index is read up to COMMON records of the person's own teams. So neither costs with the size of the installation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from incidents.models import Person
from incidents.queries.team import ids_of
from tools.plain.bigrams import fold, token, wanted

COMMON = 300
LIKELY = 150  # of a common word, so many are handed on to those who count
MOST_WORDS = 8
MOST_PIECES = 64  # the rest of very long words is looked at in the text alone


@dataclass(frozen=True)
class Found:
    """Records with these words: their ids, or None when there are COMMON of them or more; then `some` are LIKELY ones.

    unrestricted: how many of `some` everybody in these teams may see, where that was looked at.
    """

    words: list[str]
    ids: list[int] | None
    some: list[int] = field(default_factory=list)
    unrestricted: int = 0

    def narrow(self, rows: QuerySet, path: str = "") -> QuerySet:
        """The rows whose incident was found; path is how a row reaches it, such as "incident" ("" for incidents)."""
        if self.ids is not None:
            return among(rows, self.ids, path)
        column = _column(rows, path)
        says = " AND ".join(["i.text LIKE %s ESCAPE '\\'"] * len(self.words))
        # A scalar subquery, which no planner turns into a join: it is asked row by row along the list's order.
        sql = f"(SELECT {says} FROM incidents_incidentindex i WHERE i.incident_id = {column})"  # noqa: S608  names of ours  # nosec B608
        says_so = RawSQL(sql, patterns(self.words), output_field=BooleanField())  # noqa: S611  words are parameters  # nosec B611
        return rows.alias(says=says_so).filter(says=True)


def among(rows: QuerySet, ids: list[int], path: str = "") -> QuerySet:
    """The rows whose incident is one of these.

    PostgreSQL takes the ids as one value, not as five hundred: the text stays the same, and so does the plan it keeps.
    """
    if connection.vendor != "postgresql":
        return rows.filter(**{f"{path or 'pk'}__in": ids})
    sql = f"{_column(rows, path)} = ANY(%s::bigint[])"
    return rows.filter(RawSQL(sql, [ids], output_field=BooleanField()))  # noqa: S611  ids are a parameter  # nosec B611


def _column(rows: QuerySet, path: str) -> str:
    return f'"{rows.model._meta.db_table}"."{f"{path}_id" if path else "id"}"'


def patterns(words: list[str]) -> list[str]:
    return ["%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%" for word in words]


def words_of(q: str) -> list[str]:
    """The folded words of what somebody typed, at most MOST_WORDS."""
    return fold(q).split()[:MOST_WORDS]


def find(q: str, team_ids: Iterable[int]) -> Found | None:
    """Records of these teams in which every word of `q` stands; None when `q` holds no word. One query.

    Restricted records are among them: narrow rows that are visible to the person already.
    """
    words = words_of(q)
    if not words:
        return None
    teams, pieces = list(team_ids), sorted(set().union(*map(wanted, words)))[:MOST_PIECES]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A function, because it carries the setting that keeps its plan on the index (migration 0005).
            cursor.execute(
                "SELECT f.id, f.n <= %s AND (SELECT NOT i.restricted FROM incidents_incident i WHERE i.id = f.id) "
                "FROM incidents_found(%s::int[], %s::text[], %s::bigint[], %s) WITH ORDINALITY AS f(id, n)",
                [LIKELY, pieces, patterns(words), teams, COMMON],
            )
        elif not teams:
            return Found(words, [])
        else:
            says = " AND ".join(["i.text LIKE %s ESCAPE '\\'"] * len(words))
            tokens = " AND ".join(token(piece) for piece in pieces)
            cursor.execute(
                "SELECT i.incident_id, 0 FROM incidents_incidentgrams "  # noqa: S608  words are parameters  # nosec B608
                "JOIN incidents_incidentindex i ON i.incident_id = incidents_incidentgrams.rowid "
                f"WHERE incidents_incidentgrams MATCH %s AND i.team_id IN ({','.join(['%s'] * len(teams))}) AND {says} LIMIT %s",
                [tokens, *teams, *patterns(words), COMMON],
            )
        rows = cursor.fetchall()
    ids = [pk for pk, _open in rows]
    if len(ids) < COMMON:
        return Found(words, ids)
    return Found(words, None, ids[:LIKELY], sum(is_open for _pk, is_open in rows[:LIKELY]))


def found_by(by: Person, q: str) -> Found | None:
    """The same in the person's own teams; None without words."""
    return find(q, ids_of(by)) if q else None


def find_each(groups: list[tuple[list[str], int]], team_ids: Iterable[int]) -> list[list[int]]:
    """For each (folded words, limit): records of these teams in which all the words stand, at most `limit`. One query.

    Each group is found by the index on its own. Restricted records are among them, as in `find`.
    """
    teams = list(team_ids)
    found: list[list[int]] = [[] for _ in groups]
    if not teams or not groups:
        return found
    pieces = [sorted(set().union(*map(wanted, words)))[:MOST_PIECES] for words, _limit in groups]
    parts, values = [], []
    for number, ((words, limit), grams) in enumerate(zip(groups, pieces, strict=True)):
        if connection.vendor == "postgresql":
            parts.append("SELECT %s::int, f.* FROM incidents_found(%s::int[], %s::text[], %s::bigint[], %s) f")
            values += [number, grams, patterns(words), teams, limit]
        else:
            says = " AND ".join(["i.text LIKE %s ESCAPE '\\'"] * len(words))
            parts.append(
                "SELECT * FROM (SELECT %s, i.incident_id FROM incidents_incidentgrams "  # noqa: S608  as above  # nosec B608
                "JOIN incidents_incidentindex i ON i.incident_id = incidents_incidentgrams.rowid "
                f"WHERE incidents_incidentgrams MATCH %s AND i.team_id IN ({','.join(['%s'] * len(teams))}) AND {says} LIMIT %s)"
            )
            values += [number, " AND ".join(map(token, grams)), *teams, *patterns(words), limit]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        for number, pk in cursor.fetchall():
            found[number].append(pk)
    return found
