"""What SQL is written against: one connection in one transaction, the same for both engines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from carillon.core.models import Change

Value = int | str | bytes | None
Row = Sequence[Any]

FAR = 2**63 - 1  # above every number and every time


class Table(Struct, frozen=True):
    """Where rows go in bulk. `columns` are (name, PostgreSQL type) in the order of the row's values."""

    name: str
    columns: tuple[tuple[str, str], ...]


class Session(Protocol):
    """SQL has `?` placeholders. On SQLite nothing here ever suspends: a thread runs the caller to its end."""

    async def rows(self, sql: str, *args: Value) -> Sequence[Row]: ...

    async def row(self, sql: str, *args: Value) -> Row | None:
        """The first row."""

    async def run(self, sql: str, *args: Value) -> int:
        """How many rows were affected."""

    async def insert(self, table: Table, rows: Sequence[tuple[Value, ...]]) -> None: ...

    def tell(self, changes: Sequence[Change]) -> None:
        """To be announced, in this order, once the transaction is committed."""


def listed(ids: Sequence[int]) -> tuple[str, tuple[int, ...]]:
    """For `IN`: placeholders in brackets and their values.

    Padded with the last id to a power of two, so that few different statements arise to be prepared.
    """
    size = 1 << (len(ids) - 1).bit_length()
    return f"({', '.join('?' * size)})", (*ids, *(ids[-1],) * (size - len(ids)))
