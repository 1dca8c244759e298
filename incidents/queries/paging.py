"""Pages of a list by the values of its last row, not by counting: the hundredth page costs what the first does.

A cursor is "value~number" of a row that the reader has seen. It is only compared with; a made-up one shows another
stretch of the reader's own rows, and a broken one the first page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet

PAGE_SIZE = 25
COUNTED = 100  # a list counts so far; beyond it the page says "or more"


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None or not 1900 < found.year < 9999:
        raise ValueError(text)
    return found


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise ValueError(text)
    return int(text)


@dataclass(frozen=True)
class Order:
    """How a list is sorted: by a field or annotation that is never NULL, then by one that is unique."""

    by: str
    unique: str
    read: Callable[[str], Any] = _number
    down: bool = False
    unique_down: bool = True

    def sorted(self, rows: QuerySet, *, backwards: bool = False) -> QuerySet:
        return rows.order_by(
            *(
                ("-" if down != backwards else "") + name
                for name, down in ((self.by, self.down), (self.unique, self.unique_down))
            )
        )

    def beyond(self, rows: QuerySet, cursor: tuple[Any, int], *, backwards: bool) -> QuerySet:
        """The rows after (or before) the cursor. The outer bound lets an index begin there."""
        value, number = cursor
        way = "lt" if self.down != backwards else "gt"
        unique_way = "lt" if self.unique_down != backwards else "gt"
        return rows.filter(
            Q(**{f"{self.by}__{way}": value}) | Q(**{self.by: value, f"{self.unique}__{unique_way}": number}),
            **{f"{self.by}__{way}e": value},
        )

    def place(self, row: Any) -> tuple[Any, int]:
        """The row's own values, as `beyond` takes them."""
        value = row
        for part in self.by.split("__"):
            value = getattr(value, part)
        return value, getattr(row, self.unique)

    def cursor(self, row: Any) -> str:
        value, number = self.place(row)
        return f"{value.isoformat() if isinstance(value, date) else value}~{number}"

    def parse(self, text: str) -> tuple[Any, int] | None:
        value, _tilde, number = text[:80].partition("~")
        try:
            return self.read(value), _number(number)
        except (ValueError, OverflowError):
            return None


BY_MOMENT, BY_DAY, BY_NUMBER = _moment, date.fromisoformat, _number


@dataclass
class Slice:
    """One page. `after` and `before` are the cursors of its neighbours, "" where there is none."""

    rows: list[Any]
    after: str = ""
    before: str = ""
    count: int | None = None  # None: not known; COUNTED: so many or more

    @property
    def counted_out(self) -> bool:
        return self.count is not None and self.count >= COUNTED


def paged(rows: QuerySet, order: Order, *, after: str = "", before: str = "", size: int = PAGE_SIZE) -> Slice:
    """The page after or before a cursor, or the first one. One query."""
    back = order.parse(before) if before else None
    ahead = order.parse(after) if after and not back else None
    cursor = back or ahead
    narrowed = order.beyond(rows, cursor, backwards=bool(back)) if cursor else rows
    found = list(order.sorted(narrowed, backwards=bool(back))[: size + 1])
    more, shown = len(found) > size, found[:size]
    if back:
        shown.reverse()
    page = Slice(shown)
    if shown:
        page.after = order.cursor(shown[-1]) if more or back else ""
        page.before = order.cursor(shown[0]) if (more if back else bool(ahead)) else ""
    return page


def counted(rows: QuerySet, order: Order, *, likely: QuerySet | None = None) -> int:
    """How many rows there are, counted up to COUNTED along the list's own index. One query.

    likely: some of the rows that are known to be many. Are COUNTED of them there, the others are not looked for; with
    too few of them it is one query more.
    """
    if likely is not None and (found := likely.order_by()[:COUNTED].count()) == COUNTED:
        return found
    return order.sorted(rows)[:COUNTED].count()


def chunks(rows: QuerySet, order: Order, *, size: int = 500) -> Iterator[list[Any]]:
    """All the rows in their order, `size` at a time: memory does not grow with their number. One query each."""
    cursor = None
    while True:
        narrowed = order.beyond(rows, cursor, backwards=False) if cursor else rows
        found = list(order.sorted(narrowed)[:size])
        if found:
            yield found
        if len(found) < size:
            return
        cursor = order.place(found[-1])
