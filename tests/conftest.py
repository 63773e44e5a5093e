"""What tests of several folders share: how examples are made up, and a PostgreSQL server, with a new database for each
test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import Cluster, cluster

# By the clock on the wall, a busy machine would fail what is right.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    with cluster() as server:
        yield server


@pytest.fixture
async def postgres_url(postgres: Cluster) -> str:
    return await postgres.new_database()
