"""What SQL is written against: one connection in one transaction, the same for both engines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

from carillon.core.models import Change

Value = int | str | bytes | None
EngineKind = Literal["sqlite", "postgres"]
Row = Sequence[Any]

FAR = 2**63 - 1  # above every number and every time


class Table(Struct, frozen=True, eq=False):
    """Where rows go in bulk. `columns` are (name, PostgreSQL type) in the order of the row's values.

    `counted` are the columns that hold drawn numbers: (name, column of `counters`).
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    counted: tuple[tuple[str, str], ...] = ()


Rows = Sequence[tuple[Value, ...]]


def filled(rows: Rows) -> tuple[tuple[int, ...], list[tuple[Value, ...]]]:
    """Which columns hold anything but NULL, and those columns: it is cheaper to leave the others out."""
    columns = list(zip(*rows, strict=True))
    given = tuple(at for at, column in enumerate(columns) if column[0] is not None or column.count(None) < len(column))
    return given, [columns[at] for at in given]


class Arrival(Struct, frozen=True):
    """New rows with new numbers: so many of `messages` and of `changes` are to be drawn.

    `rows` gives the rows of each table for the first number of both.
    """

    messages: int
    changes: int
    rows: Callable[[int, int], Sequence[tuple[Table, Rows]]]


class Session(Protocol):
    """SQL has `?` placeholders. On SQLite nothing here ever suspends: a thread runs the caller to its end."""

    @property
    def kind(self) -> EngineKind: ...

    async def rows(self, sql: str, *args: Value) -> Sequence[Row]: ...

    async def row(self, sql: str, *args: Value) -> Row | None:
        """The first row."""

    async def run(self, sql: str, *args: Value) -> int:
        """How many rows were affected."""

    async def each(self, query: str, ids: Sequence[int], *args: Value) -> Sequence[Row]:
        """The rows of a query asked for each id, which is its first placeholder; `args` are the others."""

    async def run_each(self, sql: str, args: Sequence[tuple[Value, ...]]) -> None:
        """A statement once for each tuple of arguments.

        Instead of lists in `IN`: a statement for one row always finds its index, whatever the database believes
        about the size of a user's inbox.
        """

    async def rows_among(self, sql: str, ids: Sequence[int], *args: Value) -> Sequence[Row]:
        """The rows of one query for many ids, in any order: its first placeholder is `AMONG ?`."""

    async def run_among(self, sql: str, ids: Sequence[int]) -> int:
        """One statement for many ids, which stand at `AMONG ?`. Returns how many rows were affected."""

    async def insert(self, table: Table, rows: Rows) -> None: ...

    async def arrive(self, arrival: Arrival) -> tuple[int, int]:
        """Draws the numbers and inserts the rows. Returns the first number of messages and of changes."""

    async def continue_ids(self, table: str, above: int) -> None:
        """The next id that the database gives to a row of the table is above this one, and above all before."""

    def tell(self, changes: Sequence[Change]) -> None:
        """To be announced, in this order, once the transaction is committed."""
