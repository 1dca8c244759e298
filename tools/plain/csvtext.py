"""Reads CSV as it comes out of real offices: any usual Japanese encoding, any usual separator, true line numbers.

Nothing is loaded whole: the bytes are decoded once from start to end to be sure of the encoding (a sample can
lie), and then streamed row by row. What cannot be read is refused with a code, the line and the byte; nothing is
replaced by a question mark. Words for the reader are chosen by the caller from `Unreadable.code`.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

CHUNK = 1 << 16
MAX_ROW = 16 * 1024 * 1024
"""Characters in one row. More is a quote that was never closed rather than somebody's text."""

PEEK_ROWS = 40
TOTALS = frozenset({"合計", "小計", "総計", "計", "total", "subtotal", "grand total"})
DELIMITERS = (",", "\t", ";")

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b$(", b"\x1b(J")
# Python's cp932 lets these pass, but no Windows program writes them.
_NOT_REALLY_CP932 = re.compile("[\x80\xa0\uf8f1-\uf8f3]")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HALF_KANA = re.compile("[\uff61-\uff9f]")
_JAPANESE = re.compile("[\u3041-\u3096\u30a1-\u30fc\u4e00-\u9fff]")


class Unreadable(ValueError):
    """A file, or a row of it, that cannot be taken as it is.

    Attributes:
        code: `empty`, `undecodable`, `mixed_encodings`, `unclosed_quote` or `row_too_long`.
        line: physical line, 1-based (0 when the file as a whole is meant).
        byte: offset of the first byte that does not fit, or -1.
        encoding: the encoding that came furthest.
        lines: for mixed encodings, the first line found in each of the two.
    """

    def __init__(
        self, code: str, *, line: int = 0, byte: int = -1, encoding: str = "", lines: dict[str, int] | None = None
    ):
        self.code, self.line, self.byte, self.encoding, self.lines = code, line, byte, encoding, lines or {}
        super().__init__(f"{code} (line {line}, byte {byte}, {encoding or 'unknown encoding'})")


@dataclass(frozen=True)
class Encoding:
    """What the bytes are. `garbled`: they decode, but the text looks as if it had been spoilt earlier (文字化け)."""

    name: str
    bom: int = 0
    garbled: bool = False


@dataclass(frozen=True)
class Row:
    """One record: its cells as text, and the physical line on which it starts (1-based)."""

    line: int
    cells: list[str]


@dataclass
class Table:
    """A header and a stream of rows. `left_out` fills while the rows are read: lines of 合計 rows."""

    encoding: Encoding
    delimiter: str
    headers: list[str]
    header_line: int
    _rows: Iterator[Row]
    left_out: list[int] = field(default_factory=list)

    @property
    def duplicates(self) -> list[str]:
        """Header names that stand more than once (Jira writes one column per comment), in file order."""
        count = Counter(header_key(name) for name in self.headers)
        return list(dict.fromkeys(name for name in self.headers if count[header_key(name)] > 1))

    def __iter__(self) -> Iterator[Row]:
        """Data rows only: blank rows are passed over, total rows too (their lines are kept in `left_out`)."""
        for row in self._rows:
            if not any(cell and not cell.isspace() for cell in row.cells):
                continue
            if is_total(row.cells):
                self.left_out.append(row.line)
                continue
            yield row


def header_key(name: str) -> str:
    """A header for comparing: width and case folded, all white space away (「 ｽﾃｰﾀｽ 」 equals 「ステータス」)."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def is_total(cells: Sequence[str]) -> bool:
    """Whether a row is a sum under the table: it starts with 合計 or the like and is mostly empty."""
    first = next((cell.strip() for cell in cells if cell and not cell.isspace()), "")
    if first.casefold() not in TOTALS:
        return False
    return sum(bool(cell.strip()) for cell in cells) * 2 <= len(cells)


def detect(stream: BinaryIO) -> Encoding:
    """Finds the encoding by decoding the whole stream strictly, and puts the stream back to where it was.

    Order: byte order mark; UTF-16 without one (zeros on one side of each pair); ISO-2022-JP (escapes in 7-bit
    text); UTF-8; EUC-JP when it is certain; CP932. ASCII counts as UTF-8.

    Args:
        stream: a seekable binary stream.

    Raises:
        Unreadable: `empty`, `undecodable` (with line and byte) or `mixed_encodings` (with a line of each).
    """
    start = stream.tell()
    try:
        return _detect(stream, start)
    finally:
        stream.seek(start)


def read_table(stream: BinaryIO) -> Table:
    """Opens a CSV stream: encoding, separator, header, then rows as they are asked for.

    Title lines above the header are passed over: leading rows with at most half as many filled cells as the
    file's usual row. A first line such as `sep=,` is obeyed.

    Args:
        stream: a seekable binary stream; stays open, and must stay open while rows are read.

    Raises:
        Unreadable: see `detect`; while rows are read also `unclosed_quote` and `row_too_long`.
    """
    encoding = detect(stream)
    start = stream.tell() + encoding.bom
    stream.seek(start)
    first, delimiter = _sniff(stream, encoding)
    stream.seek(start)
    rows = _rows(_text(stream, encoding), delimiter, skip=first)
    peeked = list(islice(rows, PEEK_ROWS))
    at = _header_index([row.cells for row in peeked])
    if at is None:
        raise Unreadable("empty", encoding=encoding.name)
    header = peeked[at]
    return Table(
        encoding=encoding,
        delimiter=delimiter,
        headers=[name.strip() for name in header.cells],
        header_line=header.line,
        _rows=_chain(peeked[at + 1 :], rows),
    )


def _chain(first: list[Row], rest: Iterator[Row]) -> Iterator[Row]:
    yield from first
    first.clear()
    yield from rest


def _detect(stream: BinaryIO, start: int) -> Encoding:
    head = stream.read(CHUNK)
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            if len(head) == len(signature):
                raise Unreadable("empty", encoding=name)
            broken, sample = _decode(stream, start + len(signature), name)
            if broken is not None:
                raise _undecodable(stream, start, broken, name)
            return Encoding(name, len(signature), looks_garbled(sample))
    if not head.strip(b"\x00\t\r\n \x1a"):
        raise Unreadable("empty")
    if name := _pairs(head):
        broken, sample = _decode(stream, start, name)
        if broken is None:
            return Encoding(name, 0, looks_garbled(sample))
    failed: dict[str, int] = {}
    broken, sample = _decode(stream, start, "utf-8")
    if broken is None:
        if any(escape in head for escape in _ESCAPES) and head.isascii():
            for name in ("iso2022_jp", "iso2022_jp_ext"):
                if _decode(stream, start, name)[0] is None:
                    return Encoding(name)
        return Encoding("utf-8", 0, looks_garbled(sample))
    failed["utf-8"] = broken
    cp932, windows = _decode(stream, start, "cp932")
    for name in ("euc_jp", "euc_jis_2004"):
        broken, unix = _decode(stream, start, name)
        certain = len(_JAPANESE.findall(unix)) >= 2 if cp932 is not None else _as_half_kana(windows, unix)
        if broken is None and certain:
            return Encoding(name, 0, looks_garbled(unix))
        if broken is not None:
            failed.setdefault("euc_jp", broken)
    mixed = _mixed(stream, start)
    if mixed:
        raise Unreadable("mixed_encodings", line=max(mixed.values()), lines=mixed, encoding="/".join(mixed))
    if cp932 is None:
        return Encoding("cp932", 0, looks_garbled(windows))
    failed["cp932"] = cp932
    name = max(failed, key=lambda key: failed[key])
    raise _undecodable(stream, start, failed[name], name)


def _decode(stream: BinaryIO, start: int, name: str) -> tuple[int | None, str]:
    """Decodes everything strictly. Returns the offset that broke (None: all is well) and some non-ASCII text."""
    stream.seek(start)
    decoder = codecs.getincrementaldecoder(name)("strict")
    position, sample = start, ""
    while True:
        chunk = stream.read(CHUNK)
        kept = len(_pending(decoder))
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            return position - kept + error.start, sample
        if name == "cp932" and not chunk.isascii() and (odd := _NOT_REALLY_CP932.search(text)):
            return position - kept + len(text[: odd.start()].encode("cp932", "replace")), sample
        if not chunk:
            return None, sample
        if len(sample) < CHUNK and not text.isascii():
            sample += text
        position += len(chunk)


def _pending(decoder: codecs.IncrementalDecoder) -> bytes:
    held = decoder.getstate()[0]
    return held if isinstance(held, bytes) else b""


def _undecodable(stream: BinaryIO, start: int, byte: int, name: str) -> Unreadable:
    stream.seek(start)
    line, left, last = 1, byte - start, b""
    wide = 2 if name.startswith("utf-16") else 4 if name.startswith("utf-32") else 1
    while left > 0 and (chunk := stream.read(min(CHUNK, left))):
        left -= len(chunk)
        text = chunk.replace(b"\x00", b"") if wide > 1 else chunk
        line += text.count(b"\n") + text.count(b"\r") - (last + text).count(b"\r\n")
        last = text[-1:] if text.endswith(b"\r") else b""
    return Unreadable("undecodable", line=line, byte=byte - start, encoding=name)


def _pairs(head: bytes) -> str:
    """UTF-16 without a mark: separators and digits leave zeros, and all of them on the same side."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if (even + odd) * 20 < len(head):
        return ""
    name = "utf-16-le" if odd > even * 19 else "utf-16-be" if even > odd * 19 else ""
    if not name:
        return ""
    text = head[: len(head) // 2 * 2].decode(name, "ignore")
    return name if any(mark in text for mark in ",;\t\n") else ""


def _as_half_kana(windows: str, unix: str) -> bool:
    """EUC-JP read as CP932 turns into half-width kana; read rightly it shows full-width kana."""
    wide = [letter for letter in windows if ord(letter) > 127]
    return len(_HALF_KANA.findall(windows)) * 2 > len(wide) and bool(_KANA.search(unix))


def _mixed(stream: BinaryIO, start: int) -> dict[str, int]:
    """First line of each encoding when every line is one of UTF-8 and CP932, and both occur; else empty."""
    stream.seek(start)
    found: dict[str, int] = {}
    for number, line in enumerate(iter(lambda: stream.readline(MAX_ROW), b""), start=1):
        if line.isascii():
            continue
        try:
            text = line.decode("utf-8")
            # By chance a short CP932 line may be UTF-8; two whole Japanese letters are no chance.
            if len(_JAPANESE.findall(text)) >= 2:
                found.setdefault("utf-8", number)
        except UnicodeDecodeError:
            try:
                if _NOT_REALLY_CP932.search(line.decode("cp932")):
                    return {}
            except UnicodeDecodeError:
                return {}
            found.setdefault("cp932", number)
    return found if len(found) == 2 else {}


def looks_garbled(text: str) -> bool:
    """UTF-8 once read as CP932 (縺薙ｌ): read the other way round, most of it is Japanese again."""
    wide = "".join(letter for letter in text if ord(letter) > 127)[:4000]
    if len(wide) < 8:
        return False
    back = wide.replace("\ufffd", "").encode("cp932", "ignore").decode("utf-8", "replace")
    good, bad = len(_JAPANESE.findall(back)), back.count("\ufffd")
    return good > bad and good * 5 > len(wide)


def _text(stream: BinaryIO, encoding: Encoding) -> io.TextIOWrapper:
    return io.TextIOWrapper(_KeepOpen(stream), encoding=encoding.name, errors="strict", newline="")


class _KeepOpen(io.RawIOBase):
    """Lets a text layer go without closing the stream below it."""

    def __init__(self, stream: BinaryIO):
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._stream.read(len(view))
        view[: len(data)] = data
        return len(data)


class _Lines:
    """Hands physical lines to the csv reader and notices when the text ends inside a record."""

    def __init__(self, text: io.TextIOWrapper):
        self._text = text
        self.number = 0
        self.in_record = 0
        self.size = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_ROW + 1)
        if not line:
            if self.in_record:
                raise Unreadable("unclosed_quote", line=self.number - self.in_record + 1)
            raise StopIteration
        self.number += 1
        self.in_record += 1
        self.size += len(line)
        if self.size > MAX_ROW:
            raise Unreadable("row_too_long", line=self.number - self.in_record + 1)
        return line


def _rows(text: io.TextIOWrapper, delimiter: str, skip: int = 0) -> Iterator[Row]:
    # The limit is the csv module's only global; ours is checked per row in _Lines.
    if csv.field_size_limit() < MAX_ROW:
        csv.field_size_limit(MAX_ROW)
    lines = _Lines(text)
    for _ in range(skip):
        next(lines, None)
        lines.in_record = lines.size = 0
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        first = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        lines.in_record = lines.size = 0
        yield Row(first, cells)


def _sniff(stream: BinaryIO, encoding: Encoding) -> tuple[int, str]:
    """How many lines to skip (a `sep=` line) and the separator."""
    raw = stream.read(CHUNK * 2)
    text = codecs.getincrementaldecoder(encoding.name)("ignore").decode(raw)
    first = text.lstrip("\ufeff").split("\n", 1)[0].rstrip("\r")
    if re.fullmatch(r'"?sep=([,;\t|])"?', first, re.IGNORECASE):
        return 1, first.strip('"')[4]
    best, chosen = 0, ","
    for delimiter in DELIMITERS:
        widths: Counter[int] = Counter()
        try:
            for cells in islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), PEEK_ROWS):
                if len(cells) > 1:
                    widths[len(cells)] += 1
        except csv.Error:
            continue
        score = max((count * (width - 1) for width, count in widths.items()), default=0)
        if score > best:
            best, chosen = score, delimiter
    return 0, chosen


def _header_index(rows: list[list[str]]) -> int | None:
    filled = [sum(bool(cell.strip()) for cell in cells) for cells in rows]
    widths = Counter(len(cells) for cells, count in zip(rows, filled, strict=True) if count)
    if not widths:
        return None
    usual = max(widths, key=lambda width: (widths[width], width))
    for index, count in enumerate(filled):
        if count and count > usual // 2:
            return index
    return next(index for index, count in enumerate(filled) if count)
