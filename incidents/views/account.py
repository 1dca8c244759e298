"""The seam to allauth: who may come in, how its mails become letters, whom its limits count, what a passkey is bound to."""

from __future__ import annotations

import ipaddress
import uuid
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal.ratelimit import truncate_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents.domain import account as verbs
from incidents.letters.links import absolute
from incidents.models import Person
from incidents.models.person import normalise_email
from incidents.views.base import is_ours
from tools.plain.passkeys import passkeys_possible

NOWHERE = "0.0.0.0"  # noqa: S104  no address to listen at: what is counted where the server tells none


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": verbs.TOO_MANY,
        "email_password_mismatch": verbs.MISMATCH,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody lets themselves in: people are registered by the organisation."""
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Where the sign-in leads afterwards: to a path of this house alone. allauth's own fails at `http://[`."""
        return is_ours(url or "")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Each mail of allauth goes through the outbox like every other letter.

        To an unknown address nothing is sent; the page says the same as for a known one, and the same work is done
        (no enumeration).
        """
        person = context.get("user")
        if settings.OIDC_ONLY:
            return
        if isinstance(person, Person) and "password_reset_url" in context:
            path = context["password_reset_url"].split("://", 1)[-1].partition("/")[2]
            verbs.send_password_reset(person, absolute("/" + path))
        else:
            verbs.rehearse_password_reset(absolute("/" + uuid.uuid4().hex))

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """What has changed is told by the verbs, together with the change itself."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """Who asks: the address of the connection, or what the outermost of our own proxies says (TRUSTED_PROXIES).

        Anybody can write X-Forwarded-For; only its last entries are written by proxies of ours.
        """
        told = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
        ours = settings.TRUSTED_PROXIES
        found = told[-ours] if 0 < ours <= len(told) else request.META.get("REMOTE_ADDR", "")
        try:
            return str(ipaddress.ip_address(found.strip("[]")))
        except ValueError:
            return NOWHERE

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Tries are counted for one address of a person from one place: neither spelling nor another place changes that."""
        login = normalise_email(credentials.get("email") or "")
        return f"{truncate_ip(self.get_client_ip(request))}:{login}"

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Person | None:
        """With OIDC_ONLY a password opens nothing, whoever has one."""
        return None if settings.OIDC_ONLY else super().authenticate(request, **credentials)

    def reauthenticate(self, user: Person, password: str) -> bool:
        """allauth's own asks its table of addresses, in which nobody stands here."""
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Passkey first, then code, then password: the surest way that the person has is offered first."""
        words = {
            "mfa_reauthenticate:webauthn": _("パスキーを使う"),
            "mfa_reauthenticate": _("認証アプリか予備のコードを使う"),
            "reauthenticate": _("パスワードを使う"),
        }
        found = {one["id"]: one for one in super().get_reauthentication_methods(user)}
        if not passkeys_possible(settings.SITE_URL):
            found.pop("mfa_reauthenticate:webauthn", None)
        if settings.OIDC_ONLY:
            found.pop("reauthenticate", None)
        return [found[name] | {"description": says} for name, says in words.items() if name in found]


class FactorAdapter(DefaultMFAAdapter):
    """What browsers are told of the house when they make a passkey. The secrets are sealed by domain.factor itself."""

    error_messages = DefaultMFAAdapter.error_messages | {"incorrect_code": verbs.WRONG_CODE}

    def encrypt(self, text: str) -> str:
        """Nothing of allauth's own writes a secret here; if something did, it must not lie in the clear."""
        raise NotImplementedError

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """By the address of the settings, never by what a request says of its host."""
        return {"id": urlsplit(settings.SITE_URL).hostname or "", "name": "Ushiro"}


def ways(request: HttpRequest) -> dict[str, Any]:
    """What the sign-in page offers besides a form for the password. A context processor: the page itself is allauth's."""
    if request.user.is_authenticated:
        return {}
    company = reverse("openid_connect_login", args=["company"]) if settings.OIDC_ISSUER else ""
    found = {"password": not settings.OIDC_ONLY, "passkey": passkeys_possible(settings.SITE_URL)}
    return {"ways": found | {"company": company, "company_name": settings.OIDC_NAME}}
