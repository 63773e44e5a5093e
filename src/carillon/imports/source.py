"""Where another server's database is, and what is asked of it whichever engine it is of."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from carillon.core.errors import BadInput
from carillon.imports import postgres, sqlite

Row = Sequence[Any]

URLS = ("postgresql://", "postgres://")
MYSQL = re.compile(r"mysql:|mariadb:|[^/\s]*@(?:(?:tcp|unix)\(|/)")
PAIR = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?:\s+|$)")
KNOWN_PAIRS = {"host", "port", "user", "password", "dbname", "sslmode"}


class Source(Protocol):
    """One state of a database, whatever is written to it meanwhile."""

    async def columns(self, table: str) -> frozenset[str]:
        """Empty when there is no such table."""

    async def rows(self, sql: str) -> Sequence[Row]: ...

    def walk(self, sql: str) -> AsyncIterator[Row]:
        """Row by row, for what is too much to hold."""

    async def highest_id(self, table: str) -> int:
        """Of the rows that there are or ever were, as far as the database remembers."""


@asynccontextmanager
async def opened(name: str, *, file: str) -> AsyncIterator[Source]:
    """`name` is an SQLite file, a folder that holds one called `file`, or a PostgreSQL database.

    The latter as an address (postgresql://…) or as libpq's pairs (host=… dbname=…). Raises BadInput for what is
    neither, or is damaged, and Unavailable when it cannot be reached.
    """
    pairs = pairs_of(name)
    opening: AbstractAsyncContextManager[Source]
    if name.startswith(URLS):
        opening = postgres.opened({"dsn": name})
    elif pairs:
        opening = postgres.opened(_arguments(pairs))
    elif MYSQL.match(name):
        raise BadInput("a MySQL database cannot be read: only SQLite and PostgreSQL can")
    else:
        opening = sqlite.opened(Path(name), file)
    async with opening as source:
        yield source


def pairs_of(text: str) -> dict[str, str] | None:
    """`host=localhost password='it''s'` and the like; None when it is not of that form."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = PAIR.match(text, at)
        if match is None:
            return None
        found[match[1]] = re.sub(r"\\(.)", r"\1", match[2] if match[2] is not None else match[3])
        at = match.end()
    return found if KNOWN_PAIRS & found.keys() else None


def _arguments(pairs: Mapping[str, str]) -> dict[str, Any]:
    """As asyncpg names them. What else stands there is about the session of the other server."""
    names = {"dbname": "database", "sslmode": "ssl"}
    given = {names.get(key, key): value for key, value in pairs.items() if key in KNOWN_PAIRS}
    if not given.get("port", "0").isdigit():
        raise BadInput("the port of the database is no number")
    return {key: int(value) if key == "port" else value for key, value in given.items()}
