"""Every implementation of a port, one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from carillon.core.ports import Store
from tests.contracts.stores import Home
from tests.postgres import Cluster


@pytest.fixture(params=["sqlite", "postgres"])
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Home]:
    """A new database."""
    url: str | None = None
    if request.param == "postgres":
        server: Cluster = request.getfixturevalue("postgres")
        url = await server.new_database()
    home = Home(url, tmp_path)
    yield home
    await home.close()


@pytest.fixture
async def store(home: Home) -> Store:
    return await home.open()
