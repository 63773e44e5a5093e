from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.ops.keep_logging import logging_kept
from tests.walks.server import Server


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    with logging_kept():
        yield


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """On a data folder of its own, where no server runs."""
    return Program(tmp_path / "data")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests of a module."""
    folder = tmp_path_factory.mktemp("server")
    running = Server(folder / "data", folder / "log")
    try:
        asyncio.run(running.start())
        yield running
    finally:
        running.end()


@pytest.fixture
def beside(server: Server) -> Program:
    """On the data folder of the running server."""
    return Program(server.data, CARILLON_PORT=str(server.port))


@pytest.fixture(params=["directly", "through the server"])
def either(request: pytest.FixtureRequest) -> Program:
    """Both ways to reach an installation; on the server's, other tests leave things behind."""
    program: Program = request.getfixturevalue("program" if request.param == "directly" else "beside")
    return program
