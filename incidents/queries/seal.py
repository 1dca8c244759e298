"""The keys that seal the trace, out of the settings."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from incidents.rules.seal import Key


def signing_key() -> Key:
    """The key of new seals: USHIRO_AUDIT_KEY, or without it USHIRO_SECRET_KEY."""
    return _key(settings.AUDIT_KEY or settings.SECRET_KEY)


def known_keys() -> dict[str, Key]:
    """Every key that a seal may have been made with, by its id: today's and those that the operator has kept."""
    secrets = [settings.AUDIT_KEY, *settings.AUDIT_KEY_FALLBACKS, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return {key.id: key for key in map(_key, filter(None, secrets))}


@lru_cache(maxsize=32)
def _key(secret: str) -> Key:
    return Key(secret)
