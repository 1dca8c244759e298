"""How often an address may come in a day, without keeping the address.

>>> brake = DayBrake(most=2)
>>> mark = brake.mark("192.0.2.7")
>>> [brake.press(mark), brake.press(mark), brake.press(mark)]
[True, True, False]
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import Counter
from datetime import date
from threading import Lock


class DayBrake:
    """Counts in this process's memory, under marks that only the key of the day can make. With the day key and counts go.

    Nothing is written anywhere: after midnight, or a restart, nobody can tell which address a mark belonged to.
    """

    def __init__(self, most: int):
        self.most = most
        self._lock = Lock()
        self._day: date | None = None
        self._key = b""
        self._counts: Counter[str] = Counter()

    def _turn(self) -> None:
        if (today := date.today()) != self._day:
            self._day, self._key = today, secrets.token_bytes(32)
            self._counts = Counter()

    def mark(self, address: str) -> str:
        """What stands for an address today; "" for none, which is not counted."""
        if not address:
            return ""
        with self._lock:
            self._turn()
            return hmac.new(self._key, address.encode(), hashlib.sha256).hexdigest()

    def press(self, mark: str) -> bool:
        """Count one more. False when it was too many today."""
        if not mark:
            return True
        with self._lock:
            self._turn()
            self._counts[mark] += 1
            return self._counts[mark] <= self.most
