"""The way to the company's sign-in: what allauth asks of `requests`, carried by egress to the hosts of the settings alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlencode

from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings

from incidents.gateways import egress
from tools.plain import webaddress
from tools.plain.webaddress import BadAddress


class Unanswered(OAuth2Error):
    """No answer that could be used; allauth shows it as a sign-in that did not succeed."""


class _Answer:
    def __init__(self, said: egress.Answer):
        self.status_code, self.content, self.headers = said.status, said.body, said.headers

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        try:
            return json.loads(self.content)
        except ValueError:
            raise Unanswered("no JSON") from None

    def raise_for_status(self) -> None:
        if not 200 <= self.status_code < 300:
            raise Unanswered(str(self.status_code))


class Wire:
    """Stands for a session of `requests`. https alone, no redirect, ten seconds, 64 KiB; hosts: of OIDC_ISSUER and OIDC_HOSTS."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *gone: object) -> None: ...

    def get(self, url: str, **more: Any) -> _Answer:
        return self.request("GET", url, **more)

    def post(self, url: str, **more: Any) -> _Answer:
        return self.request("POST", url, **more)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
    ) -> _Answer:
        target = f"{url}?{urlencode(params)}" if params else url
        _refuse_unless_known(target)
        sent = {"Accept": "application/json", **(headers or {})}
        if data:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if auth:
            pair = f"{auth.username}:{auth.password}".encode()
            sent["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        try:
            said = egress.call(target, method=method, headers=sent, body=urlencode(data or {}).encode(), trusted=True)
        except egress.NotSent as fault:
            raise Unanswered(fault.word) from None
        return _Answer(said)


def _refuse_unless_known(url: str) -> None:
    """Raises Unanswered for an address elsewhere: what the provider says of itself must not lead into this house's net."""
    try:
        known = [webaddress.read(f"https://{place}") for place in settings.OIDC_HOSTS]
        known.append(webaddress.read(settings.OIDC_ISSUER))
        asked = webaddress.read(url)
    except BadAddress as fault:
        raise Unanswered(fault.code) from None
    if (asked.host, asked.port) not in {(one.host, one.port) for one in known}:
        raise Unanswered("unknown_host")
