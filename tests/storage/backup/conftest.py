from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from carillon.storage.backup.make import Place
from tests.postgres import Cluster

NewPlace = Callable[[str], Awaitable[Place]]


@pytest.fixture(params=["sqlite", "postgres"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> NewPlace:
    """Makes an empty place of the name, all of the same engine."""

    async def make(name: str) -> Place:
        url = None
        if request.param == "postgres":
            cluster: Cluster = request.getfixturevalue("postgres")
            url = await cluster.new_database()
        folder = tmp_path / name
        folder.mkdir(mode=0o700)
        return Place(url, folder)

    return make
