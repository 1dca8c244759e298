"""書き出し: a list leaves as a file. Nothing of the records changes; that it left is kept."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from incidents.domain import audit
from incidents.errors import Refused
from incidents.models import AuditEntry, Person

MOST = 50_000


@transaction.atomic
def export(*, by: Person, of: str, conditions: dict[str, str], rows: int) -> AuditEntry:
    """Note that the person takes a list along: which, how many rows, by which conditions.

    Words that were searched for are left out of the trace: whoever reads it may not be of the team. So is an owner, and
    with an owner the number of rows: it would be a count of a person (invariant 8).
    Raises Refused when it has more rows than one file should.
    """
    if rows > MOST:
        raise Refused(
            "too_many_rows",
            _("一度に書き出せるのは%(n)s件までです。") % {"n": f"{MOST:,}"},
            _("条件でしぼって、何回かに分けてください。"),
        )
    shown = "&".join(f"{name}={'…' if name in {'q', 'owner'} else value}" for name, value in conditions.items())
    counted = {} if "owner" in conditions else {"rows": ("", rows)}
    return audit.note(by, "list.exported", by, list=("", of), conditions=("", shown), **counted)
