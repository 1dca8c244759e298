from __future__ import annotations

from celery import shared_task

from incidents.domain import consulted


@shared_task(name="private.morning")
def morning() -> None:
    """Remind who has promised an answer. Says nothing: a count would stand in the worker's log."""
    consulted.write_due()


@shared_task(name="private.sweep")
def sweep() -> None:
    """Let go whoever can no longer sign in, and forget what was closed long ago."""
    consulted.let_go()
    consulted.forget_old()
