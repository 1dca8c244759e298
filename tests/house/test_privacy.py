"""Every field that is stored says what it is of a person, how long it stays, who gets a copy and how it is erased."""

from __future__ import annotations

import pytest

from incidents.queries import privacy
from incidents.rules import privacy as rules
from tests.house.test_docs import ROOT

DO = "add these lines to incidents/rules/privacy.toml (the words: incidents/rules/privacy.py), then `manage.py privacy_inventory --write`"


def test_every_field_has_its_line():
    missing = privacy.missing()
    assert missing == [], "\n".join([DO, *missing])


def test_every_line_has_its_field():
    gone = privacy.too_many()
    assert gone == [], "\n".join(["take these out of incidents/rules/privacy.toml", *gone])


def test_the_page_is_what_the_inventory_says():
    assert (ROOT / "docs" / "privacy.md").read_text("utf-8") == privacy.page(), (
        "run `manage.py privacy_inventory --write`"
    )


def test_a_field_that_nobody_has_classed_is_named_with_its_line(monkeypatch):
    known = dict(rules.inventory())
    table = known["incidents.Jotting"]
    known["incidents.Jotting"] = rules.Table({name: one for name, one in table.fields.items() if name != "text"})
    monkeypatch.setattr(rules, "inventory", lambda: known)
    assert privacy.missing() == ['["incidents.Jotting"]', 'text = "none record no keep"']


@pytest.mark.parametrize(
    "line",
    ["personal record yes", "personal record yes keep keep", "private record yes keep", "secret record yes keep", "sensitive record yes keep"],
)  # fmt: skip
def test_a_line_of_other_words_is_refused(line):
    with pytest.raises(ValueError, match="'"):
        rules.read_line(line)


def test_a_row_that_goes_goes_whole():
    """A row of which one field goes and another stays would be half a row."""
    mixed = [
        label
        for label, table in rules.inventory().items()
        if table.goes and {one.erase for one in table.fields.values()} != {"delete"}
    ]
    assert mixed == []


def test_whoever_is_named_or_wrote_is_known_where_a_copy_is_made():
    """A field that goes into a copy needs a key that says whose row it is."""
    without = [
        label
        for label, table in rules.inventory().items()
        if not (table.wrote or table.named) and any(one.export != "no" for one in table.fields.values())
    ]
    assert without == []
