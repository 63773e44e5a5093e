"""Servers to walk through; whatever a walk leaves running is ended after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from tests.postgres import Cluster
from tests.walks.server import Person, Server


class Serve(Protocol):
    def __call__(self, *, data: Path | None = None, env: Mapping[str, str] = ...) -> Server:
        """A server that is not started yet; `data`: by default a folder of its own."""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    servers: list[Server] = []

    def make(*, data: Path | None = None, env: Mapping[str, str] = {}) -> Server:
        number = len(servers)
        server = Server(data or tmp_path / f"data{number}", tmp_path / f"log{number}", env=env)
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.end()
        print(f"--- {server.log.name}\n{server.said()[-4000:]}")  # shown when the walk has failed


@pytest.fixture
async def server(serve: Serve) -> Server:
    """One that runs, on SQLite in a new folder."""
    started = serve()
    await started.start()
    return started


@pytest.fixture
async def admin(server: Server) -> AsyncIterator[Person]:
    async with Person(server) as person:
        yield person


@pytest.fixture(params=["sqlite", "postgres"])
async def store_server(serve: Serve, request: pytest.FixtureRequest) -> Server:
    """One that runs, on a new database of each kind, and takes as much as anybody sends."""
    env = {"CARILLON_PUBLISH_RATE": "0"}
    if request.param == "postgres":
        cluster: Cluster = request.getfixturevalue("postgres")
        env["CARILLON_DATABASE"] = await cluster.new_database()
    started = serve(env=env)
    await started.start()
    return started
