"""PostgreSQL: one connection that writes and a pool that reads. Several processes may share the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, Final, TypeVar

import asyncpg

from carillon.core.errors import DiskFull, Unavailable
from carillon.core.models import Change
from carillon.storage.engine import CANNOT_READ, CANNOT_WRITE, DISK_FULL, Task
from carillon.storage.lanes import LoopLane
from carillon.storage.session import Arrival, Row, Rows, Session, Table, Value, filled

log = logging.getLogger("carillon.storage")

T = TypeVar("T")

READERS = 8
STATEMENTS = 512  # prepared ones a connection keeps
PATIENCE = 30.0  # seconds for one statement, before the connection is taken for dead

# Two statements, so that the second sees what the holder before committed. Until COMMIT no other process writes.
WRITE_LOCK = 0x6361_7269
BEGIN = f"BEGIN; SELECT pg_advisory_xact_lock({WRITE_LOCK})"

# Every statement has its index, and few rows. A planner that has no statistics yet would read whole tables instead.
SETTINGS = {"application_name": "carillon", "jit": "off", "enable_seqscan": "off"}

# The first number of each. The row is held to the end of the transaction: whoever draws next waits for it.
NUMBERS = """
    numbers AS (
        UPDATE counters c SET message = c.message + d.message, changed = c.changed + d.changed
        FROM (SELECT ?::bigint, ?::bigint) d (message, changed)
        RETURNING c.message - d.message + 1 AS message, c.changed - d.changed + 1 AS changed
    )
"""

# An installation that turns this off for all would have us answer before a message is safe.
DURABLE = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"

# The world's fault, and over when the world is mended; all others are the fault of what was written.
TROUBLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
)


async def connect(url: str, patience: float = PATIENCE) -> asyncpg.Connection:
    """`patience`: seconds for one statement.

    Who cancels it waits for the end of the attempt: asyncpg leaves its socket open where it is cut off half way.
    """
    attempt = asyncio.create_task(_connect(url, patience))
    try:
        return await asyncio.shield(attempt)
    except asyncio.CancelledError:
        attempt.add_done_callback(_drop)
        await asyncio.wait([attempt])
        raise


async def _connect(url: str, patience: float) -> asyncpg.Connection:
    connection = await asyncpg.connect(
        url,
        timeout=PATIENCE,
        command_timeout=patience,
        statement_cache_size=STATEMENTS,
        max_cached_statement_lifetime=0,
        server_settings=SETTINGS,
    )
    try:
        await connection.execute(DURABLE)
    except BaseException:
        connection.terminate()
        raise
    return connection


def _drop(attempt: asyncio.Task[asyncpg.Connection]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().terminate()


class PostgresSession:
    kind: Final = "postgres"

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.told: list[Change] = []

    async def rows(self, sql: str, *args: Value) -> Sequence[Row]:
        rows: list[Row] = await self._connection.fetch(numbered(sql), *args)
        return rows

    async def row(self, sql: str, *args: Value) -> Row | None:
        row: Row | None = await self._connection.fetchrow(numbered(sql), *args)
        return row

    async def run(self, sql: str, *args: Value) -> int:
        # The tag is like "UPDATE 3" or "INSERT 0 3".
        tag: str = await self._connection.execute(numbered(sql), *args)
        return int(tag.rpartition(" ")[2])

    async def each(self, query: str, ids: Sequence[int], *args: Value) -> Sequence[Row]:
        rows: list[Row] = await self._connection.fetch(_each(query), ids, *args)
        return rows

    async def run_each(self, sql: str, args: Sequence[tuple[Value, ...]]) -> None:
        await self._connection.executemany(numbered(sql), args)

    async def rows_among(self, sql: str, ids: Sequence[int], *args: Value) -> Sequence[Row]:
        rows: list[Row] = await self._connection.fetch(_among(sql), ids, *args)
        return rows

    async def run_among(self, sql: str, ids: Sequence[int]) -> int:
        tag: str = await self._connection.execute(_among(sql), ids)
        return int(tag.rpartition(" ")[2])

    async def insert(self, table: Table, rows: Rows) -> None:
        given, columns = filled(rows)
        await self._connection.execute(numbered(_insertion(table, given, "")), *columns)

    async def arrive(self, arrival: Arrival) -> tuple[int, int]:
        """In one statement, for which the rows are numbered from 0."""
        statements: list[tuple[Table, tuple[int, ...]]] = []
        arguments: list[object] = [arrival.messages, arrival.changes]
        for table, rows in arrival.rows(0, 0):
            if rows:
                given, columns = filled(rows)
                statements.append((table, given))
                arguments += columns
        row = await self._connection.fetchrow(_arrival(tuple(statements)), *arguments)
        if row is None:
            raise LookupError("the counters are missing")
        return row[0], row[1]

    async def continue_ids(self, table: str, above: int) -> None:
        sequence = f"pg_get_serial_sequence('{table}', 'id')::regclass"
        await self._connection.execute(f"SELECT setval({sequence}, greatest($1, nextval({sequence})))", above)

    def tell(self, changes: Sequence[Change]) -> None:
        self.told += changes


@cache
def numbered(sql: str) -> str:
    """`?` becomes `$1`, `$2` …"""
    first, *others = sql.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(others, 1))


@cache
def _among(sql: str) -> str:
    return numbered(sql.replace("AMONG ?", "= ANY(?::bigint[])"))


@cache
def _each(query: str) -> str:
    """OFFSET keeps the planner from joining the list some other way than by asking for each of it."""
    one = query.replace("?", "i.id", 1)
    listed = f"SELECT r.* FROM unnest(?::bigint[]) WITH ORDINALITY i (id, place) CROSS JOIN LATERAL ({one} OFFSET 0) r"
    return numbered(f"{listed} ORDER BY i.place")


@cache
def _insertion(table: Table, given: tuple[int, ...], numbers: str) -> str:
    """A column an array: one statement whatever the number of rows. `numbers` is what counted columns count from."""
    columns = [table.columns[at] for at in given]
    names = ", ".join(name for name, _ in columns)
    counted = dict(table.counted) if numbers else {}
    values = ", ".join(f"r.{name} + n.{counted[name]}" if name in counted else f"r.{name}" for name, _ in columns)
    arrays = ", ".join(f"?::{kind}[]" for _, kind in columns)
    return f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {numbers}unnest({arrays}) r ({names})"


@lru_cache(STATEMENTS)
def _arrival(statements: tuple[tuple[Table, tuple[int, ...]], ...]) -> str:
    insertions = [
        f"part_{at} AS ({_insertion(table, given, 'numbers n, ')})" for at, (table, given) in enumerate(statements)
    ]
    return numbered(f"WITH {', '.join([NUMBERS, *insertions])} SELECT message, changed FROM numbers")


def trouble(error: Exception, text: str) -> Unavailable | None:
    if isinstance(error, asyncpg.DiskFullError):
        return DiskFull(DISK_FULL)
    return Unavailable(text) if isinstance(error, TROUBLE) else None


class PostgresWriter:
    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None

    def lane(self) -> LoopLane[Any]:
        return LoopLane("storage-writer")

    async def begin(self, *, alone: bool) -> PostgresSession:
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._url)
        if not alone:
            await self._connection.execute(BEGIN)
        return PostgresSession(self._connection)

    async def commit(self) -> None:
        """A statement alone was a transaction of its own."""
        if self._connection and self._connection.is_in_transaction():
            await self._connection.execute("COMMIT")

    async def rollback(self, error: Exception) -> None:
        """A connection in trouble is not used again, and its end rolls back."""
        connection = self._connection
        if connection is None:
            return
        try:
            if self.trouble(error):
                self._connection = None
                connection.terminate()
            elif connection.is_in_transaction():
                await connection.execute("ROLLBACK")
        except TROUBLE:
            self._connection = None
            connection.terminate()

    def trouble(self, error: Exception) -> Unavailable | None:
        return trouble(error, CANNOT_WRITE)

    async def close(self) -> None:
        if self._connection:
            await self._connection.close(timeout=PATIENCE)
        self._connection = None


class PostgresEngine:
    name = "PostgreSQL"

    def __init__(self, url: str, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.writer = PostgresWriter(url)

    @classmethod
    async def open(cls, url: str) -> PostgresEngine:
        """Raises `Unavailable` when the database cannot be reached."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=READERS,
                command_timeout=PATIENCE,
                statement_cache_size=STATEMENTS,
                max_cached_statement_lifetime=0,
                reset=_keep,
                server_settings=SETTINGS,
            )
        except TROUBLE as error:
            raise Unavailable(f"the database cannot be reached: {error}") from error
        return cls(url, pool)

    async def read(self, work: Task[T], *, snapshot: bool) -> T:
        try:
            async with self._pool.acquire(timeout=PATIENCE) as connection:
                if not snapshot:
                    return await work(PostgresSession(connection))
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    return await work(PostgresSession(connection))
        except Exception as error:
            failure = trouble(error, CANNOT_READ)
            if failure is None:
                raise
            log.warning("%s: %s: %s", failure, type(error).__name__, error)
            raise failure from error

    async def version(self, tx: Session) -> str:
        row = await tx.row("SHOW server_version")
        return str(row[0]) if row else ""

    async def size(self, tx: Session) -> int:
        (row,) = await tx.rows("SELECT pg_database_size(current_database())")
        return int(row[0])

    async def faults(self, tx: Session) -> list[str]:
        """None: it has no check of its own that a client could ask for."""
        return []

    async def close(self) -> None:
        await self._pool.close()


async def _keep(connection: asyncpg.Connection) -> None:
    """Nothing is set on a connection that reads, so nothing has to be reset: a round trip less for each read."""
