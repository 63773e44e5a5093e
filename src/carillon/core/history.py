"""Looking back: what a user can ask of all that came."""

from __future__ import annotations

from msgspec import Struct

from carillon.core.ports import Clock, Store
from carillon.core.search import Search
from carillon.core.statistics import Statistics


class History(Struct, frozen=True):
    search: Search
    statistics: Statistics

    @classmethod
    def over(cls, store: Store, clock: Clock) -> History:
        return cls(Search(store=store, clock=clock), Statistics(store=store, clock=clock))
