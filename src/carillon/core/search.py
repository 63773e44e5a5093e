"""A user searches his messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from zoneinfo import ZoneInfo

from carillon.core.errors import BadInput
from carillon.core.matching import Facets, Found, Wanted
from carillon.core.ports import Clock, Store
from carillon.core.query import nearest, parse
from carillon.core.reasons import because
from carillon.core.words import fold

LONGEST_ZONE = 64  # characters


class Search:
    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def wanted(self, user_id: int, text: str, *, zone: tzinfo) -> Wanted:
        """What is looked for, as this user means it. Raises BadInput."""
        query = parse(text, now=self._clock.now(), zone=zone)
        if not query.applications and not query.not_applications:
            return Wanted(query=query)
        known: dict[str, list[int]] = {}
        names: dict[str, str] = {}
        for subscription in await self._store.subscriptions(user_id):
            application = subscription.application
            known.setdefault(fold(application.name), []).append(application.id)
            names[fold(application.name)] = application.name
        chosen = _chosen(query.applications, known, names)
        return Wanted(
            query=query,
            applications=chosen if query.applications else None,
            not_applications=_chosen(query.not_applications, known, names),
        )

    async def find(self, user_id: int, wanted: Wanted, *, before: int | None = None, limit: int) -> Found:
        return await self._store.search(user_id, wanted, before=before, limit=limit)

    async def facets(self, user_id: int, wanted: Wanted, *, zone: tzinfo) -> Facets:
        """Over time as the clocks of the zone have it."""
        return await self._store.facets(user_id, wanted, zone=zone)


def _chosen(wished: Iterable[str], known: dict[str, list[int]], names: dict[str, str]) -> frozenset[int]:
    """The applications of these names; several may have the same."""
    found: set[int] = set()
    for name in wished:
        ids = known.get(fold(name))
        if ids is None:
            if not known:
                raise BadInput(because("search_nothing", name=name))
            raise BadInput(because("search_application", name=name, near=names[nearest(fold(name), known)]))
        found.update(ids)
    return frozenset(found)


def zone_of(name: str) -> tzinfo:
    """By its name in the IANA database, such as Europe/Berlin. Raises BadInput."""
    try:
        if len(name) <= LONGEST_ZONE:
            return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        pass
    raise BadInput(because("no_zone", zone=name[:LONGEST_ZONE]))
