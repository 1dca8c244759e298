"""A provider of OpenID Connect as a process of its own: oidc-provider-mock behind TLS.

    python tests/integration/oidc_provider.py PORT CERTIFICATE KEY

A person whose `sub` begins with `other-audience` or `other-issuer` gets a token that was made for, or by, somebody else.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

from oidc_provider_mock import app
from werkzeug.serving import run_simple


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def tampered(answer: bytes) -> bytes:
    """The answer of the token endpoint, with what the person's name asks for."""
    said = json.loads(answer)
    head, body, mark = said.get("id_token", "..").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "==") or b"{}")
    sub = claims.get("sub", "")
    if sub.startswith("other-audience"):
        claims["aud"] = "somebody-else"
    if sub.startswith("other-issuer"):
        claims["iss"] = "https://elsewhere.example"
    if sub.startswith("other-"):
        said["id_token"] = f"{head}.{_part(json.dumps(claims).encode())}.{mark}"
    return json.dumps(said).encode()


def provider() -> Callable[..., Iterable[bytes]]:
    inner = app()

    def answering(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/oauth2/token":
            return inner(environ, start)
        kept: list[Any] = []
        body = b"".join(inner(environ, lambda status, headers, *more: kept.extend([status, headers])))
        body = tampered(body)
        headers = [(name, value) for name, value in kept[1] if name.lower() != "content-length"]
        start(kept[0], [*headers, ("Content-Length", str(len(body)))])
        return [body]

    return answering


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), provider(), ssl_context=(sys.argv[2], sys.argv[3]), threaded=True)
