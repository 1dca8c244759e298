"""What a browser calls itself, in two words that its owner recognises: 「Chrome / Windows」."""

from __future__ import annotations

# In this order: Edge and Opera call themselves Chrome as well, and Chrome calls itself Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def device(user_agent: str) -> str:
    """Browser and system by the User-Agent header; "" when it says neither. No version: it would change and tell nothing."""
    text = user_agent[:500]
    found = [next((name for mark, name in table if mark in text), "") for table in (BROWSERS, SYSTEMS)]
    return " / ".join(part for part in found if part)
