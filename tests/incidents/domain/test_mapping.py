from __future__ import annotations

from pathlib import Path

import pytest

from incidents.domain import mapping, mapping_file
from incidents.errors import Refused

GOOD = """
source = "x"
[file]
id = "id"
[dates]
zone = "Asia/Tokyo"
[incident]
title = ["title"]
noticed_at = "at"
[incident.state]
always = "open"
"""


def load(tmp_path: Path, text: str) -> mapping.Mapping:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return mapping_file.load(str(path))


def test_every_mapping_that_comes_with_ushiro_can_be_read():
    assert mapping_file.names() == ["aea_jira", "jenkins", "postmortems", "servicenow"]
    assert [mapping_file.load(name).name for name in mapping_file.names()] == mapping_file.names()
    assert len({mapping_file.load(name).source for name in mapping_file.names()}) == 4


def test_a_mapping_may_be_a_file_of_ones_own(tmp_path: Path):
    found = load(tmp_path, GOOD)
    assert (found.name, found.source, found.columns()) == ("mine", "x", frozenset({"title", "at"}))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('source = "x"', "", "source"),
        ('source = "x"', 'source = "x"\nsorce = "y"', "sorce"),
        ('source = "x"', 'source = "' + "x" * 41 + '"', "40"),
        ('zone = "Asia/Tokyo"', 'zone = "Mars/Phobos"', "Mars"),
        ('zone = "Asia/Tokyo"', 'zone = "UTC"\norder = "ydm"', "dates.order"),
        ('title = ["title"]', 'title = "title"', "incident.title"),
        ('always = "open"', "", "state"),
        ('always = "open"', 'always = "perhaps"', "incident.state.always"),
        ('id = "id"', 'id = "id"\nkind = "paper"', "file.kind"),
        ('noticed_at = "at"', 'noticed_at = "at"\ncategory = "nonsense"', "incident.category"),
        ('noticed_at = "at"', 'noticed_at = "at"\nbody = ["x"]', "incident.body"),
        ('noticed_at = "at"', "", "incident.noticed_at"),
        ("[file]", "[file", "読めません"),
    ],
)
def test_a_wrong_mapping_says_where(tmp_path: Path, old: str, new: str, words: str):
    with pytest.raises(Refused) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert (caught.value.code, words in str(caught.value.reason)) == ("mapping_bad", True)


def test_an_unknown_name_lists_those_that_exist():
    with pytest.raises(Refused) as caught:
        mapping_file.load("nothing")
    assert caught.value.code == "mapping_unknown"
    assert "servicenow" in str(caught.value.fix)
