"""What stands in the tables, and how to undo what a test did to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import transaction


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables of the app."""
    return {
        model.__name__: list(model._default_manager.order_by("pk").values())
        for model in apps.get_app_config("incidents").get_models()
    }


@contextmanager
def undone() -> Iterator[None]:
    """Roll back what is done within; the rows are then as they were. Objects in memory are the caller's to copy."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
