"""Work that belongs to a transaction and comes last in it.

Django's `on_commit` runs after the commit: what it does can be lost. This runs before, so that it stands or falls with
the transaction, and after every other statement, so that a lock it takes is held for as short as can be and nothing is
locked behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class BeforeCommit:
    """In front of a DatabaseWrapper of Django."""

    def __init__(self, *arguments: Any, **named: Any):
        super().__init__(*arguments, **named)
        self._last: dict[Callable[[list[Any]], None], list[Any]] = {}

    def before_commit(self, do: Callable[[list[Any]], None], *items: Any) -> None:
        """Have `do` called with all items gathered, once, just before the outermost transaction commits.

        What a rollback to a savepoint has taken back is still among the items: `do` looks whether it is there. A whole
        rollback forgets all. When `do` raises, the transaction is rolled back and the error goes on.
        """
        self._last.setdefault(do, []).extend(items)

    def run_before_commit(self) -> None:
        """Do now what would be done before the commit, for whoever goes on from it in the same transaction."""
        while self._last:
            last, self._last = self._last, {}
            for do, items in last.items():
                do(items)

    def _commit(self) -> None:
        try:
            self.run_before_commit()
        except BaseException:
            # Django rolls back for errors of the database alone; any other would leave the change standing without this.
            self._rollback()
            raise
        super()._commit()

    def _rollback(self) -> None:
        self._last.clear()
        super()._rollback()

    def _close(self) -> None:
        self._last.clear()
        super()._close()
