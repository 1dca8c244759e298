from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared import shared
from tools.plain import csvtext
from tools.plain.csvtext import Unreadable, detect, header_key, read_table

JAPANESE = "管理番号,件名\r\n1,請求書の誤送信\r\n2,転記ミス\r\n"


def table(raw: bytes) -> csvtext.Table:
    return read_table(io.BytesIO(raw))


def made() -> Iterator[dict[str, object]]:
    for entry in json.loads(shared("data/encodings/made_manifest.json").read_text(encoding="utf-8")):
        if not str(entry["file"]).endswith(".xlsx"):
            yield entry


ENCODINGS = {
    "01_utf8.csv": "utf-8",
    "02_utf8_bom.csv": "utf-8",
    "03_cp932.csv": "cp932",
    "04_utf16le_tab.txt": "utf-16-le",
    "05_utf16be_bom.csv": "utf-16-be",
    "06_eucjp.csv": "euc",
    "07_iso2022jp.csv": "iso2022_jp",
    "12_preamble_rows.csv": "cp932",
}


@pytest.mark.parametrize("entry", list(made()), ids=lambda entry: str(entry["file"]))
def test_made_files_give_what_the_manifest_says(entry: dict[str, object]):
    path = shared("data/encodings/" + str(entry["file"]))
    expect = entry["expect"]
    assert isinstance(expect, dict)
    with path.open("rb") as stream:
        if "error" in expect:
            with pytest.raises(Unreadable) as caught:
                list(read_table(stream))
            word = str(expect["error"]).split(",")[0].split()[0]
            code = {"empty": "empty", "unclosed": "unclosed_quote", "mixed": "mixed_encodings"}
            assert caught.value.code == code.get(word, "undecodable")
            return
        found = read_table(stream)
        rows = list(found)
    assert (len(rows), len(found.headers)) == (expect["data_rows"], expect["columns"])
    assert found.header_line == expect.get("header_row", 2 if "09_sep" in path.name else 1)
    assert ENCODINGS.get(path.name, found.encoding.name) in found.encoding.name
    assert found.encoding.garbled is (path.name == "23_mojibake.csv")
    if "must_not_import" in expect:
        assert all(row.cells[0] != expect["must_not_import"] for row in rows)
        assert len(found.left_out) == 1


def test_the_first_sixteen_made_files_hold_the_same_text():
    folder = shared("data/encodings/made")
    texts = {}
    for name in list(ENCODINGS) + ["08_semicolon_lf.csv", "09_sep_line.csv", "10_cr_only.csv", "11_mixed_eol.csv"]:
        with (folder / name).open("rb") as stream:
            texts[name] = [row.cells[1] for row in read_table(stream)]
    assert {tuple(titles) for titles in texts.values()} == {tuple(texts["01_utf8.csv"])}


@pytest.mark.parametrize("name", [path.stem for path in sorted(shared("data/encodings/csv-spectrum/csvs").iterdir())])
def test_csv_spectrum(name: str):
    folder: Path = shared("data/encodings/csv-spectrum")
    expected = json.loads((folder / "json" / f"{name}.json").read_text(encoding="utf-8"))
    with (folder / "csvs" / f"{name}.csv").open("rb") as stream:
        found = read_table(stream)
        rows = [dict(zip(found.headers, (c.replace("\r\n", "\n") for c in row.cells), strict=True)) for row in found]
    if name == "location_coordinates":  # its JSON holds another phone number than its CSV
        assert [row["Cities"] for row in rows] == [expected["Cities"]]
        return
    assert rows == [{k: v.replace("\r\n", "\n") for k, v in row.items()} for row in expected]


def test_undecodable_bytes_name_line_and_byte():
    raw = "番号,件名\r\n1,あい\r\n2,".encode("cp932") + b"\x82\r\n" + "3,う\r\n".encode("cp932")
    with pytest.raises(Unreadable) as caught:
        table(raw)
    assert (caught.value.code, caught.value.line, caught.value.byte) == ("undecodable", 3, raw.index(b"\x82\r"))


def test_a_break_far_behind_the_sample_is_found():
    raw = JAPANESE.encode() + b"3,abc\r\n" * 50_000 + b"4,\xff\r\n"
    with pytest.raises(Unreadable) as caught:
        table(raw)
    assert (caught.value.code, caught.value.line, caught.value.byte) == ("undecodable", 50_004, raw.index(b"\xff"))


def test_japanese_far_behind_the_sample_decides_the_encoding():
    raw = b"a,b\r\n" + b"3,abc\r\n" * 50_000 + "4,請求書の誤送信\r\n".encode("cp932")
    assert detect(io.BytesIO(raw)).name == "cp932"


def test_mixed_encodings_name_a_line_of_each():
    raw = "番号,件名\r\n".encode("cp932") + "1,請求書\r\n".encode()
    with pytest.raises(Unreadable) as caught:
        table(raw)
    assert (caught.value.code, caught.value.lines) == ("mixed_encodings", {"cp932": 1, "utf-8": 2})


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-16", "utf-8", "utf-8-sig", "cp932", "euc_jp"])
def test_each_encoding_gives_the_same_rows(codec: str):
    assert [row.cells for row in table(JAPANESE.encode(codec))] == [["1", "請求書の誤送信"], ["2", "転記ミス"]]


def test_half_width_kana_alone_stay_cp932():
    raw = "ﾊﾞﾝｺﾞｳ,ｹﾝﾒｲ\r\n1,ｼｽﾃﾑｼｮｳｶﾞｲ\r\n".encode("cp932")
    assert table(raw).encoding.name == "cp932"


def test_true_line_numbers_after_cells_with_line_breaks():
    found = table(b'a,b\n1,"x\ny\nz"\n2,"p\r\nq"\n\n3,r\n')
    assert [(row.line, row.cells[0]) for row in found] == [(2, "1"), (5, "2"), (8, "3")]


def test_unclosed_quote_names_the_line_where_it_opened():
    with pytest.raises(Unreadable) as caught:
        list(table(b'a,b\n1,2\n3,"x\n4,5\n6,7\n'))
    assert (caught.value.code, caught.value.line) == ("unclosed_quote", 3)


def test_a_lone_quote_inside_a_cell_is_text():
    assert [row.cells for row in table(b'a,b\n1,24" screen\n')] == [["1", '24" screen']]


def test_nul_is_kept_for_the_caller_to_judge():
    assert [row.cells for row in table(b"a,b\n1,x\x00y\n")] == [["1", "x\x00y"]]


def test_ragged_rows_come_as_they_are():
    assert [len(row.cells) for row in table(b"a,b,c\n1,2\n1,2,3,4\n1,2,3\n")] == [2, 4, 3]


def test_duplicate_headers_are_named():
    assert table(b"a,Comment,comment,b\n1,2,3,4\n").duplicates == ["Comment", "comment"]


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"  \n"])
def test_empty_files_are_refused(raw: bytes):
    with pytest.raises(Unreadable) as caught:
        table(raw)
    assert caught.value.code == "empty"


def test_an_endless_row_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(csvtext, "MAX_ROW", 1000)
    with pytest.raises(Unreadable) as caught:
        list(table(b'a,b\n1,"' + b"x\n" * 5000 + b'"\n'))
    assert (caught.value.code, caught.value.line) == ("row_too_long", 2)


def test_headers_compare_without_width_case_and_space():
    assert header_key(" ｽﾃｰﾀｽ\u3000") == header_key("ステータス")
    assert header_key("Opened\nAt") == header_key("openedat")


def test_memory_stays_flat():
    line = "12345,請求書の誤送信,山田,2026/11/20\r\n".encode("cp932")

    def peak(rows: int) -> int:
        stream = io.BytesIO(b"a,b,c,d\r\n" + line * rows)
        tracemalloc.start()
        assert sum(1 for _ in read_table(stream)) == rows
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1000)
    assert peak(60_000) < peak(6_000) + 500_000


def test_the_stream_stays_open_for_its_owner():
    stream = io.BytesIO(JAPANESE.encode())
    list(read_table(stream))
    assert not stream.closed
