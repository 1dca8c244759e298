"""A short text sealed with a key that is kept elsewhere (AES-256-GCM), and bound to the place where it stands."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = "s1."  # another way of sealing would get another mark


class NotOpened(Exception):
    """None of the keys opens it, or it stands where it does not belong."""


def key_for(purpose: str, master: str) -> bytes:
    """32 bytes for one purpose out of a long random text (HMAC-SHA256 as the one step of HKDF's expansion, RFC 5869 2.3)."""
    return hmac.new(master.encode(), f"ushiro {purpose}".encode() + b"\x01", hashlib.sha256).digest()


def seal(text: str, key: bytes, *, place: str) -> str:
    """The sealed text. place: whose it is; with another one it does not open."""
    nonce = os.urandom(12)
    return MARK + base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, text.encode(), place.encode())).decode()


def unseal(sealed: str, keys: Sequence[bytes], *, place: str) -> str:
    """The text again. keys: the present one first, then earlier ones. Raises NotOpened."""
    try:
        raw = base64.urlsafe_b64decode(sealed.removeprefix(MARK).encode())
    except ValueError:
        raise NotOpened from None
    for key in keys:
        try:
            return AESGCM(key).decrypt(raw[:12], raw[12:], place.encode()).decode()
        except (InvalidTag, ValueError):
            continue
    raise NotOpened
