"""The seam to allauth: who may come in, and how its mails become letters."""

from __future__ import annotations

import uuid
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from incidents.domain import letter
from incidents.enums import LetterKind
from incidents.letters import account as words
from incidents.letters.links import absolute
from incidents.models import Person
from incidents.views.base import is_ours


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody lets themselves in: people are registered by the organisation."""
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Where the sign-in leads afterwards: to a path of this house alone. allauth's own fails at `http://[`."""
        return is_ours(url or "")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Each mail of allauth goes through the outbox like every other letter.

        To an unknown address nothing is sent; the page says the same as for a known one (no enumeration).
        """
        person = context.get("user")
        if not isinstance(person, Person) or "password_reset_url" not in context:
            return
        path = context["password_reset_url"].split("://", 1)[-1].partition("/")[2]
        letter.post(
            kind=LetterKind.ACCOUNT,
            key=f"account:{person.pk}:{uuid.uuid4()}",
            to=person,
            rendered=words.password_reset(person, absolute("/" + path)),
        )
