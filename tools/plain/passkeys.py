"""Where browsers make passkeys."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def passkeys_possible(site_url: str) -> bool:
    """Whether browsers make passkeys for a site of this address: by https and for a name, or for localhost (WebAuthn 5.1.3)."""
    parts = urlsplit(site_url)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or (parts.scheme == "https" and "." in host)
    return False
