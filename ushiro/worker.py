"""What a worker does when the broker is lost at the worst moment. Imported by worker processes alone."""

from __future__ import annotations

import logging
import os
import signal
from typing import Any

from celery.worker.request import Request as CeleryRequest

log = logging.getLogger(__name__)
_leaving = False


def leave() -> None:
    """Ask this worker to finish what it is doing and to end."""
    global _leaving
    if not _leaving:
        _leaving = True
        log.warning("broker lost before a task was acknowledged; this worker ends and is to be started anew")
        os.kill(os.getpid(), signal.SIGTERM)


class _Faults(logging.LoggerAdapter):  # type: ignore[type-arg]
    """The logger that kombu tells, and only tells, that an acknowledgement has failed."""

    def critical(self, msg: object, *args: Any, **kwargs: Any) -> None:
        super().critical(msg, *args, **kwargs)
        leave()


_faults = _Faults(log)


class Request(CeleryRequest):
    """A task in a worker's hands.

    When the broker is lost between a task's end and its acknowledgement, the worker never gets that task's place
    back; once all its places are gone it asks for no more work and, on Redis and Valkey, does not even notice that
    the broker has returned (kombu 5.7). Such a worker ends itself and is started anew by the supervisor or systemd.
    """

    def acknowledge(self) -> None:
        if not self.acknowledged:
            # The acknowledgement itself happens later, in the worker's loop; a fault reaches us through the logger.
            self._on_ack(_faults, self._connection_errors)
            self.acknowledged = True
