"""Wherever an address, a form or a header says where to go next: it never leads out of the house (hardening, open redirect)."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest

from tests.conftest import BACKEND

pytestmark = pytest.mark.django_db

HOST = "evil.example"
AWAY = [
    *(f"{scheme}{HOST}{path}" for scheme in ("http://", "https://", "ftp://", "//", "///", "////") for path in ("", "/a")),
    *(f"{slashes}{HOST}" for slashes in ("\\\\", "/\\", "\\/", "/\\/", "\\\\\\", "//\\", "/\\\\")),
    *(f"{start}//{HOST}" for start in ("https:", "http:", "javascript:", "data:", "HTTPS:", " https:", "\thttps:", "\x00")),
    *(f"https:{HOST}", f"https:/{HOST}", f"https:///{HOST}", f"http:\\\\{HOST}", f"https:\\/{HOST}", f"h\tttps://{HOST}"),
    *(f"/\t/{HOST}", f"/\n/{HOST}", f"/\r/{HOST}", f"\t//{HOST}", f" //{HOST}", f"\x01//{HOST}", f"/%09/{HOST}"),
    *(f"/%2f{HOST}", f"/%5c{HOST}", f"%2f%2f{HOST}", f"/.//{HOST}", f"/..//{HOST}", f"/;//{HOST}", "/%0d%0aLocation://x"),
    *(f"http://testserver@{HOST}", f"http://testserver:80@{HOST}/", f"//testserver@{HOST}", f"//{HOST}#testserver"),
    *(f"//{HOST}?testserver", f"//testserver.{HOST}", f"//{HOST}\\@testserver", f"http://testserver\\.{HOST}"),
    *("//evil。example", "//evil．example", "//evil｡example", "//ⓔvil.example", "／／evil.example", "//%65vil.example"),
    *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "java\nscript:alert(1)", "http://["),
]  # fmt: skip


def leaves(answer) -> str:
    """Where a browser would be led outside, "" when it stays."""
    for name in ("Location", "HX-Redirect"):
        place = answer.headers.get(name, "")
        # As browsers do: tabs and line ends vanish, a backslash is a slash, what stands before the first letter too.
        read = place.translate({9: None, 10: None, 13: None}).strip("".join(map(chr, range(33)))).replace("\\", "/")
        try:
            to = urlsplit(urljoin("http://testserver/x/", read))
        except ValueError:
            return place
        if to.scheme not in {"http", "https"} or to.netloc != "testserver":
            return place
    return ""


def test_there_are_sixty_ways_out_and_none_is_taken(client_of, alice, dave):
    assert len(set(AWAY)) >= 60
    inside, outside = client_of(alice), client_of(dave)
    taken = []
    for away in AWAY:
        answers = [
            inside.post("/jottings/new/", {"text": "一言", "next": away}),
            inside.post("/team/choose/", {"team": "", "next": away}),
            inside.get("/account/login/", {"next": away}),
            inside.post("/account/logout/", {"next": away}),
            inside.post("/i18n/setlang/", {"language": "ja", "next": away}),
            outside.get("/console/login/", {"next": away}),
            outside.get("/account/login/", {"next": away}),
        ]
        inside.force_login(alice, backend=BACKEND)
        if away.isprintable() and away.isascii():
            answers += [
                outside.post("/jottings/new/", {"text": "一言"}, headers={"Referer": away}),
                outside.post("/jottings/new/", headers={"HX-Request": "true", "HX-Current-URL": away}),
                inside.post("/i18n/setlang/", {"language": "ja"}, headers={"Referer": away}),
                inside.get("/clocks/", headers={"HX-Request": "true", "HX-Current-URL": away}),
            ]
        assert all(answer.status_code < 500 for answer in answers), away
        taken += [(away, answer.request["PATH_INFO"], out) for answer in answers if (out := leaves(answer))]
    assert taken == []
