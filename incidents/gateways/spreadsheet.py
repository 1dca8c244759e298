"""Files of other trackers as groups of rows: CSV in any usual encoding, XLSX, and JSON arrays.

Whatever the order in the file, all rows of one record come together: rows are laid down in a temporary
database file on disk and read back record by record. So memory does not grow with the file.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from django.utils.translation import gettext as _
from openpyxl.utils.exceptions import InvalidFileException

from incidents.errors import Refused
from tools.plain import csvsafe, csvtext

MAX_XLSX_BYTES = 512 * 1024 * 1024
MAX_XLSX_STRINGS = 128 * 1024 * 1024
MAX_XLSX_RATIO = 300
MAX_XLSX_PARTS = 10_000
MAX_JSON_BYTES = 256 * 1024 * 1024
BLOCK = 2000
ROW_NUMBER = "#"
"""Name of the column that every row has: its number within its record, from 1."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken: where and why. `column` is empty when the whole row is meant."""

    file: str
    line: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row as a mapping from column name to text (for JSON: to whatever the field holds)."""

    file: str
    line: int
    cells: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Group:
    """All rows of one record, in file order; `updates` come from the second file."""

    key: str
    rows: list[Line]
    updates: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Sheet:
    """Which columns are wanted of one file, and which of them names the record."""

    path: Path
    key: str
    columns: frozenset[str]


Progress = Callable[[int], None]


class TableSource(AbstractContextManager["TableSource"]):
    """One CSV or XLSX file, with a second one of updates if there is one; iterate over it for its groups.

    Reading happens when the source is entered; iterating may be done as often as one likes.

    Args:
        main: the file with the records.
        updates: a second file whose rows belong to the records of the first.
        progress: called with a number of rows after each block.

    Attributes:
        file_name, sha256, encoding: of the main file.
        rows: data rows read, both files together.
        bad: rows that do not fit the header or name no record, in file order.

    Raises:
        Refused: `file_unreadable` (bytes, quotes, not a workbook, too big) or `columns_missing`.
    """

    def __init__(self, main: Sheet, updates: Sheet | None = None, progress: Progress | None = None):
        self._sheets = [main] if updates is None else [main, updates]
        self._progress = progress
        self.file_name = main.path.name
        self.sha256 = ""
        self.encoding = ""
        self.rows = 0
        self.bad: list[BadRow] = []

    def __enter__(self) -> TableSource:
        self._folder = tempfile.TemporaryDirectory(prefix="ushiro-import-")
        try:
            self._store = sqlite3.connect(Path(self._folder.name) / "rows.sqlite3", isolation_level=None)
            self._store.execute("PRAGMA journal_mode=OFF")
            self._store.execute("PRAGMA synchronous=OFF")
            self._store.execute("PRAGMA cache_size=-4000")
            self._store.execute("CREATE TABLE record (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")
            self._store.execute(
                "CREATE TABLE line (record INTEGER, part INTEGER, at INTEGER, cells TEXT,"
                " PRIMARY KEY (record, part, at)) WITHOUT ROWID"
            )
            for part, sheet in enumerate(self._sheets):
                self._lay_down(part, sheet)
            self._refuse_strangers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        if hasattr(self, "_store"):
            self._store.close()
        self._folder.cleanup()

    def __len__(self) -> int:
        """How many records there are."""
        return int(self._store.execute("SELECT count(*) FROM record").fetchone()[0])

    def __iter__(self) -> Iterator[Group]:
        found = self._store.execute(
            "SELECT record.id, name, part, at, cells FROM record JOIN line ON record = record.id ORDER BY record, part, at"
        )
        current, group = -1, None
        for record, name, part, at, cells in found:
            if record != current:
                if group is not None:
                    yield group
                current, group = record, Group(name, [], [])
            assert group is not None
            kept = group.updates if part else group.rows
            row = json.loads(cells)
            row[ROW_NUMBER] = str(len(kept) + 1)
            kept.append(Line(self._sheets[part].path.name, at, row))
        if group is not None:
            yield group

    def _lay_down(self, part: int, sheet: Sheet) -> None:
        headers, rows = self._open(sheet, part)
        where = _columns(sheet, headers)
        key_at = where.pop(sheet.key)
        pairs = list(where.items())
        width = len(headers)
        name, last, last_id, seen = sheet.path.name, None, 0, 0
        block: list[tuple[int, int, int, str]] = []
        self._store.execute("BEGIN")
        for row in rows:
            seen += 1
            cells = row.cells
            problem = _fault(name, row, headers, width)
            key = cells[key_at].strip() if key_at < len(cells) else ""
            if problem is None and not key:
                problem = BadRow(name, row.line, sheet.key, _("番号がありません。どの記録の行かわかりません。"))
            if problem is not None:
                self.bad.append(problem)
                continue
            if key != last:
                last, last_id = key, self._record(key, part)
            if not last_id:
                self.bad.append(
                    BadRow(name, row.line, sheet.key, _("「%(key)s」は元のファイルにありません。") % {"key": key[:80]})
                )
                continue
            text = json.dumps({column: cells[at] for column, at in pairs} | {sheet.key: key}, ensure_ascii=False)
            block.append((last_id, part, row.line, text))
            if len(block) >= BLOCK:
                self._store.executemany("INSERT INTO line VALUES (?, ?, ?, ?)", block)
                block.clear()
            if seen % BLOCK == 0 and self._progress:
                self._progress(BLOCK)
        self._store.executemany("INSERT INTO line VALUES (?, ?, ?, ?)", block)
        self._store.execute("COMMIT")
        if self._progress:
            self._progress(seen % BLOCK)
        self.rows += seen

    def _record(self, key: str, part: int) -> int:
        if part == 0:
            self._store.execute("INSERT OR IGNORE INTO record (name) VALUES (?)", (key,))
        found = self._store.execute("SELECT id FROM record WHERE name = ?", (key,)).fetchone()
        return int(found[0]) if found else 0

    def _refuse_strangers(self) -> None:
        if not self.rows:
            raise Refused("file_unreadable", _("%(file)s にはデータの行がありません。") % {"file": self.file_name})

    def _open(self, sheet: Sheet, part: int) -> tuple[list[str], Iterator[csvtext.Row]]:
        digest, is_zip = hashlib.sha256(), False
        try:
            with sheet.path.open("rb") as stream:
                is_zip = stream.read(4) == b"PK\x03\x04"
                stream.seek(0)
                while chunk := stream.read(1 << 20):
                    digest.update(chunk)
        except OSError as error:
            raise _unreadable(sheet.path, error.strerror or str(error)) from error
        if part == 0:
            self.sha256 = digest.hexdigest()
            self.encoding = "xlsx" if is_zip else ""
        if is_zip:
            return _workbook(sheet.path)
        return self._csv(sheet.path, part)

    def _csv(self, path: Path, part: int) -> tuple[list[str], Iterator[csvtext.Row]]:
        rows = _csv_rows(path)
        table = next(rows)
        assert isinstance(table, csvtext.Table)
        if part == 0:
            self.encoding = table.encoding.name + ("-sig" if table.encoding.bom else "")
        return table.headers, rows  # type: ignore[return-value]


def _csv_rows(path: Path) -> Iterator[csvtext.Table | csvtext.Row]:
    with path.open("rb") as stream:
        try:
            table = csvtext.read_table(stream)
            yield table
            for row in table:  # the apostrophe that our own export puts before = + - @ goes again
                yield replace(row, cells=[csvsafe.plain(cell) for cell in row.cells])
        except csvtext.Unreadable as error:
            raise Refused("file_unreadable", _why_unreadable(path.name, error)) from error


def _why_unreadable(name: str, error: csvtext.Unreadable) -> str:
    known = {
        "file": name,
        "line": error.line,
        "byte": error.byte,
        "encoding": error.encoding,
        "lines": _("、").join(f"{encoding}: {line}" for encoding, line in error.lines.items()),
    }
    if error.code == "empty":
        return _("%(file)s は空です。") % known
    if error.code == "mixed_encodings":
        return _("%(file)s には文字コードが二つまざっています（はじめの行 %(lines)s）。") % known
    if error.code == "unclosed_quote":
        return _("%(file)s の %(line)s 行目で始まる引用符が閉じていません。") % known
    if error.code == "row_too_long":
        return _("%(file)s の %(line)s 行目が長すぎます。引用符が閉じていないようです。") % known
    return _("%(file)s の %(line)s 行目（%(byte)s バイト目）が %(encoding)s として読めません。") % known


def _unreadable(path: Path, why: str) -> Refused:
    return Refused("file_unreadable", _("%(file)s を読めません: %(why)s") % {"file": path.name, "why": why})


def _columns(sheet: Sheet, headers: Sequence[str]) -> dict[str, int]:
    """Where each wanted column stands; of several with the same name the first."""
    places: dict[str, int] = {}
    for index, header in enumerate(headers):
        places.setdefault(csvtext.header_key(header), index)
    wanted = sorted(sheet.columns | {sheet.key})
    missing = [column for column in wanted if csvtext.header_key(column) not in places]
    if missing:
        raise Refused(
            "columns_missing",
            _("%(file)s に列がありません: %(columns)s") % {"file": sheet.path.name, "columns": ", ".join(missing)},
            _("対応表が合っているか、見出しの行が消えていないかを確かめてください。"),
        )
    return {column: places[csvtext.header_key(column)] for column in wanted}


def _fault(name: str, row: csvtext.Row, headers: Sequence[str], width: int) -> BadRow | None:
    cells = row.cells
    if len(cells) != width:
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            reason = _("列の数が合いません（見出しは %(expected)s 列、この行は %(found)s 列）。") % {
                "expected": width,
                "found": len(cells),
            }
            return BadRow(name, row.line, headers[min(len(cells), width - 1)], reason)
    for header, cell in zip(headers, cells, strict=False):
        if "\x00" in cell:
            return BadRow(name, row.line, header, _("文字として読めない値（NUL）が入っています。"))
    return None


def _workbook(path: Path) -> tuple[list[str], Iterator[csvtext.Row]]:
    """Header and rows of the first visible sheet that holds something. Cells come as text; dates in ISO form."""
    _guard_against_bombs(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, ParseError, OSError) as error:
        raise _unreadable(path, _("Excel のブック（.xlsx）ではありません。")) from error
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        sheet.reset_dimensions()
        rows = _sheet_rows(sheet)
        header = next(rows, None)
        if header is not None:
            while header.cells and not header.cells[-1].strip():
                header.cells.pop()
            return [cell.strip() for cell in header.cells], _padded(rows, len(header.cells))
    raise _unreadable(path, _("見えるシートに値がありません。"))


def _sheet_rows(sheet: Any) -> Iterator[csvtext.Row]:
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = [cell_text(value) for value in values]
        if any(cell.strip() for cell in cells):
            yield csvtext.Row(number, cells)


def _padded(rows: Iterator[csvtext.Row], width: int) -> Iterator[csvtext.Row]:
    for row in rows:
        if len(row.cells) < width:  # empty cells at the end are simply not in the file
            row.cells.extend([""] * (width - len(row.cells)))
        if not csvtext.is_total(row.cells):
            yield row


def cell_text(value: object) -> str:
    """A workbook's value as the text that a CSV of the same sheet would hold."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value)


def _guard_against_bombs(path: Path) -> None:
    """Refuses a workbook that would unpack to more than it may. zipfile itself never reads past the stated size."""
    try:
        with zipfile.ZipFile(path) as book:
            parts = book.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        raise _unreadable(path, _("Excel のブック（.xlsx）ではありません。")) from error
    total = sum(part.file_size for part in parts)
    strings = sum(part.file_size for part in parts if part.filename.endswith("sharedStrings.xml"))
    packed = max(1, sum(part.compress_size for part in parts))
    steep = total > 50 * 1024 * 1024 and total / packed > MAX_XLSX_RATIO
    if len(parts) > MAX_XLSX_PARTS or total > MAX_XLSX_BYTES or strings > MAX_XLSX_STRINGS or steep:
        raise _unreadable(path, _("展開すると大きくなりすぎます。CSV で保存しなおしてください。"))


class JsonSource(AbstractContextManager["JsonSource"]):
    """An array of objects in a JSON file, one record each. Attributes as in TableSource.

    The text is held, the objects are made one by one, so that each knows the line on which it starts.

    Raises:
        Refused: `file_unreadable`.
    """

    def __init__(self, path: Path, key: str, progress: Progress | None = None):
        self._path, self._key, self._progress = path, key, progress
        self.file_name = path.name
        self.sha256 = ""
        self.encoding = "utf-8"
        self.rows = 0
        self.bad: list[BadRow] = []

    def __enter__(self) -> JsonSource:
        try:
            if self._path.stat().st_size > MAX_JSON_BYTES:
                raise _unreadable(self._path, _("ファイルが大きすぎます。"))
            raw = self._path.read_bytes()
            self._text = raw.decode("utf-8-sig")
        except OSError as error:
            raise _unreadable(self._path, error.strerror or str(error)) from error
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            broken = csvtext.Unreadable("undecodable", line=line, byte=error.start, encoding="utf-8")
            raise Refused("file_unreadable", _why_unreadable(self._path.name, broken)) from error
        self.sha256 = hashlib.sha256(raw).hexdigest()
        self._records: list[Group] = list(self._read())
        self.rows = len(self._records) + len(self.bad)
        self._text = ""
        if not self.rows:
            raise Refused("file_unreadable", _("%(file)s にはデータがありません。") % {"file": self.file_name})
        return self

    def __exit__(self, *_exc: object) -> None:
        self._records = []

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Group]:
        return iter(self._records)

    def _read(self) -> Iterator[Group]:
        decoder, text, name, seen = json.JSONDecoder(), self._text, self._path.name, set[str]()
        at = self._past_space(0)
        if text[at : at + 1] != "[":
            raise _unreadable(self._path, _("JSON の配列ではありません。"))
        at, line, counted = self._past_space(at + 1), 1, 0
        while text[at : at + 1] != "]":
            line, counted = line + text.count("\n", counted, at), at
            try:
                item, at = decoder.raw_decode(text, at)
            except (json.JSONDecodeError, RecursionError) as error:
                where = getattr(error, "lineno", line)
                raise _unreadable(self._path, _("%(line)s 行目が JSON として読めません。") % {"line": where}) from error
            key = item.get(self._key) if isinstance(item, dict) else None
            if not isinstance(key, str) or not key.strip():
                self.bad.append(BadRow(name, line, self._key, _("番号がありません。どの記録の行かわかりません。")))
            elif key.strip() in seen:
                self.bad.append(BadRow(name, line, self._key, _("「%(key)s」が二度あります。") % {"key": key[:80]}))
            elif not _storable(item):
                self.bad.append(BadRow(name, line, "", _("文字として読めない値（NUL）が入っています。")))
            else:
                seen.add(key.strip())
                yield Group(key.strip(), [Line(name, line, item)])
            if self._progress:
                self._progress(1)
            at = self._past_space(at)
            if text[at : at + 1] == "," and not text.startswith("]", self._past_space(at + 1)):
                at = self._past_space(at + 1)
            elif text[at : at + 1] != "]":
                line += text.count("\n", counted, at)
                raise _unreadable(self._path, _("%(line)s 行目が JSON として読めません。") % {"line": line})

    def _past_space(self, at: int) -> int:
        while at < len(self._text) and self._text[at] in " \t\r\n":
            at += 1
        return at


def _storable(value: object) -> bool:
    """No database takes NUL or half a surrogate pair."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, dict):
        return all(_storable(key) and _storable(item) for key, item in value.items())
    if isinstance(value, list):
        return all(_storable(item) for item in value)
    return True
