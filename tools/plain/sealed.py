"""Text that nobody can read without a key: AES-256-GCM, bound to the place in which it stands (NIST SP 800-38D).

A sealed text is `version (1 byte) | id of the key (4) | nonce (12) | ciphertext and tag`. What is written about its place
(table, column, row, thread) is authenticated with it, so that a text copied into another row does not open there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
VERSION = b"\x01"
_ID, _NONCE, _TAG = 4, 12, 16
_HEAD = len(VERSION) + _ID


class BadKey(ValueError):
    """What was given is no key; its text never holds the key."""


class Unreadable(Exception):
    """A sealed text that does not open. code: "no_key" (its key is not there), "damaged" (changed, or of another place)."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


def new_key() -> str:
    """A fresh key as settings hold it: 32 random bytes in base64."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def read_key(text: str) -> Key:
    """The key that a setting holds. Raises BadKey when it is not 32 random-looking bytes in base64."""
    try:
        raw = base64.b64decode(text.strip(), altchars=b"-_" if set(text) & set("-_") else None, validate=True)
    except (binascii.Error, ValueError):
        raise BadKey("it is not base64") from None
    if len(raw) != KEY_BYTES:
        raise BadKey(f"it holds {len(raw)} bytes instead of {KEY_BYTES}")
    if len(set(raw)) < KEY_BYTES // 2:  # 32 random bytes have about 30 different ones
        raise BadKey("it is not random")
    return Key(raw)


@dataclass(frozen=True, repr=False)
class Key:
    """One key and what is derived of it (RFC 5869): a part for sealing, a part for marks, a name that gives nothing away."""

    raw: bytes = field(repr=False)

    def __repr__(self) -> str:
        return f"Key({self.name})"

    @property
    def name(self) -> str:
        """Eight hex digits that say which key sealed a text."""
        return self._part(b"id")[:_ID].hex()

    def _part(self, purpose: bytes) -> bytes:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"ushiro.sealed.v1|" + purpose)
        return derived.derive(self.raw)

    @property
    def cipher(self) -> AESGCM:
        return AESGCM(self._part(b"seal"))

    def mark(self, *parts: object) -> str:
        """A keyed hash (HMAC-SHA-256) of these parts: whoever has no key can neither make nor guess it."""
        return hmac.new(self._part(b"mark"), _joined(parts), hashlib.sha256).hexdigest()


class Ring:
    """The key that seals, and older ones that only open."""

    def __init__(self, current: Key, older: Sequence[Key] = ()):
        self.current = current
        self._keys = {key.name: _Ready(key) for key in (*reversed(older), current)}

    def seal(self, text: str, place: Sequence[object]) -> bytes:
        """place: what says where the text stands; the same has to be given to open it."""
        nonce = os.urandom(_NONCE)
        head = VERSION + bytes.fromhex(self.current.name)
        ready = self._keys[self.current.name]
        return head + nonce + ready.cipher.encrypt(nonce, text.encode(), head + _joined(place))

    def open(self, sealed: bytes, place: Sequence[object]) -> str:
        """The text. Raises Unreadable."""
        sealed = bytes(sealed)
        if len(sealed) < _HEAD + _NONCE + _TAG or not sealed.startswith(VERSION):
            raise Unreadable("damaged")
        head, nonce, rest = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        ready = self._keys.get(name_of(sealed))
        if ready is None:
            raise Unreadable("no_key")
        try:
            return ready.cipher.decrypt(nonce, rest, head + _joined(place)).decode()
        except (InvalidTag, UnicodeDecodeError):
            raise Unreadable("damaged") from None

    def mark(self, *parts: object) -> str:
        """A mark under the key that seals."""
        return self._keys[self.current.name].mark(_joined(parts))

    def marks(self, name: str, mark: str, *parts: object) -> bool:
        """Whether `mark` was made of these parts under the key of that name; compared in constant time."""
        ready = self._keys.get(name)
        return ready is not None and hmac.compare_digest(ready.mark(_joined(parts)), mark)


class _Ready:
    """A key with its parts derived once: deriving costs more than opening a text."""

    def __init__(self, key: Key):
        self.cipher = key.cipher
        self._mark = key._part(b"mark")

    def mark(self, joined: bytes) -> str:
        return hmac.new(self._mark, joined, hashlib.sha256).hexdigest()


def name_of(sealed: bytes) -> str:
    """The name of the key under which a text was sealed."""
    return bytes(sealed)[len(VERSION) : _HEAD].hex()


def _joined(parts: Sequence[object]) -> bytes:
    """Parts one after the other, each with its length, so that ("ab", "c") is not ("a", "bc")."""
    texts = [str(part).encode() for part in parts]
    return b"".join(len(text).to_bytes(4, "big") + text for text in texts)
