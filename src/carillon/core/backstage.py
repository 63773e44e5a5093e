"""What admins see of the server itself, as ports: how it is, what it has logged, a backup of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from msgspec import Struct

from carillon.core.decisions import Decisions

Verdict = Literal["ok", "warn", "fail"]
Level = Literal["debug", "info", "warning", "error", "critical"]


class Check(Struct, frozen=True):
    """One thing that was looked at: its name, how it is, and a sentence about it."""

    name: str
    verdict: Verdict
    text: str


class Address(Struct, frozen=True):
    """Where the server listens; `kind` commands is the socket in the data folder."""

    address: str
    kind: Literal["http", "commands"]


class Report(Struct, frozen=True, kw_only=True):
    """How the server is now. Sizes in bytes; `started` in microseconds; `path` of the database where it is a file.

    `queued_writes` and `queued_bytes` wait to be stored.
    """

    version: str
    python: str
    started: int
    engine: str
    engine_version: str
    schema: int
    database_bytes: int
    path: str | None
    data_free_bytes: int
    listeners: Sequence[Address]
    streams: int
    users: int
    applications: int
    messages: int
    queued_writes: int
    queued_bytes: int
    checks: Sequence[Check]


class LogLine(Struct, frozen=True):
    """`seq` rises by one a line; `time` in microseconds; `component` is the name of the logger. Secrets are masked."""

    seq: int
    time: int
    level: Level
    component: str
    text: str


class Wanted(Struct, frozen=True, kw_only=True):
    """Which lines: of a component and what is below it, of a level or above, with this text in them, before `seq`."""

    component: str = ""
    level: Level = "debug"
    text: str = ""
    before: int | None = None
    limit: int = 200


class LogBook(Protocol):
    """The latest lines of the log, a bounded number of them."""

    def lines(self, wanted: Wanted) -> list[LogLine]:
        """Newest first."""

    def components(self) -> list[str]:
        """The names of all loggers that the lines are of, sorted."""


class Download(Protocol):
    """A file to come: its size in bytes, and its bytes, which are to be asked for in a thread."""

    @property
    def size(self) -> int: ...

    @property
    def pieces(self) -> Iterator[bytes]: ...


class Backstage(Struct, frozen=True, kw_only=True):
    """`backup` makes one and verifies it; leaving the context removes it. Raises Conflict while another is made."""

    decisions: Decisions
    report: Callable[[], Awaitable[Report]]
    log: LogBook
    backup: Callable[[], AbstractAsyncContextManager[Download]]
