"""A foreign PostgreSQL database, in one transaction that only reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from carillon.core.errors import BadInput, Unavailable

PATIENCE = 30.0  # seconds until it must answer the first time
AHEAD = 200  # rows of a walk that are fetched at once

GONE = (OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InterfaceError)

COLUMNS = """
    SELECT column_name::text FROM information_schema.columns
    WHERE table_schema = ANY (current_schemas(false)) AND table_name = $1
"""
EVER = """
    SELECT max(s.last_value) FROM pg_sequences s
    WHERE format('%I.%I', s.schemaname, s.sequencename)::regclass = pg_get_serial_sequence($1, 'id')::regclass
"""


class PostgresSource:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def columns(self, table: str) -> frozenset[str]:
        return frozenset(row[0] for row in await self._connection.fetch(COLUMNS, table))

    async def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        rows: list[Sequence[Any]] = await self._connection.fetch(sql)
        return rows

    async def walk(self, sql: str) -> AsyncIterator[Sequence[Any]]:
        async for row in self._connection.cursor(sql, prefetch=AHEAD):
            yield row

    async def highest_id(self, table: str) -> int:
        highest: int = await self._connection.fetchval(f"SELECT coalesce(max(id), 0) FROM {table}")
        ever: int | None = await self._connection.fetchval(EVER, table)
        return max(highest, ever or 0)


@asynccontextmanager
async def opened(arguments: Mapping[str, Any]) -> AsyncIterator[PostgresSource]:
    """`arguments` as asyncpg.connect takes them. Raises BadInput for what it does not understand, Unavailable."""
    try:
        connection = await asyncpg.connect(**arguments, timeout=PATIENCE, server_settings={"jit": "off"})
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise Unavailable(f"the database cannot be reached: {error or type(error).__name__}") from None
    except (ValueError, asyncpg.InterfaceError):
        # Its own words may hold the password.
        raise BadInput("this address of a PostgreSQL database cannot be read") from None
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield PostgresSource(connection)
    except GONE as error:
        raise Unavailable(f"the database has gone away: {error}") from None
    finally:
        await connection.close()
