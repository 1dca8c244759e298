"""manage.py import_incidents: takes records of another tracker over, by a mapping."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from tqdm import tqdm

from incidents.domain import mapping_file as mappings
from incidents.domain.importing import NOUNS, ImportRefused, Result, import_incidents
from incidents.domain.mapping import Mapping, Problem
from incidents.errors import Refused
from incidents.gateways.spreadsheet import JsonSource, Sheet, TableSource
from incidents.models import Person, Team

NOTHING = {"created": 0, "updated": 0, "unchanged": 0}


class Command(BaseCommand):
    help = "Import incidents with their history from a CSV, XLSX or JSON file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV (any usual encoding), XLSX or JSON array")
        parser.add_argument("--mapping", required=True, help="name of a mapping, or the path of a TOML file")
        parser.add_argument("--team", required=True, help="short name of the team that receives the records")
        parser.add_argument("--updates", type=Path, help="second file with the timeline, when the mapping has one")
        parser.add_argument("--by", help="e-mail address of the person who imports (for the trace)")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, store nothing")
        parser.add_argument("--skip-bad", action="store_true", help="leave bad rows out instead of refusing the file")
        parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")

    def handle(self, *_args: Any, **options: Any) -> None:
        started = time.monotonic()
        try:
            mapping = mappings.load(options["mapping"])
            team = Team.objects.filter(slug=options["team"]).first()
            if team is None:
                raise Refused("team_unknown", _("チーム「%(slug)s」がありません。") % {"slug": options["team"]})
            result = self._run(mapping, team, options)
        except Refused as refused:
            self._refuse(refused, options)
            return
        seconds = time.monotonic() - started
        if options["json"]:
            print_json(self, outcome(result, mapping) | {"seconds": round(seconds, 3)})
            return
        self._tell(result, seconds)

    def _run(self, mapping: Mapping, team: Team, options: dict[str, Any]) -> Result:
        by = None
        if options["by"]:
            by = Person.objects.filter(email=options["by"]).first()
            if by is None:
                raise Refused("person_unknown", _("「%(email)s」の人がいません。") % {"email": options["by"]})
        with bar(_("読む")) as reading:
            source = open_source(mapping, options["file"], options["updates"], reading)
            with source, bar(_("取り込む"), lambda: 2 * len(source)) as writing:
                return import_incidents(
                    source=source,
                    mapping=mapping,
                    team=team,
                    by=by,
                    dry_run=options["dry_run"],
                    skip_bad=options["skip_bad"],
                    progress=writing,
                )

    def _refuse(self, refused: Refused, options: dict[str, Any]) -> None:
        problems = refused.problems if isinstance(refused, ImportRefused) else []
        if options["json"]:
            skipped = {"skipped": [listed(problem) for problem in problems]}
            why = {"refused": {"code": refused.code, "reason": str(refused.reason), "fix": str(refused.fix)}}
            print_json(self, {noun: NOTHING for noun in NOUNS} | skipped | why)
            raise SystemExit(1)
        for problem in problems:
            self.stderr.write(sentence(problem))
        raise CommandError(f"{refused.reason} {refused.fix}".strip())

    def _tell(self, result: Result, seconds: float) -> None:
        if result.dry_run:
            self.stdout.write(_("ためしに読みました。何も保存していません。"))
        labels = (pgettext("plural", "インシデント"), _("経緯"), pgettext("plural", "真因"), pgettext("plural", "対策"))
        for label, counts in zip(labels, result.counts().values(), strict=True):
            line = _("%(label)s: 新しく %(created)s、更新 %(updated)s、変わらず %(unchanged)s")
            self.stdout.write(line % {"label": label, **counts})
        for problem in result.skipped:
            self.stderr.write(sentence(problem))
        if result.skipped_total:
            self.stdout.write(_("飛ばした行: %(count)s") % {"count": result.skipped_total})
        figures = {"rows": result.rows, "seconds": f"{seconds:.1f}", "encoding": result.encoding}
        self.stdout.write(_("%(rows)s 行、%(seconds)s 秒、文字コード %(encoding)s") % figures)


def open_source(
    mapping: Mapping, file: Path, updates: Path | None, progress: Callable[[int], None] | None
) -> TableSource | JsonSource:
    """The file as the mapping describes it; the second one is the given one or stands beside the first.

    Raises:
        Refused: `updates_missing`, `updates_not_wanted`.
    """
    if updates is not None and not mapping.has_updates:
        raise Refused("updates_not_wanted", _("この対応表には二つ目のファイルがありません。"))
    if mapping.kind == "json":
        return JsonSource(file, mapping.id_column, progress)
    main = Sheet(file, mapping.id_column, mapping.columns())
    if not mapping.has_updates:
        return TableSource(main, None, progress)
    second = updates or file.parent / mapping.updates_beside
    if updates is None and not (mapping.updates_beside and second.is_file()):
        raise Refused(
            "updates_missing",
            _("二つ目のファイルが見つかりません: %(file)s") % {"file": mapping.updates_beside or "--updates"},
            _("--updates で場所を指定してください。"),
        )
    return TableSource(main, Sheet(second, mapping.updates_id, mapping.update_columns()), progress)


class bar:
    """A progress bar on a terminal, nothing elsewhere; calling it moves it on."""

    def __init__(self, label: str, total: Callable[[], int] | None = None):
        self._label, self._total = label, total
        self._bar: Any = None

    def __enter__(self) -> bar:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, count: int) -> None:
        if self._bar is None:
            total = self._total() if self._total else None
            self._bar = tqdm(desc=self._label, total=total, disable=not sys.stderr.isatty(), leave=False)
        self._bar.update(count)


def outcome(result: Result, mapping: Mapping) -> dict[str, Any]:
    """The result as the one object that --json prints."""
    return result.counts() | {
        "skipped": [listed(problem) for problem in result.skipped],
        "skipped_total": result.skipped_total,
        "file": result.file,
        "mapping": mapping.name,
        "encoding": result.encoding,
        "rows": result.rows,
        "dry_run": result.dry_run,
    }


def listed(problem: Problem) -> dict[str, Any]:
    return {"line": problem.line, "column": problem.column, "reason": problem.reason, "file": problem.file}


def sentence(problem: Problem) -> str:
    known = {"file": problem.file, "line": problem.line, "column": problem.column, "reason": problem.reason}
    if problem.column:
        return _("%(file)s %(line)s 行目、列「%(column)s」: %(reason)s") % known
    return _("%(file)s %(line)s 行目: %(reason)s") % known


def print_json(command: BaseCommand, value: dict[str, Any]) -> None:
    command.stdout.write(json.dumps(value, ensure_ascii=False))
