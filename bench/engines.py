"""The databases that are measured: SQLite, and a PostgreSQL that is started for the run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from tests.postgres import Cluster, cluster

SQLITE, POSTGRES = "SQLite", "PostgreSQL"


@dataclass(frozen=True)
class Engine:
    name: str
    server: Cluster | None = None

    def fresh(self) -> str:
        """The address of a new empty database; empty for SQLite, which makes its own in the data folder."""
        return asyncio.run(self.server.new_database()) if self.server else ""


@contextmanager
def started(names: list[str]) -> Iterator[list[Engine]]:
    """Those of the engines that are here."""
    with ExitStack() as stack:
        found = [Engine(SQLITE)] if SQLITE in names else []
        if POSTGRES in names:
            try:
                found.append(Engine(POSTGRES, stack.enter_context(cluster())))
            except pytest.skip.Exception as absence:
                print(f"PostgreSQL is not measured: {absence}")
        yield found
