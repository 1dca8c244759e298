"""Codes of an authenticator app (RFC 4226, RFC 6238): six digits, new every 30 seconds, HMAC-SHA1 as every app knows it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
import unicodedata
from urllib.parse import quote, urlencode

PERIOD = 30  # seconds
DIGITS = 6
DRIFT = 1  # steps by which the clocks may differ, either way (RFC 6238 5.2)


def new_secret() -> str:
    """160 bits in base32 (RFC 4226 4, R6)."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def code_at(secret: str, step: int) -> str:
    """The code of a step; `step` counts periods since 1970."""
    digest = hmac.new(base64.b32decode(secret, casefold=True), struct.pack(">Q", step), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(secret: str, typed: str, *, now: float, after: int = -1) -> int | None:
    """The step whose code was typed, or None.

    now: seconds since 1970. after: the last step that was accepted; that one and earlier ones are refused, so that a code
    serves once (RFC 6238 5.2). Full-width digits and blanks are read as people type them.
    """
    digits = "".join(unicodedata.normalize("NFKC", typed).split())
    found = None
    if len(digits) != DIGITS or not digits.isascii():
        return None
    current = int(now) // PERIOD
    for step in range(max(0, current - DRIFT), current + DRIFT + 1):
        if hmac.compare_digest(code_at(secret, step), digits) and step > after:
            found = step
    return found


def address(secret: str, *, person: str, house: str) -> str:
    """What a QR code holds for the app (the key URI format of the authenticator apps)."""
    return f"otpauth://totp/{quote(f'{house}:{person}')}?{urlencode({'secret': secret, 'issuer': house})}"
