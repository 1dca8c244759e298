"""The heads of the chains, kept each day where the database does not reach: in a file, and as a letter to an auditor."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from incidents.domain import letter
from incidents.enums import LetterKind
from incidents.letters import heads as words
from incidents.models import AuditChain, Letter, Organisation, Team
from incidents.queries.calendar import organisation, today_here
from incidents.rules.seal import ORGANISATION


def of_today() -> tuple[date, dict[str, Any]] | None:
    """The house's day and the heads as they are kept in a file; None while there is no chain."""
    chains = list(AuditChain.objects.order_by("chain").values("chain", "seq", "hash"))
    if not chains or not organisation().pk:
        return None
    day = today_here()
    return day, {"day": day.isoformat(), "at": timezone.now().isoformat(), "chains": chains}


@transaction.atomic
def send(day: date, heads: dict[str, Any]) -> bool:
    """A letter to the auditor's address, if there is one and the day's is not written yet. Returns whether it was.

    It goes by the day and not by the file, so that several machines write one letter between them.
    """
    house, key = organisation(), f"audit_heads:{day.isoformat()}"
    if not house.audit_address or Letter.objects.filter(key=key).exists():
        return False
    # Of two that come at once one waits here, and then looks again.
    Organisation.objects.select_for_update().get(pk=house.pk)
    if Letter.objects.filter(key=key).exists():
        return False
    names = dict(Team.objects.values_list("pk", "name"))
    rows = [
        ("" if one["chain"] == ORGANISATION else names.get(one["chain"], f"#{one['chain']}"), one["seq"], one["hash"])
        for one in heads["chains"]
    ]
    letter.post(
        kind=LetterKind.AUDIT_HEADS,
        key=key,
        to=None,
        email=house.audit_address,
        rendered=words.heads(day, rows, language=house.language),
    )
    return True
