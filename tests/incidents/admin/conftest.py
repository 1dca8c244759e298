from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from incidents.models import Person


@pytest.fixture
def console(admin: Person, client_of: Callable[..., Client]) -> Client:
    """The administrator's browser."""
    return client_of(admin)


def page(model: str, name: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:incidents_{model}_{name}", args=args)


def act(client: Client, model: str, action: str, *rows: Any, **said: Any) -> HttpResponse:
    """Choose rows and an action; with anything said, answer the page that asks for a reason as well."""
    data = {"action": action, "_selected_action": [row.pk for row in rows], **said}
    return client.post(page(model), data | ({"confirmed": "yes"} if said else {}))


def told(answer: HttpResponse) -> list[str]:
    """The messages that the next page would show."""
    return [str(message) for message in get_messages(answer.wsgi_request)]
