"""Taking a person's name and words out of the trace, so that the chain holds and the erasure itself is told.

For the verb that erases a person: call `erase_person` in its transaction, once the person's row has its new name.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterator
from itertools import batched
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from incidents.domain import audit
from incidents.models import AuditEntry, AuditSeal, Organisation, Person, Team
from incidents.rules.seal import ORGANISATION, SAID, chain_of, commitment

PLACES = 500  # that one entry tells of


@transaction.atomic
def erase_person(person: Person, *, by: Person | None, label: str, names: Collection[str], reason: str = "") -> int:
    """Put `label` for a person's name in every entry that the person wrote, that is about the person, or that names one of `names`.

    person: whose id is looked for; the row may have been made nameless before. by: who erases (None: Ushiro itself); asking
    whether they may is the caller's. label: what stands there from now on, such as "erased person"; no name. names: each
    way in which the trace may have written the person, such as the full name and the address; too short a one (under two
    letters) is passed over. reason: why, for the entry that tells of it.

    What was said apart from the name stays, sealed anew: its salt is destroyed, so that nothing in the chain tells of the
    name any more, and an entry `audit.erased` in the same chain lists the places and what is left at each. So verify_audit
    says "erased" for what stands there now, and "edited" for anything else. What the person wrote in a reason stays unless
    it holds one of the names. Returns how many entries were changed.
    """
    connection.run_before_commit()  # what this transaction has written by now has its place
    wanted = sorted({name for name in names if len(name.strip()) >= 2}, key=len, reverse=True)
    found: dict[int, list[AuditEntry]] = defaultdict(list)
    for entry in _naming(person.pk, wanted):
        found[chain_of(entry.team_id)].append(entry)
    for chain in sorted(found):
        for some in batched(found[chain], PLACES):
            _erase(chain, some, person.pk, label, wanted, by, reason)
    return sum(map(len, found.values()))


def count_naming(person: Person, *, names: Collection[str]) -> int:
    """How many entries `erase_person` would change."""
    return sum(1 for _one in _naming(person.pk, [name for name in names if len(name.strip()) >= 2]))


def _naming(person_id: int, names: list[str]) -> Iterator[AuditEntry]:
    """Sealed entries in which the person is named. All are read once, a thousand at a time; few are kept."""
    last = AuditEntry.objects.aggregate(last=Max("pk"))["last"] or 0
    # One without a seal went past the product; it is left for verify_audit to find.
    entries = AuditEntry.objects.filter(pk__lte=last, seal__isnull=False).select_related("seal").order_by("pk")
    after = 0
    while some := list(entries.filter(pk__gt=after)[:1000]):
        after = some[-1].pk
        for entry in some:
            texts = "\n".join([entry.actor_label, entry.target_label, entry.reason, *_texts(entry.changes)])
            own = entry.actor_id == person_id or (entry.target_type, entry.target_id) == ("person", person_id)
            if own or any(name in texts for name in names):
                yield entry


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _without(value: Any, names: list[str], label: str) -> Any:
    """The same value with the label for every name."""
    if isinstance(value, str):
        for name in names:
            value = value.replace(name, label)
        return value
    if isinstance(value, dict):
        return {key: _without(one, names, label) for key, one in value.items()}
    if isinstance(value, list):
        return [_without(one, names, label) for one in value]
    return value


def _erase(
    chain: int,
    entries: Collection[AuditEntry],
    person_id: int,
    label: str,
    names: list[str],
    by: Person | None,
    reason: str,
) -> None:
    places = []
    for entry in entries:
        for name in ("target_label", "reason", "changes"):
            setattr(entry, name, _without(getattr(entry, name), names, label))
        if entry.actor_id == person_id:
            entry.actor_label = label[:120]
        else:
            entry.actor_label = _without(entry.actor_label, names, label)[:120]
        if (entry.target_type, entry.target_id) == ("person", person_id):
            entry.target_label = label
        entry.target_label = entry.target_label[:200]
        entry.salt = secrets.token_hex(16)
        places.append([entry.seal.seq, commitment(entry.salt, [getattr(entry, name) for name in SAID])])
    house = Organisation.objects.get(pk=1)
    target = house if chain == ORGANISATION else Team.objects.filter(pk=chain).first() or house
    told = audit.entry(by, "audit.erased", target, reason=reason, places=(None, places))
    told.team_id = None if chain == ORGANISATION else chain
    audit.keep([told])
    connection.run_before_commit()  # its place is what the erased entries name
    erasure = AuditSeal.objects.get(entry=told).seq
    for entry in entries:
        entry.erasure = erasure
        entry.save(update_fields=["actor_label", "target_label", "changes", "reason", "salt", "erasure"])
