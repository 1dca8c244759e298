"""What is kept of people, how long, who gets a copy and what becomes of it when a person is erased (hardening 3f.1).

The answers stand in privacy.toml beside this file, one line for each field of each table; here are the words they use.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("privacy.toml")

CLASSES = {
    "none": "says nothing of a person",
    "personal": "says who somebody is or what they did, or is free text that may",
    "sensitive": "would hurt if others knew it; never shown to administrators",
    "secret": "opens a door: a password, a token, the hash of one; leaves in no file",
}
RETENTION = {
    "record": "as long as the record; nothing recorded is deleted (invariant 4)",
    "person": "until its person erases it, leaves or is erased",
    "house": "as long as the installation",
    "session": "until the session has ended",
    "letter": "the term of letters' bodies",
    "letter_row": "the term of letters' rows",
    "audit": "the term of the trail, which is told and never deleted by itself",
    "mail": "of machines and strangers the term of mails; else as long as the record",
    "care": "the term of care",
    "import": "as long as the installation; the file that was imported is not kept",
    "read": "the term of the read marks",
    "run": "the term of the reports of retention",
}
EXPORT = {
    "no": "in nobody's copy",
    "yes": "in the copy that the person makes and in the one that an administrator makes",
    "own": "in the copy that the person makes alone",
}
ERASE = {
    "keep": "stays",
    "blank": "emptied",
    "default": "set back to what a new row has",
    "pseudonym": "the name becomes 退職された方 n, the address one that leads nowhere",
    "delete": "the row goes",
    "rebuild": "written anew from what stays",
}


@dataclass(frozen=True)
class Kept:
    """How one field is kept: a word of CLASSES, RETENTION, EXPORT and ERASE each."""

    sort: str
    retention: str
    export: str
    erase: str


@dataclass(frozen=True)
class Table:
    """wrote: keys of the person whose own words a row holds. named: keys of whoever is only named in it."""

    fields: dict[str, Kept]
    wrote: tuple[str, ...] = ()
    named: tuple[str, ...] = ()

    @property
    def goes(self) -> bool:
        """Whether the whole row goes with its person."""
        return any(one.erase == "delete" for one in self.fields.values())

    def fields_with(self, erase: str) -> list[str]:
        """The fields of which this becomes."""
        return [name for name, one in self.fields.items() if one.erase == erase]


def read_line(line: str) -> Kept:
    """ "personal record yes keep" as an answer. Raises ValueError for a word that is not known."""
    words = line.split()
    if len(words) != 4:
        raise ValueError(f"{line!r}: class, retention, export and erase, in this order")
    for word, known in zip(words, (CLASSES, RETENTION, EXPORT, ERASE), strict=True):
        if word not in known:
            raise ValueError(f"{line!r}: {word!r} is none of {', '.join(known)}")
    kept = Kept(*words)
    if kept.sort == "secret" and kept.export == "yes":
        raise ValueError(f"{line!r}: a secret is in no administrator's copy")
    if kept.sort == "sensitive" and kept.export == "yes":
        raise ValueError(f"{line!r}: what is sensitive is its person's alone")
    return kept


@cache
def inventory() -> dict[str, Table]:
    """Every table by its label ("incidents.Letter"), in the order of the file."""
    found = {}
    for label, rows in tomllib.loads(TABLE.read_text("utf-8")).items():
        fields = {name: read_line(line) for name, line in rows.items() if not name.startswith("_")}
        found[label] = Table(fields, tuple(rows.get("_wrote", ())), tuple(rows.get("_named", ())))
    return found
