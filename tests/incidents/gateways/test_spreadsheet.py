from __future__ import annotations

import json
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from incidents.errors import Refused
from incidents.gateways import spreadsheet
from incidents.gateways.spreadsheet import BadRow, JsonSource, Sheet, TableSource
from tests.shared import shared


def table(path: Path, key: str = "id", columns: str = "at,text", updates: Sheet | None = None) -> TableSource:
    return TableSource(Sheet(path, key, frozenset(columns.split(","))), updates)


def groups(source: TableSource) -> list[tuple[str, list[tuple[int, str]]]]:
    return [(group.key, [(line.line, line.cells["text"]) for line in group.rows]) for group in source]


def test_rows_of_one_record_come_together_wherever_they_stand(tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text("id,at,text\nA,1,a1\nB,1,b1\nA,2,a2\nC,1,c1\nB,2,b2\n", encoding="utf-8")
    with table(path) as source:
        expected = [("A", [(2, "a1"), (4, "a2")]), ("B", [(3, "b1"), (6, "b2")]), ("C", [(5, "c1")])]
        assert groups(source) == expected
        assert groups(source) == expected  # a second pass starts anew
        assert (len(source), source.rows, source.bad) == (3, 5, [])
        assert [line.cells["#"] for line in next(iter(source)).rows] == ["1", "2"]


def test_lines_of_the_second_file_join_their_record(tmp_path: Path):
    main, more = tmp_path / "main.csv", tmp_path / "more.csv"
    main.write_text("id,at,text\nA,1,x\n", encoding="utf-8")
    more.write_text("ref,text\nA,one\nZ,lost\nA,two\n", encoding="utf-8")
    with table(main, updates=Sheet(more, "ref", frozenset({"text"}))) as source:
        (group,) = source
        assert [(line.file, line.line, line.cells["text"]) for line in group.updates] == [
            ("more.csv", 2, "one"),
            ("more.csv", 4, "two"),
        ]
        assert source.bad == [BadRow("more.csv", 3, "ref", "「Z」は元のファイルにありません。")]


def test_bad_rows_are_named_by_line_and_column(tmp_path: Path):
    path = tmp_path / "bad.csv"
    path.write_bytes(b'id,at,text\nA,1,ok\n,1,x\nB,1\nC,1,x,y\nD,1,"a\x00\nb"\nE,1,"two\nlines"\nF,1,x,\n')
    with table(path) as source:
        assert [(bad.line, bad.column) for bad in source.bad] == [(3, "id"), (4, "text"), (5, "text"), (6, "text")]
        assert [(group.key, group.rows[0].line) for group in source] == [("A", 2), ("E", 8), ("F", 10)]


def test_headers_are_found_without_width_case_and_order(tmp_path: Path):
    path = tmp_path / "headers.csv"
    path.write_bytes("TEXT ,ＩＤ,at\r\n請求,1,x\r\n".encode("cp932"))
    with table(path) as source:
        assert source.encoding == "cp932"
        assert groups(source) == [("1", [(2, "請求")])]


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (b"id,at\nA,1\n", "columns_missing", "text"),
        (b"", "file_unreadable", "空"),
        (b"id,at,text\n", "file_unreadable", "データ"),
        (b'id,at,text\nA,1,"x\n', "file_unreadable", "2 行目"),
        ("id,at,text\nA,1,あい\n".encode() + b"B,1,\xff\n", "file_unreadable", "3 行目"),
        ("id,at,text\nA,1,請求\n".encode("cp932") + "B,1,請求\n".encode(), "file_unreadable", "二つ"),
        (b"PK\x03\x04nonsense", "file_unreadable", "xlsx"),
    ],
)
def test_an_unreadable_file_is_refused_in_one_sentence(tmp_path: Path, raw: bytes, code: str, words: str):
    path = tmp_path / "broken.csv"
    path.write_bytes(raw)
    with pytest.raises(Refused) as caught, table(path):
        pass
    assert (caught.value.code, words in str(caught.value.reason)) == (code, True)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(Refused) as caught, table(tmp_path / "none.csv"):
        pass
    assert caught.value.code == "file_unreadable"


def test_a_workbook_gives_the_same_as_its_csv(tmp_path: Path):
    path = tmp_path / "book.xlsx"
    book = openpyxl.Workbook()
    hidden = book.active
    hidden.append(["nothing", "to", "see"])
    hidden.sheet_state = "hidden"
    sheet = book.create_sheet("log")
    for row in [
        ["id", "at", "text"],
        [7, datetime(2026, 11, 20, 9, 30), "誤送信"],
        [8.0, None, True],
        [None] * 3,
        ["合計", None, None],
    ]:
        sheet.append(row)
    book.active = 1
    book.save(path)
    with table(path) as source:
        assert source.encoding == "xlsx"
        assert [(g.key, g.rows[0].line, g.rows[0].cells["at"], g.rows[0].cells["text"]) for g in source] == [
            ("7", 2, "2026-11-20 09:30:00", "誤送信"),
            ("8", 3, "", "true"),
        ]


def test_the_real_workbook_has_its_five_hundred_rows():
    path = shared("data/incidents/uci_servicenow_incidents_500.xlsx")
    with table(path, "number", "incident_state,opened_at") as source:
        assert (len(source), source.rows, source.bad) == (500, 500, [])


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", b"0" * (60 * 1024 * 1024))
    assert path.stat().st_size < 200_000
    with pytest.raises(Refused) as caught, table(path):
        pass
    assert "大きく" in str(caught.value.reason)


def test_json_records_know_their_line(tmp_path: Path):
    path = tmp_path / "a.json"
    path.write_text(
        '[\n {"id": "A", "x": [1,\n 2]},\n {"id": "B"},\n {"no": 1}, {"id": "A"}, {"id": "C", "t": "\\u0000"}\n]'
    )
    with JsonSource(path, "id") as source:
        assert [(group.key, group.rows[0].line) for group in source] == [("A", 2), ("B", 4)]
        assert [(bad.line, bad.column) for bad in source.bad] == [(5, "id"), (5, "id"), (5, "")]


@pytest.mark.parametrize(
    "text", ["", "{}", "[", '[{"id": "A"}', '[{"id": "A"} {"id": "B"}]', '[{"id": ', "[]", '[{"id": "A"},]']
)
def test_broken_json_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(Refused), JsonSource(path, "id"):
        pass


def test_json_of_the_postmortems_is_read_whole():
    path = shared("data/postmortems/postmortems.json")
    counts = json.loads(shared("data/postmortems/counts.json").read_text())
    with JsonSource(path, "id") as source:
        assert len(source) == counts["entries"]


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spreadsheet.tempfile, "tempdir", str(tmp_path))
    path = tmp_path / "log.csv"
    path.write_text("id,at,text\nA,1,a1\n", encoding="utf-8")
    with table(path) as source:
        list(source)
        assert len(list(tmp_path.iterdir())) == 2
    assert list(tmp_path.iterdir()) == [path]
    (tmp_path / "bad.csv").write_text("id\nA\n")
    with pytest.raises(Refused), table(tmp_path / "bad.csv"):
        pass
    assert len(list(tmp_path.iterdir())) == 2
