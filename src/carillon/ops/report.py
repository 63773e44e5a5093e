"""How the server is: gathered when somebody asks."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from carillon import __version__
from carillon.core.backstage import Address, Check, Report
from carillon.core.decisions import Decisions
from carillon.core.errors import CarillonError
from carillon.core.ports import Clock, Store
from carillon.ops import checks


class Folder(Struct, frozen=True, kw_only=True):
    """Where the server keeps what it has. `database` is a file, None where it is in PostgreSQL."""

    path: Path
    database: Path | None
    snapshot: Path
    proxies: Sequence[str]


class Reporter:
    """`streams` counts those that are open. `listeners` is filled in by who listens."""

    def __init__(
        self, folder: Folder, *, store: Store, decisions: Decisions, streams: Callable[[], int], clock: Clock
    ) -> None:
        self._folder = folder
        self._store = store
        self._decisions = decisions
        self._streams = streams
        self._started = clock.now()
        self.listeners: list[Address] = []

    async def healthy(self) -> bool:
        """Whether storage answers."""
        try:
            await self._store.ping()
        except CarillonError:
            return False
        return True

    async def report(self) -> Report:
        """Raises `Unavailable`."""
        folder, queue = self._folder, self._store.queue()
        info, census = await self._store.info(), await self._store.census()
        published = [user.name for user in await self._store.users() if user.initial_password]
        free, found = await asyncio.to_thread(lambda: (checks.free_bytes(folder.path), list(self._checks(published))))
        return Report(
            version=__version__,
            python=platform.python_version(),
            started=self._started,
            engine=info.engine,
            engine_version=info.version,
            schema=info.schema,
            database_bytes=census.bytes,
            path=None if folder.database is None else str(folder.database.absolute()),
            data_free_bytes=free,
            listeners=self.listeners,
            streams=self._streams(),
            users=census.users,
            applications=census.applications,
            messages=census.messages,
            queued_writes=queue.writes,
            queued_bytes=queue.bytes,
            checks=found,
        )

    def _checks(self, published: Sequence[str]) -> Iterator[Check]:
        folder = self._folder
        yield from checks.folder(folder.path)
        yield from checks.proxies(folder.proxies)
        if folder.database is not None and self._decisions.policy.snapshot:
            log = folder.database.with_name(f"{folder.database.name}-wal")
            yield from checks.snapshot(folder.snapshot, [folder.database, log])
        yield from checks.passwords(published)
        yield from checks.settings(self._decisions.ignored)
