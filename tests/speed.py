"""How much work a thing costs, said in seconds of one fixed machine, so that a limit means the same on every machine."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

# CPU seconds that yardstick() takes on the machine the limits were set on: two cores of a small virtual server, idle.
YARDSTICK = 0.045


def yardstick() -> float:
    """The CPU seconds of a piece of work of the kind that is measured: a loop, a search, short texts."""
    began = time.process_time()
    total = 0
    for number in range(1_000_000):
        total += number & 7
    text = "あ1 b" * 60_000
    re.sub(r"\s+\w", "_", text)
    "".join([one for one in text if one.isprintable()])
    return time.process_time() - began


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fails when what stands inside takes more CPU time than `seconds` of the machine the limits were set on.

    The yardstick is taken before and after and the slower one counts: a machine that is busy or throttled gets as much more
    time as it is slower, a quicker one never gets less than `seconds`.
    """
    before = yardstick()
    began = time.process_time()
    yield
    spent = time.process_time() - began
    slower = max(before, yardstick(), YARDSTICK) / YARDSTICK
    assert spent < seconds * slower, (
        f"{spent:.2f} s of CPU; {seconds} s allowed, on this machine {seconds * slower:.1f} s"
    )
