"""The heads of the chains, kept each day where the database does not reach: in a file, and as a letter to an auditor."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from incidents.domain import letter
from incidents.enums import LetterKind
from incidents.gateways import headfile
from incidents.letters import heads as words
from incidents.models import AuditChain, Letter, Organisation, Team
from incidents.queries.calendar import organisation, today_here
from incidents.rules.seal import ORGANISATION


def export() -> bool:
    """Keep today's heads, once a day; called as often as one likes. Returns whether something was kept.

    The letter follows the file's day and not the file, so that several machines write one letter between them.
    """
    house, day = organisation(), today_here()
    chains = list(AuditChain.objects.order_by("chain").values("chain", "seq", "hash"))
    if not chains or not house.pk:
        return False
    kept = False
    if not headfile.file_of(day).exists():
        kept = headfile.write(day, {"day": day.isoformat(), "at": timezone.now().isoformat(), "chains": chains})
    return _send(house, day, chains) or kept


@transaction.atomic
def _send(house: Organisation, day: date, chains: list[dict[str, int | str]]) -> bool:
    """A letter to the auditor's address, if there is one and today's is not written yet."""
    key = f"audit_heads:{day.isoformat()}"
    if not house.audit_address or Letter.objects.filter(key=key).exists():
        return False
    Organisation.objects.select_for_update().get(
        pk=house.pk
    )  # of two that come at once one waits, and then looks again
    if Letter.objects.filter(key=key).exists():
        return False
    names = dict(Team.objects.values_list("pk", "name"))
    rows = [
        ("" if one["chain"] == ORGANISATION else names.get(one["chain"], f"#{one['chain']}"), one["seq"], one["hash"])
        for one in chains
    ]
    letter.post(
        kind=LetterKind.AUDIT_HEADS,
        key=key,
        to=None,
        email=house.audit_address,
        rendered=words.heads(day, rows, language=house.language),
    )
    return True
