"""How an entry of the trace is sealed: plain values in, hashes out.

hash = HMAC-SHA256(key, canonical JSON of [key id, chain, seq, hash before, id, at, verb, target type, target id,
incident id, commitment]); commitment = HMAC-SHA256(salt, canonical JSON of what was said). So the chain knows what was
said only by its commitment: with the salt gone nobody finds out from it what stood there, and the chain holds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

GENESIS = "0" * 64  # what stands before the first entry of a chain
ORGANISATION = 0  # the chain of what belongs to no team
ERASED_VERB = "audit.erased"

# What is hashed of an entry itself, and what is only committed to; in this order.
HASHED = ("pk", "at", "verb", "target_type", "target_id", "incident_id")
SAID = ("actor_id", "actor_label", "target_label", "changes", "reason")

_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True)
class Key:
    """A key by its secret in a setting. Key and name are derived from it (HKDF, RFC 5869), so that one tells nothing of the other."""

    secret: str

    @cached_property
    def id(self) -> str:
        return self._derived(b"ushiro audit key id").hex()[:8]

    @cached_property
    def _started(self) -> hmac.HMAC:
        return hmac.new(self._derived(b"ushiro audit seal"), digestmod=hashlib.sha256)

    def _derived(self, purpose: bytes) -> bytes:
        extracted = hmac.digest(b"ushiro", self.secret.encode(), "sha256")
        return hmac.digest(extracted, purpose + b"\x01", "sha256")

    def seal(self, chain: int, seq: int, prev_hash: str, hashed: Sequence[Any], commitment: str) -> str:
        """The hash of one entry. hashed: the values of HASHED; `at` in UTC."""
        pk, at, *others = hashed
        started = self._started.copy()
        started.update(_canonical([self.id, chain, seq, prev_hash, pk, at.isoformat(), *others, commitment]).encode())
        return started.hexdigest()


def commitment(salt: str, said: Sequence[Any]) -> str:
    """What the chain keeps of what was said: nobody can guess it back without the salt. said: the values of SAID."""
    return hmac.digest(salt.encode(), _canonical(list(said)).encode(), "sha256").hex()


def chain_of(team_id: int | None) -> int:
    """The chain in which an entry of this team stands."""
    return ORGANISATION if team_id is None else team_id
