"""Takes the records of another tracker over: once, again without doubling, and all or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import connection, transaction
from django.utils.translation import gettext as _

from incidents import rules
from incidents.domain import audit, final_clock, search
from incidents.domain.incident import refresh_stage, take_numbers
from incidents.domain.mapping import GroupLike, Mapping, Planned, Problem
from incidents.enums import EntryKind, MeasureStatus, Stage, Strength
from incidents.errors import Refused
from incidents.models import (
    AuditEntry,
    Countermeasure,
    EffectCheck,
    ImportRun,
    Incident,
    Person,
    RootCause,
    Team,
    TimelineEntry,
    Why,
)
from incidents.queries import access

CHUNK_RECORDS, CHUNK_LINES = 200, 3000
BATCH = 100
"""Rows per INSERT. sqlite3 keeps 128 statements of different length: with 500 rows each they cost 25 MiB."""
MAX_PROBLEMS = 1000
"""So many bad rows are listed; further ones are only counted."""

NOUNS = ("incidents", "timeline_entries", "causes", "countermeasures")


class BadRowLike(Protocol):
    """A row that the gateway could not take."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> str: ...
    @property
    def reason(self) -> str: ...


class Source(Protocol):
    """An opened file, as incidents.gateways.spreadsheet gives it. Iterating again starts anew."""

    file_name: str
    sha256: str
    encoding: str
    rows: int

    @property
    def bad(self) -> Sequence[BadRowLike]: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[GroupLike]: ...


@dataclass
class Tally:
    created: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass
class Result:
    """What an import did (or, in a dry run, would do)."""

    file: str
    encoding: str
    rows: int
    dry_run: bool
    incidents: Tally = field(default_factory=Tally)
    timeline_entries: Tally = field(default_factory=Tally)
    causes: Tally = field(default_factory=Tally)
    countermeasures: Tally = field(default_factory=Tally)
    skipped: list[Problem] = field(default_factory=list)
    skipped_total: int = 0

    def counts(self) -> dict[str, dict[str, int]]:
        return {noun: vars(getattr(self, noun)) for noun in NOUNS}


class ImportRefused(Refused):
    """Bad rows, and nothing was stored. `problems` lists the first MAX_PROBLEMS, `total` counts all."""

    def __init__(self, problems: list[Problem], total: int):
        super().__init__(
            "bad_rows",
            _("読めない行が %(count)s 行あるため、何も取り込みませんでした。") % {"count": total},
            _("ファイルを直すか、--skip-bad で読める行だけを取り込んでください。"),
        )
        self.problems, self.total = problems, total


def import_incidents(
    *,
    source: Source,
    mapping: Mapping,
    team: Team,
    by: Person | None = None,
    dry_run: bool = False,
    skip_bad: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Result:
    """Take over every record of a file.

    A record is known by (mapping.source, its id, team). One that has not changed at its source is not touched,
    whatever people have done with it here. One that has changed is updated; its changed timeline lines get an
    addendum, because what was recorded is never overwritten. A measure that people have promised meanwhile is theirs
    and stays. Nothing is ever taken away. Records closed at their source end as "repaired only": nobody has proven
    an effect. No reminder is planned.

    The first pass only reads; so a refused file costs no transaction, and numbers are taken only for records that
    come. The second pass writes everything in one transaction.

    Args:
        by: who imports; None for the command line.
        skip_bad: leave bad rows out and list them, instead of refusing the file.
        progress: called with a number of records; in the end it has been told twice their number.

    Raises:
        NotAllowed: `by` may not write in this team.
        ImportRefused: bad rows, without `skip_bad`.
    """
    if by is not None:
        rules.refuse_unless_editor(access.role_in(by, team.pk))
    result = Result(source.file_name, source.encoding, source.rows, dry_run)
    new = _check(source, mapping, team, result, progress)
    if result.skipped_total and not skip_bad:
        raise ImportRefused(result.skipped, result.skipped_total)
    numbers = iter(range(0))
    if new and not dry_run:
        first = take_numbers(new)
        numbers = iter(range(first, first + new))
    with transaction.atomic():
        work = _Work(result, mapping, team, by, dry_run, numbers)
        if not dry_run:
            Team.objects.select_for_update().get(pk=team.pk)  # two imports into one team go one after the other
        for chunk in _chunks(source, mapping, progress):
            work.take(chunk)
        if not dry_run:
            run = ImportRun.objects.create(
                by_label=str(by or audit.SYSTEM_LABEL)[:120],
                team=team,
                file_name=source.file_name[:255],
                sha256=source.sha256,
                mapping=mapping.name[:80],
                encoding=source.encoding[:20],
                counts=result.counts(),
                skipped=result.skipped_total,
            )
            counts = {noun: (0, tally["created"] + tally["updated"]) for noun, tally in result.counts().items()}
            audit.note(by, "import.run", run, **counts)
    if not dry_run:
        _refresh_statistics()
    return result


def _refresh_statistics() -> None:
    """PostgreSQL learns at once what has come. It would by itself a minute later, and plan lists for empty tables till then."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _check(source: Source, mapping: Mapping, team: Team, result: Result, progress: Callable[[int], None] | None) -> int:
    """Plan every record without writing; collect what is bad. Returns how many records are new."""
    new, ids = 0, list[str]()

    def count_new() -> int:
        known = Incident.objects.filter(team=team, external_source=mapping.source, external_id__in=ids).count()
        fresh = len(ids) - known
        ids.clear()
        return fresh

    def tell(problem: Problem) -> None:
        result.skipped_total += 1
        if len(result.skipped) < MAX_PROBLEMS:
            result.skipped.append(problem)

    for bad in source.bad:
        tell(Problem(bad.file, bad.line, bad.column, bad.reason))
    for group in source:
        planned, problems = mapping.plan(group)
        for problem in problems:
            tell(problem)
        if planned is not None:
            ids.append(planned.external_id)
        if len(ids) >= BATCH:
            new += count_new()
        if progress:
            progress(1)
    result.skipped.sort(key=lambda problem: (problem.file != source.file_name, problem.line))
    return new + count_new()


def _chunks(source: Source, mapping: Mapping, progress: Callable[[int], None] | None) -> Iterator[list[Planned]]:
    chunk: list[Planned] = []
    lines = 0
    for group in source:
        planned, _problems = mapping.plan(group)
        if planned is not None:
            chunk.append(planned)
            lines += len(planned.entries)
        if len(chunk) >= CHUNK_RECORDS or lines >= CHUNK_LINES:
            yield chunk
            chunk, lines = [], 0
        if progress:
            progress(1)
    if chunk:
        yield chunk


class _Work:
    """Writes chunk after chunk and keeps the tally."""

    def __init__(
        self, result: Result, mapping: Mapping, team: Team, by: Person | None, dry_run: bool, numbers: Iterator[int]
    ):
        self.result, self.mapping, self.team, self.by, self.dry_run = result, mapping, team, by, dry_run
        self._numbers = numbers
        self._reason = _("取り込み: 元のシステムで完了")

    def take(self, chunk: list[Planned]) -> None:
        stored = Incident.objects.filter(
            team=self.team, external_source=self.mapping.source, external_id__in=[p.external_id for p in chunk]
        )
        known = {name: (pk, digest) for name, pk, digest in stored.values_list("external_id", "pk", "external_digest")}
        fresh: list[tuple[Planned, str]] = []
        changed: dict[int, tuple[Planned, str]] = {}
        for planned in chunk:
            digest = planned.digest()
            if planned.external_id not in known:
                fresh.append((planned, digest))
            elif known[planned.external_id][1] == digest:
                self._count(planned, "unchanged")
            else:
                changed[known[planned.external_id][0]] = (planned, digest)
        if fresh:
            self._create(fresh)
        if changed:
            self._update(changed)

    def _count(self, planned: Planned, how: str) -> None:
        result = self.result
        for tally, count in (
            (result.incidents, 1),
            (result.timeline_entries, len(planned.entries)),
            (result.causes, len(planned.causes)),
            (result.countermeasures, len(planned.measures)),
        ):
            setattr(tally, how, getattr(tally, how) + count)

    # New records -----------------------------------------------------------------------------

    def _create(self, fresh: list[tuple[Planned, str]]) -> None:
        for planned, _digest in fresh:
            self._count(planned, "created")
        if self.dry_run:
            return
        incidents = [self._incident(planned, digest) for planned, digest in fresh]
        Incident.objects.bulk_create(incidents, batch_size=BATCH)
        entries: list[TimelineEntry] = []
        whys: list[Why] = []
        factors: list[str] = []
        measures: list[Countermeasure] = []
        for incident, (planned, _digest) in zip(incidents, fresh, strict=True):
            entries += [self._entry(incident, entry) for entry in planned.entries]
            whys += [self._why(incident, cause) for cause in planned.causes]
            factors += [cause.factor for cause in planned.causes]
            measures += [self._measure(incident, measure) for measure in planned.measures]
        TimelineEntry.objects.bulk_create(entries, batch_size=BATCH)
        self._write_causes(whys, factors)
        self._write_measures(measures)
        search.write([incident.pk for incident in incidents])
        audit.keep(
            [
                audit.entry(self.by, "incident.imported", incident, external_id=("", incident.external_id))
                for incident in incidents
            ],
            batch_size=BATCH,
        )

    def _incident(self, planned: Planned, digest: str) -> Incident:
        number = next(self._numbers, None)
        incident = Incident(
            number=take_numbers() if number is None else number,
            team=self.team,
            recorded_by=self.by,
            external_source=self.mapping.source,
            external_id=planned.external_id,
            external_digest=digest,
            **planned.fields,
        )
        if planned.closed:
            incident.end, incident.end_reason = Stage.REPAIRED_ONLY, self._reason
        incident.stage = rules.stage_of(
            rules.RecordFacts(
                end=incident.end,
                someone_waits=False,
                first_reported=False,
                first_report_waived=False,
                severity=incident.severity,
                roots=[rules.RootFacts(n, False, False) for n, _cause in enumerate(planned.causes)],
                measures=[rules.MeasureFacts(MeasureStatus.PROPOSED, Strength.CHECK, None) for _m in planned.measures],
            )
        )
        return incident

    def _entry(self, incident: Incident, entry: Any, key: str = "", addendum_to: int | None = None) -> TimelineEntry:
        return TimelineEntry(
            incident=incident,
            kind=EntryKind.IMPORTED,
            event_at=entry.at,
            event_at_text=entry.at_text,
            author=None,
            author_label=entry.author,
            certainty=entry.certainty,
            text=entry.text,
            external_key=key or entry.key,
            addendum_to_id=addendum_to,
        )

    def _why(self, incident: Incident, cause: Any) -> Why:
        return Why(incident=incident, text=cause.text, author=self.by, external_key=cause.key)

    def _measure(self, incident: Incident, measure: Any) -> Countermeasure:
        return Countermeasure(incident=incident, title=measure.title, after=measure.after, external_key=measure.key)

    def _write_causes(self, whys: list[Why], factors: list[str]) -> None:
        Why.objects.bulk_create(whys, batch_size=BATCH)
        RootCause.objects.bulk_create(
            [
                RootCause(why=why, incident_id=why.incident_id, factor=factor)
                for why, factor in zip(whys, factors, strict=True)
            ],
            batch_size=BATCH,
        )

    def _write_measures(self, measures: list[Countermeasure]) -> None:
        Countermeasure.objects.bulk_create(measures, batch_size=BATCH)
        EffectCheck.objects.bulk_create([EffectCheck(measure=measure) for measure in measures], batch_size=BATCH)

    # Records that have changed at their source ------------------------------------------------

    def _update(self, changed: dict[int, tuple[Planned, str]]) -> None:
        incidents = Incident.objects.select_related("team").in_bulk(list(changed))
        entries = self._stored_entries(list(changed))
        whys = {(why.incident_id, why.external_key): why for why in self._imported(Why, changed)}
        measures = {(m.incident_id, m.external_key): m for m in self._imported(Countermeasure, changed)}
        for pk, (planned, digest) in changed.items():
            incident = incidents[pk]
            changes = self._change_fields(incident, planned)
            tally = self.result.incidents
            if changes:
                tally.updated += 1
            else:
                tally.unchanged += 1
            touched = self._change_entries(incident, planned, entries.get(pk, {}))
            touched += self._change_causes(incident, planned, whys, changes)
            touched += self._change_measures(incident, planned, measures, changes)
            if (changes or touched) and not self.dry_run:
                incident.external_digest = digest
                incident.save()
                if touched:
                    changes["timeline_causes_countermeasures"] = (0, touched)
                audit.keep([audit.entry(self.by, "incident.import_updated", incident, **changes)])
                if {"severity", "customer_closed_at"} & changes.keys():
                    final_clock.follow(incident, by=self.by)
                refresh_stage(incident, by=self.by)
                search.refresh(incident)

    def _imported(self, model: Any, changed: dict[int, Any]) -> list[Any]:
        return list(model.objects.filter(incident_id__in=list(changed)).exclude(external_key=""))

    def _stored_entries(self, pks: list[int]) -> dict[int, dict[str, tuple[int, int, TimelineEntry]]]:
        """By incident and key: the first entry's id, how many versions there are, and the latest of them."""
        found: dict[int, dict[str, tuple[int, int, TimelineEntry]]] = {}
        stored = TimelineEntry.objects.filter(incident_id__in=pks).exclude(external_key="").order_by("id")
        for entry in stored:
            base = entry.external_key.split("~")[0]
            first, versions, _latest = found.setdefault(entry.incident_id, {}).get(base, (entry.pk, 0, entry))
            found[entry.incident_id][base] = (first, versions + 1, entry)
        return found

    def _change_fields(self, incident: Incident, planned: Planned) -> dict[str, tuple[Any, Any]]:
        changes: dict[str, tuple[Any, Any]] = {}
        for name, value in planned.fields.items():
            old = getattr(incident, name)
            if name == "customer_closed_at" and old != value and self._settled_by_people(incident):
                continue
            if name == "severity" and not value:  # the source knows none: what was decided here stands (B-4)
                continue
            if old != value:
                changes[name] = (old, value)
                setattr(incident, name, value)
        # Closed meanwhile at its source, and here nobody has begun to mend it or taken it up again.
        untouched = incident.stage in {Stage.RECORDED, Stage.FIRST_REPORTED} and not incident.end
        if planned.closed and untouched and not self._was_reopened(incident):
            incident.end, incident.end_reason = Stage.REPAIRED_ONLY, self._reason
            changes["end"] = ("", incident.end)
        return changes

    def _settled_by_people(self, incident: Incident) -> bool:
        """Somebody here has said how things stand with the other side; the source does not put it back."""
        found = AuditEntry.objects.filter(incident_id=incident.pk, verb__startswith="outside.")
        return bool(incident.customer_closed_by_id) or found.exists()

    def _was_reopened(self, incident: Incident) -> bool:
        return AuditEntry.objects.filter(incident_id=incident.pk, verb="incident.reopened").exists()

    def _change_entries(
        self, incident: Incident, planned: Planned, stored: dict[str, tuple[int, int, TimelineEntry]]
    ) -> int:
        tally: Counter[str] = Counter()
        new: list[TimelineEntry] = []
        for entry in planned.entries:
            if entry.key not in stored:
                tally["created"] += 1
                new.append(self._entry(incident, entry))
                continue
            first, versions, latest = stored[entry.key]
            content = (latest.event_at, latest.event_at_text, latest.author_label, latest.certainty, latest.text)
            if content == entry.content():
                tally["unchanged"] += 1
            else:
                tally["updated"] += 1
                new.append(self._entry(incident, entry, key=f"{entry.key}~{versions}", addendum_to=first))
        if new and not self.dry_run:
            TimelineEntry.objects.bulk_create(new, batch_size=BATCH)
        self._add(self.result.timeline_entries, tally)
        return len(new)

    def _change_causes(
        self, incident: Incident, planned: Planned, stored: dict[tuple[int, str], Why], changes: dict[str, Any]
    ) -> int:
        tally: Counter[str] = Counter()
        whys, factors = list[Why](), list[str]()
        for cause in planned.causes:
            why = stored.get((incident.pk, cause.key))
            if why is None:
                tally["created"] += 1
                whys.append(self._why(incident, cause))
                factors.append(cause.factor)
            elif why.text == cause.text:
                tally["unchanged"] += 1
            else:
                tally["updated"] += 1
                changes[cause.key] = (why.text, cause.text)
                why.text = cause.text
                if not self.dry_run:
                    why.save(update_fields=["text", "updated_at"])
        if whys and not self.dry_run:
            self._write_causes(whys, factors)
        self._add(self.result.causes, tally)
        return tally["created"] + tally["updated"]

    def _change_measures(
        self,
        incident: Incident,
        planned: Planned,
        stored: dict[tuple[int, str], Countermeasure],
        changes: dict[str, Any],
    ) -> int:
        tally: Counter[str] = Counter()
        new: list[Countermeasure] = []
        for measure in planned.measures:
            old = stored.get((incident.pk, measure.key))
            if old is None:
                tally["created"] += 1
                new.append(self._measure(incident, measure))
            elif old.status != MeasureStatus.PROPOSED or old.title == measure.title:
                tally["unchanged"] += 1
            else:
                tally["updated"] += 1
                changes[measure.key] = (old.title, measure.title)
                old.title = measure.title
                if not self.dry_run:
                    old.save(update_fields=["title", "updated_at"])
        if new and not self.dry_run:
            self._write_measures(new)
        self._add(self.result.countermeasures, tally)
        return tally["created"] + tally["updated"]

    @staticmethod
    def _add(tally: Tally, counted: Counter[str]) -> None:
        for how, count in counted.items():
            setattr(tally, how, getattr(tally, how) + count)
