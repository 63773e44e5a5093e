"""What a database engine has to offer; it knows nothing of what is stored."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from carillon.core.errors import Unavailable
from carillon.core.models import Change
from carillon.storage.lanes import Lane
from carillon.storage.session import Session

CANNOT_WRITE = "storage cannot write now"
CANNOT_READ = "storage cannot be read now"
DISK_FULL = "the disk is full"

T = TypeVar("T")
L = TypeVar("L")
Task = Callable[[Session], Coroutine[Any, Any, T]]  # what is done inside one transaction


class Transaction(Session, Protocol):
    @property
    def told(self) -> Sequence[Change]: ...


class Writer(Protocol):
    """The one connection that writes. All its methods are called from the lane."""

    def lane(self) -> Lane[L]:
        """A new lane of the kind the connection needs."""

    async def begin(self, *, alone: bool) -> Transaction:
        """Connects if need be. No other writer, of this process or another, is inside a transaction then.

        `alone`: there will be one call of `arrive` and nothing else. An engine on which that is one statement needs
        no more than it: the drawing of numbers holds up other writers.
        """

    async def commit(self) -> None: ...

    async def rollback(self, error: Exception) -> None:
        """Never raises. Gives the connection up when the error may have spoilt it."""

    def trouble(self, error: Exception) -> Unavailable | None:
        """None: the fault of what was written, not of the storage."""

    async def close(self) -> None: ...


class Engine(Protocol):
    @property
    def name(self) -> str:
        """For people."""

    @property
    def writer(self) -> Writer: ...

    async def read(self, work: Task[T], *, snapshot: bool) -> T:
        """`snapshot`: all statements see the same state. Raises `Unavailable`."""

    async def version(self, tx: Session) -> str: ...

    async def size(self, tx: Session) -> int:
        """Bytes that the database takes."""

    async def faults(self, tx: Session) -> list[str]:
        """What the engine itself finds wrong with its files."""

    async def close(self) -> None:
        """After the last write."""
