from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

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


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after its first start, to be copied: the start costs more than many commands."""
    folder = tmp_path_factory.mktemp("settled") / "data"
    with logging_kept():
        Program(folder).said("users", "list")
    return folder


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
    if request.param == "directly":
        program: Program = request.getfixturevalue("program")
        copytree(request.getfixturevalue("settled"), program.data)
        return program
    beside: Program = request.getfixturevalue("beside")
    return beside
