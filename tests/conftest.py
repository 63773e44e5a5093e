"""What tests of several folders share: a PostgreSQL server, with a new database for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import Cluster, cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    with cluster() as server:
        yield server


@pytest.fixture
async def postgres_url(postgres: Cluster) -> str:
    return await postgres.new_database()
