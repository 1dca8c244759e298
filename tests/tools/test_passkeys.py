"""For which addresses of a site browsers make passkeys."""

from __future__ import annotations

import pytest

from tools.plain.passkeys import passkeys_possible


@pytest.mark.parametrize(
    ("url", "possible"),
    [
        ("https://ushiro.example.jp", True),
        ("http://localhost:8000", True),
        ("http://127.0.0.1:8000", False),
        ("https://192.0.2.1", False),
        ("https://[2001:db8::1]", False),
        ("http://ushiro.example.jp", False),
        ("https://ushiro", False),
    ],
)
def test_passkeys_possible(url, possible):
    assert passkeys_possible(url) is possible
