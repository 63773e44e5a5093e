from __future__ import annotations

import asyncio
import os
from pathlib import Path

import asyncpg
import pytest

from carillon.core.errors import Unavailable
from carillon.storage.backup.make import Place
from carillon.storage.backup.postgres import dump, find, load, major, require_known, run
from carillon.storage.refusals import NewerSchema, NotRestored, StoreLocked
from tests.builders import NOON
from tests.contracts.stores import Home, send
from tests.postgres import Cluster
from tests.storage.backup.installation import filled
from tests.walks.server import until


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15),
        ("15.18 (Debian 15.18-0+deb12u1)", 15),
        ("17", 17),
        ("18beta1", 18),
        ("pg_dump (PostgreSQL) 16devel", 16),
        ("what?", 0),
    ],
)
def test_versions(text: str, number: int) -> None:
    assert major(text) == number


async def test_a_program_of_the_version_it_takes(postgres: Cluster) -> None:
    program = await find("pg_dump", 15)
    assert major(await run([program, "--version"])) >= 15
    with pytest.raises(Unavailable, match="pg_dump of PostgreSQL 99 or newer, which is only of version"):
        await find("pg_dump", 99)
    with pytest.raises(Unavailable, match="which is not here: install"):
        await find("pg_nothing", 1)


async def test_what_a_program_has_against_it() -> None:
    with pytest.raises(Unavailable, match="sh: no way"):
        await run(["/bin/sh", "-c", "echo no way >&2; exit 3"])
    with pytest.raises(Unavailable, match="exit status 3"):
        await run(["/bin/sh", "-c", "exit 3"])


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:pass%2Fword@host:1/db?sslmode=disable",
        "postgresql://ada@host:1/db?sslmode=disable&password=pass%2Fword",
    ],
)
async def test_the_password_is_on_no_command_line(url: str, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "$@"\necho "$PGPASSWORD"\n')
    program.chmod(0o700)
    assert (await run([str(program), "--list"], url=url)).splitlines() == [
        "--no-password --dbname=postgresql://ada@host:1/db?sslmode=disable --list",
        "pass/word",
    ]


async def test_a_cancelled_program_is_ended(tmp_path: Path) -> None:
    running = asyncio.create_task(run(["/bin/sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 60"]))
    pid = tmp_path / "pid"
    await until(lambda: pid.exists() and pid.read_text() != "", "it runs")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_counted_and_dumped_in_one_state(postgres: Cluster, tmp_path: Path) -> None:
    """Somebody publishes meanwhile."""
    place = Place(await postgres.new_database(), tmp_path)
    user = await filled(place)
    home = Home(place.url, tmp_path)
    store = await home.open()
    subscription = (await store.subscriptions(user.id))[0]
    done = asyncio.Event()
    sent = []

    async def publish() -> None:
        while not done.is_set():
            sent.append(await send(store, subscription.application, user))

    publishing = asyncio.create_task(publish())
    target = tmp_path / "dump"
    facts = await dump(place.url or "", target)
    done.set()
    await publishing
    await home.close()
    again, reached = await load(await postgres.new_database(), target, now=NOON)
    assert again.counts == facts.counts
    assert facts.counts["messages"] >= 3
    assert again.problems == facts.problems == []
    assert sent, "nobody published meanwhile"
    assert reached.message >= facts.counts["messages"] + 2**20


async def test_only_into_an_empty_database(postgres: Cluster, tmp_path: Path) -> None:
    place = Place(await postgres.new_database(), tmp_path)
    await filled(place)
    target = tmp_path / "dump"
    await dump(place.url or "", target)
    with pytest.raises(NotRestored, match="not empty"):
        await load(place.url or "", target, now=NOON)
    other = await postgres.new_database()
    connection = await asyncpg.connect(other)
    await connection.execute("CREATE VIEW something AS SELECT 1")
    await connection.close()
    with pytest.raises(NotRestored, match="not empty"):
        await load(other, target, now=NOON)


async def test_not_while_a_server_works_on_it(postgres: Cluster, tmp_path: Path) -> None:
    place = Place(await postgres.new_database(), tmp_path)
    home = Home(place.url, tmp_path)
    await home.open()
    with pytest.raises(StoreLocked):
        await load(place.url or "", tmp_path / "dump", now=NOON)
    await home.close()


async def test_a_dump_that_is_damaged_or_of_something_else(postgres: Cluster, tmp_path: Path) -> None:
    foreign, empty = await postgres.new_database(), await postgres.new_database()
    connection = await asyncpg.connect(foreign)
    await connection.execute("CREATE TABLE messages (id bigint)")
    await connection.close()
    target = tmp_path / "dump"
    await run([await find("pg_dump", 15), "--format=custom", f"--file={target}"], url=foreign)
    with pytest.raises(NotRestored, match="none of Carillon's"):
        await load(empty, target, now=NOON)
    target.write_bytes(b"PGDMP nonsense")
    with pytest.raises(Unavailable, match="pg_restore"):
        await load(empty, target, now=NOON)


async def test_half_a_dump_leaves_the_database_empty(postgres: Cluster, tmp_path: Path) -> None:
    place = Place(await postgres.new_database(), tmp_path)
    await filled(place, messages=200)
    target = tmp_path / "dump"
    await dump(place.url or "", target)
    whole = target.read_bytes()
    empty = await postgres.new_database()
    target.write_bytes(whole[: len(whole) - 2000])
    with pytest.raises(Unavailable, match="pg_restore"):
        await load(empty, target, now=NOON)
    target.write_bytes(whole)
    facts, _ = await load(empty, target, now=NOON)
    assert facts.counts["messages"] == 200


def test_a_newer_schema() -> None:
    require_known(1)
    with pytest.raises(NewerSchema, match="9999"):
        require_known(9999)
