"""Backups of a server that is in the middle of its work, and what comes of them."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.postgres import Cluster
from tests.walks.conftest import Serve
from tests.walks.faults import small_disk, tampering
from tests.walks.server import CARILLON, NOBODY, Person, Server, until
from tests.walks.wire import Poster, Wire, message

MIB = 1024 * 1024


async def run(server: Server, *arguments: str) -> tuple[int, str]:
    """A command on the server's data folder: its exit status, and what it said to people."""
    process = await begin(server, *arguments)
    _, said = await process.communicate()
    return process.returncode or 0, said.decode()


async def begin(server: Server, *arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(CARILLON, *arguments, env=server.env, stdout=pipe, stderr=pipe)


@asynccontextmanager
async def publishing(server: Server, token: str, *, senders: int) -> AsyncIterator[list[Poster]]:
    crowd = [Poster(f"sender {number}", token) for number in range(senders)]
    stop = asyncio.Event()
    sending = [asyncio.create_task(poster.run(server, stop)) for poster in crowd]
    try:
        yield crowd
    finally:
        stop.set()
        await asyncio.gather(*sending)


def acknowledged(crowd: list[Poster]) -> dict[str, int]:
    """Text → id."""
    return {text: number for poster in crowd for text, number in poster.stored.items()}


@pytest.fixture
async def elsewhere(store_server: Server, serve: Serve, request: pytest.FixtureRequest) -> Server:
    """Another machine with an empty installation of the same engine; it is not started."""
    env = {}
    if "CARILLON_DATABASE" in store_server.env:
        cluster: Cluster = request.getfixturevalue("postgres")
        env["CARILLON_DATABASE"] = await cluster.new_database()
    return serve(env=env)


async def test_there_and_back_under_load(store_server: Server, elsewhere: Server, tmp_path: Path) -> None:
    target = tmp_path / "backup.tar"
    async with Person(store_server) as admin:
        token, device = await admin.tokens()
        async with publishing(store_server, token, senders=4) as crowd:
            await until(lambda: len(acknowledged(crowd)) > 200, "they are being stored")
            before = acknowledged(crowd)
            status, said = await run(store_server, "backup", str(target))
            assert status == 0, said
            assert len(acknowledged(crowd)) > len(before), "publishing went on"
    assert await store_server.stop() == 0
    status, said = await run(elsewhere, "restore", str(target))
    assert status == 0, said
    await elsewhere.start()
    async with Person(elsewhere, NOBODY, headers={"X-Gotify-Key": device}) as phone:
        found = await phone.messages()
        there = {each["message"]: each["id"] for each in found}
        assert len(there) == len(found)
        assert before.items() <= there.items(), "what was acknowledged before it began is in it"
        assert set(there) <= set(acknowledged(crowd)) | {text for poster in crowd for text in poster.unanswered}
        async with Wire.open(elsewhere) as wire:
            assert (await wire.ask(message(token, "new"))).status == 200
        (newest, *_) = await phone.messages()
        assert newest["message"] == "new"
        assert newest["id"] > max(acknowledged(crowd).values()), "also those that are lost have kept their numbers"


async def load(server: Server, size: int) -> None:
    """Messages of so many bytes in all."""
    async with Person(server) as admin:
        token = await admin.application("large")

    async def send() -> None:
        async with Wire.open(server) as wire:
            for _ in range(size // 60_000 // 8):
                assert (await wire.ask(message(token, "x" * 60_000))).status == 200

    await asyncio.gather(*(send() for _ in range(8)))


async def is_well(server: Server) -> None:
    """It takes messages, and nothing of a backup is left in its folder."""
    await until(lambda: not any(server.data.glob("*.part")), "the copy is gone")
    async with Person(server) as admin, Wire.open(server) as wire:
        assert (await wire.ask(message(await admin.application(), "well"))).status == 200
        assert (await admin.get("/health", auth=NOBODY)).status_code == 200


@asynccontextmanager
async def half_way(server: Server, target: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command that writes a backup, frozen in the middle of it, so that the server waits for it; goes on then."""
    half = target.with_name(f"{target.name}.part")
    half.unlink(missing_ok=True)
    async with tampering(server, "read", "delay_enter=30000"):
        command = await begin(server, "backup", str(target))
        await until(lambda: half.exists() and half.stat().st_size > 0, "it is being written")
        command.send_signal(signal.SIGSTOP)
    assert half.stat().st_mode & 0o777 == 0o600
    yield command
    if command.returncode is None:
        command.send_signal(signal.SIGCONT)
    await command.communicate()
    assert "backup.tar" not in os.listdir(target.parent)


async def test_a_command_that_is_killed_or_finds_the_disk_full(server: Server, tmp_path: Path) -> None:
    await load(server, 6 * MIB)
    async with half_way(server, tmp_path / "backup.tar") as command:
        command.kill()
    await is_well(server)
    with small_disk(tmp_path / "disk", 4 * MIB) as disk:
        target = disk / "backup.tar"
        target.write_text("the one of yesterday")
        status, said = await run(server, "backup", "--force", str(target))
        assert (status, said) == (1, f"carillon: {target}: No space left on device\n")
        assert os.listdir(disk) == ["backup.tar"]
        assert target.read_text() == "the one of yesterday"
    await is_well(server)
    assert (await run(server, "backup", str(tmp_path / "backup.tar")))[0] == 0, (
        "what the killed one left is no hindrance"
    )
    assert not (tmp_path / "backup.tar.part").exists()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_a_server_that_ends_half_way(server: Server, end: signal.Signals) -> None:
    await load(server, 6 * MIB)
    command = await begin(server, "backup", "-")
    assert command.stdout is not None
    assert await command.stdout.readexactly(100)  # and no more: so the command waits, and the server for it
    os.kill(server.pid, end)
    assert await server.ended(12.0) == (0 if end == signal.SIGTERM else -end)
    _, said = await command.communicate()
    assert (command.returncode, b"the server broke off" in said) == (1, True)
    assert any(server.data.glob("*.part")) == (end == signal.SIGKILL)
    await server.start()
    await is_well(server)


async def test_no_room_for_the_copy(serve: Serve, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 20 * MIB) as disk:
        server = serve(data=disk / "data")
        await server.start()
        await load(server, 4 * MIB)
        status, said = await run(server, "backup", str(tmp_path / "backup.tar"))
        assert status == 1
        assert said.startswith("carillon: there is no room for a copy of the database")
        await is_well(server)
        assert await server.stop() == 0


async def test_a_snapshot_for_plain_copies(serve: Serve) -> None:
    """At the start, and at the end: so the copy that is made of a stopped server lacks nothing."""
    server = serve(env={"CARILLON_SNAPSHOT": "true"})
    await server.start()
    snapshot = server.data / "gotify.db"
    await until(snapshot.exists, "the first one is there")
    async with Person(server) as admin, Wire.open(server) as wire:
        token = await admin.application()
        stored = [await wire.ask(message(token, f"{number}")) for number in range(50)]
        assert {answer.status for answer in stored} == {200}
    assert await server.stop() == 0
    with closing(sqlite3.connect(snapshot)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("SELECT count(*) FROM messages").fetchone() == (50,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    other = serve()
    status, said = await run(other, "restore", str(snapshot))
    assert status == 0, said
    await other.start()
    async with Person(other) as admin:
        assert len(await admin.messages()) == 50


async def test_no_snapshot_of_postgresql(serve: Serve, postgres: Cluster) -> None:
    server = serve(env={"CARILLON_SNAPSHOT": "true", "CARILLON_DATABASE": await postgres.new_database()})
    await server.start()
    assert "CARILLON_SNAPSHOT is for SQLite" in server.said()
    assert await server.stop() == 0
    assert not (server.data / "gotify.db").exists()
