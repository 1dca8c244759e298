"""書き出し: a list, or what is kept of one person, leaves as a file. Nothing changes; that it left is kept."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from incidents.domain import audit, reading
from incidents.errors import NotAllowed, Refused
from incidents.letters import secrets
from incidents.models import AuditEntry, Person, SavedView
from incidents.queries import personal

MOST = 50_000
# Conditions whose value the trace leaves out.
UNSAID = frozenset({"q", "owner"})


def _of_one(of: str, conditions: dict[str, str]) -> bool:
    """Whether the rows are those of one person. The countermeasures begin with one's own."""
    return "owner" in conditions or (of == SavedView.Of.MEASURES and conditions.get("view", "mine") == "mine")


@transaction.atomic
def export(*, by: Person, of: str, conditions: dict[str, str], rows: int, records: QuerySet) -> AuditEntry:
    """Note that the person takes a list along: which, how many rows, by which conditions.

    Words that were searched for are left out of the trace: whoever reads it may not be of the team. So is whose rows
    they were, and then their number too: it would be a count of a person (invariant 8).
    records: what the file holds; of the restricted ones it is kept who took them along.
    Raises Refused when it has more rows than one file should.
    """
    if rows > MOST:
        raise Refused(
            "too_many_rows",
            _("一度に書き出せるのは%(n)s件までです。") % {"n": f"{MOST:,}"},
            _("条件でしぼって、何回かに分けてください。"),
        )
    shown = "&".join(f"{name}={'…' if name in UNSAID else value}" for name, value in conditions.items())
    kept = {"list": ("", of), "conditions": ("", shown)}
    if not _of_one(of, conditions):
        kept["rows"] = ("", rows)
    reading.note_list(by, records)
    return audit.note(by, "list.exported", by, **kept)


@transaction.atomic
def copy_of(person: Person, *, by: Person, reason: str = "") -> Iterator[personal.Section]:
    """What is kept of a person, for themselves or for an administrator who hands it over; noted before any of it is read.

    An administrator's copy leaves out what is the person's alone. Raises NotAllowed for anybody else.
    """
    own = by.pk == person.pk
    if not by.is_active or not (own or by.is_staff):
        raise NotAllowed(
            "not_own_copy",
            _("写しを作れるのは、ご本人と組織の管理者です。"),
            _("ご本人の設定のページで作ってもらってください。"),
        )
    audit.note(by, "person.copied", person, reason=reason, copy=("", "own" if own else "administrator"))
    return personal.sections(person, by=by, scrub=secrets.scrub)
