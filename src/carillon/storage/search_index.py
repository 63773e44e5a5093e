"""The index of the words that messages have: what is asked of it, whichever engine keeps it.

It names messages that may be meant: each word stands somewhere in them. Whether they are is seen by reading them.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from carillon.storage.session import Session


class Sought(Struct, frozen=True):
    """Words that all have to be there, beginnings of words that all have to be there, and lists of words of each of
    which one has to be there. Words are folded.
    """

    words: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()
    choices: tuple[tuple[str, ...], ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.words or self.beginnings or self.choices)


class Candidates(Struct, frozen=True):
    """Ids, the highest first. `rest`: below this one the index was not asked yet; None: there are no more."""

    ids: list[int]
    rest: int | None


class SearchIndex(Protocol):
    async def find(self, tx: Session, sought: Sought, *, above: int, below: int, limit: int) -> Candidates:
        """Messages with an id between the two. Does not look for more than `limit`; what it has found, it yields."""

    async def add(self, tx: Session, first: int, last: int) -> None:
        """The messages with ids from `first` to `last`, none of which is in the index."""

    async def tidy(self, tx: Session, messages: int) -> bool:
        """A slice of the work that keeps it fast, in step with so many more messages. False: there was none to do."""

    async def size(self, tx: Session) -> int:
        """How many messages are in it. Reads much of it."""
