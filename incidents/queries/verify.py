"""Whether the trace is as it was written: every chain from its first entry to its last, in batches.

Found is not only that something is wrong but where, and what it looks like. See docs/features/audit.md for the kinds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Min

from incidents.models import AuditChain, AuditEntry, AuditSeal
from incidents.queries.seal import known_keys
from incidents.rules.seal import ERASED_VERB, GENESIS, HASHED, SAID, chain_of, commitment

BATCH = 5_000
LOOKED_UP = 50  # places whose entry is looked for elsewhere, a chain; the others are told without it

EDITED = "edited"  # an entry or its seal is not as it was written
DELETED = "deleted"  # places of the chain are empty
CUT = "cut"  # the chain ends before the place that its head, or a head kept outside, knows
INSERTED = "inserted"  # an entry that nobody sealed
REORDERED = "reordered"  # a sealed entry at another place of its chain
MOVED = "moved"  # a sealed entry in another team's chain
REWRITTEN = "rewritten"  # from here to its end the chain holds together, and was not made with the key
UNKNOWN_KEY = "unknown_key"  # made with a key that nobody has kept: nothing can be said


@dataclass(frozen=True)
class Place:
    """Something that is wrong: kind (above), chain (a team's id, 0: the organisation's), seq … to; entry: an id, if one is there."""

    kind: str
    chain: int
    seq: int
    to: int
    entry: int | None = None
    why: str = ""
    shift: int = 0  # of what stands at another place of its chain: how much further on it belongs


@dataclass
class Tally:
    """How much was looked at."""

    chains: int = 0
    entries: int = 0
    erased: int = 0
    heads: dict[int, tuple[int, str]] = field(default_factory=dict)


Heads = Mapping[int, list[tuple[str, int, str]]]  # chain: (where it was kept, seq, hash)
COLUMNS = (
    *("seq", "prev_hash", "hash", "key_id", "commitment"),
    *(f"entry__{name}" for name in (*HASHED, *SAID)),
    *("entry__salt", "entry__erasure", "entry__team_id"),
)
_PK = 5
_SAID = _PK + len(HASHED)
_SALT = _SAID + len(SAID)


def verify(*, only: int | None = None, kept: Heads | None = None, tally: Tally | None = None) -> Iterator[Place]:
    """Everything that is wrong, chain by chain.

    only: one chain. kept: heads that were exported, of which the database may know nothing any more. tally: is filled.
    """
    tally = tally or Tally()
    kept = kept or {}
    chains = {only} if only is not None else _chains() | set(kept)
    for chain in sorted(chains):
        yield from _Chain(chain, kept.get(chain, []), tally).places()
    yield from _unsealed(only)


def _chains() -> set[int]:
    """Every chain that a head or a seal tells of; a step from each to the next, not through all the seals."""
    found = set(AuditChain.objects.values_list("pk", flat=True))
    at = AuditSeal.objects.aggregate(first=Min("chain"))["first"]
    while at is not None:
        found.add(at)
        at = AuditSeal.objects.filter(chain__gt=at).aggregate(first=Min("chain"))["first"]
    return found


def _unsealed(only: int | None) -> Iterator[Place]:
    """Entries that stand in no chain: whoever wrote them went past the product."""
    rows = AuditEntry.objects.filter(seal__isnull=True).order_by("pk")
    if only is not None:
        rows = rows.filter(team_id=only or None)
    for pk, team_id in rows.values_list("pk", "team_id").iterator(chunk_size=BATCH):
        yield Place(INSERTED, chain_of(team_id), 0, 0, pk, "without a seal")


class _Chain:
    """One chain on its way from the first place to the last."""

    def __init__(self, chain: int, kept: list[tuple[str, int, str]], tally: Tally):
        self.chain, self.kept, self.tally = chain, kept, tally
        self.keys = known_keys()
        self.erased = _erasures(chain)
        self.wanted = defaultdict(list)
        for where, seq, hashed in kept:
            self.wanted[seq].append((where, hashed))
        self.seq, self.hash = 0, GENESIS  # of the place before
        self.sound = True  # whether nothing was wrong with its seal
        self.shift, self.looked_up = 0, 0

    def places(self) -> Iterator[Place]:
        head = AuditChain.objects.filter(pk=self.chain).first()
        found: list[Place] = []
        for place in self._walk():
            if found and _goes_on(found[-1], place):
                found[-1] = replace(found[-1], to=place.to)
                continue
            if len(found) > 1:
                yield found.pop(0)
            found.append(place)
        yield from self._told(found)
        yield from self._end(head, found)
        self.tally.chains += 1
        self.tally.heads[self.chain] = self.seq, self.hash

    def _told(self, found: list[Place]) -> list[Place]:
        """The last places, by what they mean together."""
        if not found or found[-1].to != self.seq:
            return found
        last = found[-1]
        if last.kind == REORDERED and last.shift > 0:  # what follows was moved up to close the gap
            return [*found[:-1], replace(last, kind=DELETED, to=last.seq + last.shift - 1, entry=None, why="closed up")]
        if last.kind == REORDERED and last.to > last.seq and found[0].kind == INSERTED:
            return found[:-1]  # what follows was moved down to make room
        if last.kind == EDITED and last.to > last.seq:
            return [*found[:-1], replace(last, kind=REWRITTEN)]
        return found

    def _walk(self) -> Iterator[Place]:
        ahead = None
        for row in self._rows():
            if ahead is not None:
                yield from self._look(ahead, row)
            ahead = row
        if ahead is not None:
            yield from self._look(ahead, None)

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        """By the place and in batches: no cursor is held, and no batch outlasts the time for a statement."""
        after = None
        while True:
            rows = AuditSeal.objects.filter(chain=self.chain).order_by("seq")
            if after is not None:
                rows = rows.filter(seq__gt=after)
            some = list(rows.values_list(*COLUMNS)[:BATCH])
            yield from some
            if len(some) < BATCH:
                return
            after = some[-1][0]

    def _look(self, row: tuple[Any, ...], following: tuple[Any, ...] | None) -> Iterator[Place]:
        seq, before, hashed, key_id, committed = row[:_PK]
        self.tally.entries += 1
        if seq > self.seq + 1:
            yield Place(DELETED, self.chain, self.seq + 1, seq - 1)
        follows = seq != self.seq + 1 or before == self.hash or not self.sound
        key, wrong = self.keys.get(key_id), None
        if key is None:
            wrong = Place(UNKNOWN_KEY, self.chain, seq, seq, row[_PK], key_id)
        elif row[-1] != (self.chain or None):
            wrong = Place(MOVED, self.chain, seq, seq, row[_PK], "the entry names another team")
        elif key.seal(self.chain, seq, before, row[_PK:_SAID], committed) != hashed:
            wrong = self._strange(row, following)
        elif not follows:
            wrong = Place(INSERTED, self.chain, self.seq, self.seq, why="the next entry does not follow it")
        for where, known in self.wanted.pop(seq, []):
            if known != hashed and wrong is None:
                wrong = Place(REWRITTEN, self.chain, seq, seq, row[_PK], f"another hash than in {where}")
        if wrong is None or wrong.seq != seq:
            self.shift = 0
            yield from self._said(row)
        if wrong is not None:
            yield wrong
        self.sound = wrong is None
        self.seq, self.hash = seq, hashed

    def _said(self, row: tuple[Any, ...]) -> Iterator[Place]:
        """What was said is what the seal committed to, or what the entry that tells of its erasure left of it."""
        seq, committed, (salt, erasure, _team) = row[0], row[_PK - 1], row[_SALT:]
        now = commitment(salt, row[_SAID:_SALT])
        if now == committed and erasure is None:
            return
        by, left = self.erased.get(seq, (None, ""))
        if now == left and erasure == by:
            self.tally.erased += 1
        else:
            yield Place(EDITED, self.chain, seq, seq, row[_PK], "what was said")

    def _strange(self, row: tuple[Any, ...], following: tuple[Any, ...] | None) -> Place:
        """A place whose seal is not that of what stands there: moved from elsewhere, changed, or put in?"""
        seq, before, hashed, key_id, committed = row[:_PK]
        key, entry = self.keys[key_id], row[_PK:_SAID]
        place = Place(EDITED, self.chain, seq, seq, row[_PK])
        if self.shift and key.seal(self.chain, seq + self.shift, before, entry, committed) == hashed:
            return replace(place, kind=REORDERED, shift=self.shift)
        for chain, origin in self._origins(before, seq):
            if key.seal(chain, origin, before, entry, committed) == hashed:
                if chain != self.chain:
                    return replace(place, kind=MOVED, why=f"sealed at {chain}:{origin}")
                self.shift = origin - seq
                return replace(place, kind=REORDERED, shift=self.shift)
        self.shift = 0
        if key.seal(self.chain, seq, self.hash, entry, committed) == hashed:
            return replace(place, why="its link")
        made = key.seal(self.chain, seq, before, entry, committed)
        if before != self.hash or (following is not None and following[1] not in {hashed, made}):
            return replace(place, kind=INSERTED)
        return place

    def _origins(self, before: str, seq: int) -> list[tuple[int, int]]:
        """Where an entry may have been sealed: behind the one whose hash it names."""
        near = [(self.chain, seq + by) for by in (1, -1, 2, -2) if seq + by > 0]
        if before == GENESIS:
            return [(chain, 1) for chain in sorted(_chains())]
        self.looked_up += 1
        if before == self.hash or self.looked_up > LOOKED_UP:
            return near
        found = AuditSeal.objects.filter(hash=before).values_list("chain", "seq")
        return [*near, *((chain, place + 1) for chain, place in found)]

    def _end(self, head: AuditChain | None, found: list[Place]) -> Iterator[Place]:
        """Where the chain ends, by its head and by the heads that are kept outside."""
        if head is None or head.seq < self.seq:  # somebody may have written meanwhile
            head = AuditChain.objects.filter(pk=self.chain).first()
        known = [(head.seq, "its head")] if head else []
        known += [(seq, where) for seq, kept in self.wanted.items() for where, _hash in kept]
        beyond, where = max(known, default=(0, ""))
        if beyond > self.seq:
            yield Place(CUT, self.chain, self.seq + 1, beyond, why=f"known from {where}")
        if head is None:
            if self.seq:
                yield Place(INSERTED, self.chain, 1, self.seq, why="a chain without a head")
        elif head.seq < self.seq:
            yield Place(INSERTED, self.chain, head.seq + 1, self.seq, why="beyond its head")
        elif head.seq == self.seq and head.hash != self.hash and not (found and found[-1].to >= self.seq):
            yield Place(REWRITTEN, self.chain, self.seq, self.seq, why="another hash than in its head")


def _goes_on(one: Place, following: Place) -> bool:
    """Whether a place belongs to the run of the one before it."""
    return following.seq == one.to + 1 and (one.kind, one.shift, one.why) == (
        following.kind,
        following.shift,
        following.why,
    )


def _erasures(chain: int) -> dict[int, tuple[int, str]]:
    """place: (place of the entry that tells of its last erasure, what that entry left). The chain itself vouches for them."""
    found: dict[int, tuple[int, str]] = {}
    told = AuditSeal.objects.filter(chain=chain, entry__verb=ERASED_VERB, entry__team_id=chain or None)
    for seq, changes in told.order_by("seq").values_list("seq", "entry__changes").iterator(chunk_size=100):
        for place, left in (changes.get("places") or [None, []])[1]:
            found[place] = seq, left
    return found
