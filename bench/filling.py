"""Fills a database in bulk, by SQL of the database itself, with what the product would have written."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing

import asyncpg

from bench.servers import Place
from carillon.storage.migrate import DATABASE

FIRST = 1_700_000_000_000_000  # µs: when the first message was sent; then one a second
PATIENCE = 3600.0  # seconds
GLANCE = 0.2  # seconds

# `n` counts from 1. Messages go round the applications. The public ids rise and are below all that are made now.
SERIES = {
    "sqlite": "WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {messages})",
    "postgres": "WITH series (n) AS (SELECT * FROM generate_series(1::bigint, {messages}))",
}
PUBLIC_ID = {"sqlite": "printf('0%011d', n)", "postgres": "'0' || lpad(n::text, 11, '0')"}
NO = {"sqlite": "0", "postgres": "false"}
BODY = "'Disk usage on host db-' || n || ' is above ninety percent; please have a look.'"

MESSAGES = """
    INSERT INTO messages (
        id, public_id, application_id, title, body, content_type, dialect, priority, level, created, encrypted,
        receivers
    )
    {series}
    SELECT n, {public_id}, {first} + n % {applications}, 'Backup failed', {body},
        'text/plain', 'gotify', {level}, {level}, {since} + n * 1000000, {no}, 1
    FROM series
"""
ENTRIES = """
    INSERT INTO entries (user_id, message_id, application_id, changed, deleted)
    {series}
    SELECT {user}, n, {first} + n % {applications}, n, 0 FROM series
"""
COUNTERS = "UPDATE counters SET message = {messages}, changed = {messages}"
UNSWEPT = "SELECT count(*) FROM subscriptions WHERE swept_to < cleared_to"
BEHIND = "SELECT count(*) FROM messages WHERE id > (SELECT min(reached) FROM filled)"
WAITING = "SELECT count(*) FROM entries WHERE message_id <= (SELECT max(cleared_to) FROM subscriptions)"


def fill(
    place: Place, messages: int, *, user: int, first: int, applications: int, body: str = BODY, level: str = "5"
) -> None:
    """`messages` of one user's applications, whose ids are `first` and those that follow. No server may run on it.

    `body` and `level` are SQL, in which `n` is the message's id.
    """
    engine = "postgres" if place.database else "sqlite"
    values = {
        "messages": messages,
        "user": user,
        "first": first,
        "applications": applications,
        "since": FIRST,
        "series": SERIES[engine].format(messages=messages),
        "public_id": PUBLIC_ID[engine],
        "no": NO[engine],
        "body": body,
        "level": level,
    }
    statements = [sql.format(**values) for sql in (MESSAGES, ENTRIES, COUNTERS)]
    if place.database:
        asyncio.run(_in_postgres(place.database, statements))
    else:
        with closing(sqlite3.connect(place.data / DATABASE)) as db, db:
            for statement in statements:
                db.execute(statement)


def await_filled(place: Place) -> None:
    """Until the server that runs on it has indexed and counted all messages. Raises RuntimeError when that lasts."""
    end = time.monotonic() + PATIENCE
    while ask_database(place, BEHIND):
        if time.monotonic() > end:
            raise RuntimeError("the messages are not indexed in an hour")
        time.sleep(GLANCE)


def ask_database(place: Place, sql: str) -> int:
    """The one number that the query yields. A server may run on it."""
    if place.database:
        return asyncio.run(_number(place.database, sql))
    with closing(sqlite3.connect(f"file:{place.data / DATABASE}?mode=ro", uri=True)) as db:
        return int(db.execute(sql).fetchone()[0])


async def _in_postgres(url: str, statements: list[str]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in [*statements, "VACUUM ANALYZE", "CHECKPOINT"]:
            await connection.execute(statement, timeout=PATIENCE)
    finally:
        await connection.close()


async def _number(url: str, sql: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(sql, timeout=PATIENCE))
    finally:
        await connection.close()
