"""PostgreSQL's own programs for copies: `pg_dump` and `pg_restore`."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from carillon.core.errors import Unavailable
from carillon.storage.backup.contents import Facts, look
from carillon.storage.backup.leap import Numbers, leap
from carillon.storage.migrate import PATIENCE, steps
from carillon.storage.refusals import NewerSchema, NotRestored, StoreLocked

if TYPE_CHECKING:
    import asyncpg

FOLDERS = Path("/usr/lib/postgresql")  # Debian's, one a version

# What stands in a database besides what every new one has, and what extensions have brought.
INHABITANTS = """
    SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""
OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'carillon' AND pid <> pg_backend_pid()
"""


async def dump(url: str, target: Path) -> Facts:
    """Into an empty file, in the custom format; what is counted is the very state that is dumped.

    Raises `Unavailable` when the database or the program is away.
    """
    from carillon.storage import postgres

    connection = await _connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            version = str(await connection.fetchval("SHOW server_version"))
            program = await find("pg_dump", major(version))
            options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"]
            await run([program, *options], url=url)
            facts = await look(postgres.PostgresSession(connection), "postgres", version)
    except postgres.TROUBLE as error:
        raise Unavailable(f"the database cannot be copied now: {error}") from error
    finally:
        await connection.close()
    await run([await find("pg_restore", major(version)), "--list", str(target)])
    return facts


async def load(url: str, source: Path, *, now: int) -> tuple[Facts, Numbers]:
    """A dump into the empty database at `url`, whose counters leap then.

    Raises NotRestored for a database that is not empty, StoreLocked while a server uses it, NewerSchema,
    `Unavailable` when the database or the program is away, or does not take the dump.
    """
    from carillon.storage import postgres

    connection = await _connect(url)
    try:
        await _require_empty(connection)
        version = str(await connection.fetchval("SHOW server_version"))
        program = await find("pg_restore", major(version))
        listed = await run([program, "--list", str(source)])
        if not re.search(r"TABLE \S+ counters ", listed):
            raise NotRestored("this is a dump of a database, but none of Carillon's")
        options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
        await run([program, *options, str(source)], url=url)
        session = postgres.PostgresSession(connection)
        async with connection.transaction():
            reached = await leap(session, now=now, known=Numbers(0, 0))
        return await look(session, "postgres", version), reached
    except postgres.TROUBLE as error:
        raise Unavailable(f"the database is away: {error}") from error
    finally:
        await connection.close()


async def _require_empty(connection: asyncpg.Connection) -> None:
    if await connection.fetchval(OTHERS):
        raise StoreLocked("a server works on this PostgreSQL database: stop it first")
    if await connection.fetchval(INHABITANTS):
        raise NotRestored("the PostgreSQL database is not empty: make a new one and set CARILLON_DATABASE to it")


def require_known(schema: int) -> None:
    """Raises NewerSchema."""
    if schema > (known := steps("postgres")[-1].number):
        raise NewerSchema(f"it has schema {schema}, this Carillon knows {known}: install the version that made it")


async def find(name: str, least: int) -> str:
    """The program, of that major version at least. Raises `Unavailable`."""
    found = []
    for program in _candidates(name):
        version = major(await run([program, "--version"]))
        if version >= least:
            return program
        found.append(version)
    there = f"only of version {max(found)}" if found else "not here"
    raise Unavailable(
        f"this needs {name} of PostgreSQL {least} or newer, which is {there}: install PostgreSQL's client programs"
        " (Debian's package postgresql-client)"
    )


def _candidates(name: str) -> list[str]:
    on_path = shutil.which(name)
    folders = sorted(FOLDERS.glob(f"*/bin/{name}"), key=lambda path: major(path.parts[-3]))
    return [*([on_path] if on_path else []), *map(str, folders)]


def major(text: str) -> int:
    """Of a version as PostgreSQL and its programs say it, such as "pg_dump (PostgreSQL) 15.18"."""
    match = re.search(r"(?:\)\s*|^)(\d+)", text)
    return int(match[1]) if match else 0


async def run(command: Sequence[str], *, url: str | None = None) -> str:
    """Standard output. `url`: the database to work on. Raises `Unavailable` with what the program said against it."""
    arguments, environment = _target(url) if url else ([], {})
    process = await asyncio.create_subprocess_exec(
        command[0],
        *arguments,
        *command[1:],
        env={**os.environ, **environment, "LC_ALL": "C"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, problems = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode:
        said = problems.decode(errors="replace").strip() or f"exit status {process.returncode}"
        raise Unavailable(f"{Path(command[0]).name}: {said}")
    return out.decode(errors="replace")


def _target(url: str) -> tuple[list[str], dict[str, str]]:
    """The password goes by the environment: everybody on the machine can see what stands on a command line."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    secret = query.pop("password", "") or unquote(password)
    bare = urlunsplit(parts._replace(netloc=name + at + host, query=urlencode(query)))
    return ["--no-password", f"--dbname={bare}"], {"PGPASSWORD": secret} if secret else {}


async def _connect(url: str) -> asyncpg.Connection:
    from carillon.storage import postgres

    try:
        return await postgres.connect(url, PATIENCE)
    except postgres.TROUBLE as error:
        raise Unavailable(f"the database cannot be reached: {error}") from error
