"""Putting entries of the trace into their chains: last in the transaction that wrote them, and in it."""

from __future__ import annotations

from collections import defaultdict
from itertools import batched

from django.db import connection

from incidents.models import AuditChain, AuditEntry, AuditSeal
from incidents.queries.seal import signing_key
from incidents.rules.seal import HASHED, SAID, chain_of, commitment

BATCH = 1_000


def at_commit(*entries: AuditEntry) -> None:
    """Have these entries, which are written, sealed just before the transaction commits.

    The head of a chain is the last thing that a transaction locks, and heads are locked in the order of their numbers:
    so no two writers can wait for each other, and a team waits for its own writers only as long as a commit takes.
    """
    connection.before_commit(seal, *((chain_of(one.team_id), one.pk) for one in entries))


def seal(places: list[tuple[int, int]]) -> None:
    """Seal entries by (chain, id); what has been taken back since, or is sealed already, is passed over."""
    by_chain: dict[int, list[int]] = defaultdict(list)
    for chain, pk in sorted(set(places)):
        by_chain[chain].append(pk)
    for chain, pks in by_chain.items():
        _extend(chain, pks)


def _extend(chain: int, pks: list[int]) -> None:
    key, head = signing_key(), None
    for some in batched(pks, BATCH):
        rows = list(
            AuditEntry.objects.filter(pk__in=some, seal__isnull=True).order_by("pk").values_list(*HASHED, *SAID, "salt")
        )
        if not rows:
            continue
        head = head or _locked(chain)
        seals = []
        for row in rows:
            hashed, said, salt = row[: len(HASHED)], row[len(HASHED) : -1], row[-1]
            committed, before = commitment(salt, said), head.hash
            head.seq += 1
            head.hash = key.seal(chain, head.seq, before, hashed, committed)
            seals.append(
                AuditSeal(
                    entry_id=hashed[0],
                    chain=chain,
                    seq=head.seq,
                    prev_hash=before,
                    commitment=committed,
                    key_id=key.id,
                    hash=head.hash,
                )
            )
        AuditSeal.objects.bulk_create(seals)
    if head is not None:
        AuditChain.objects.filter(pk=chain).update(seq=head.seq, hash=head.hash)


def _locked(chain: int) -> AuditChain:
    """The head of a chain, held until the transaction ends. (On SQLite the transaction itself has been let in alone.)"""
    found = AuditChain.objects.select_for_update().filter(pk=chain).first()
    if found is None:
        AuditChain.objects.bulk_create([AuditChain(chain=chain)], ignore_conflicts=True)
        found = AuditChain.objects.select_for_update().get(pk=chain)
    return found
