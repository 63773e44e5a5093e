"""What SQL is written against: one connection in one transaction, the same for both engines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from carillon.core.models import Change

Value = int | str | bytes | None
Argument = Value | list[int]
Row = Sequence[Any]

LIST = "??"
FAR = 2**63 - 1  # above every number and every time


class Table(Struct, frozen=True):
    """Where rows go in bulk. `columns` are (name, PostgreSQL type) in the order of the row's values."""

    name: str
    columns: tuple[tuple[str, str], ...]


class Session(Protocol):
    """SQL has `?` placeholders, and `IN (??)` for a list of ids.

    On SQLite nothing here ever suspends: a thread runs the caller to its end.
    """

    async def rows(self, sql: str, *args: Argument) -> Sequence[Row]: ...

    async def row(self, sql: str, *args: Argument) -> Row | None:
        """The first row."""

    async def run(self, sql: str, *args: Argument) -> int:
        """How many rows were affected."""

    async def insert(self, table: Table, rows: Sequence[tuple[Value, ...]]) -> None: ...

    def tell(self, changes: Sequence[Change]) -> None:
        """To be announced, in this order, once the transaction is committed."""
