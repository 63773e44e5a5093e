"""The log of deliveries: what became of each message on its way out, and what people do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from carillon.core.errors import Forbidden, NotFound
from carillon.core.models import User
from carillon.core.outgoing import Delivery, Logged, LogPage, LogQuery, Service, Tick
from carillon.core.ports import Clock, Store
from carillon.core.reasons import because
from carillon.core.services import NOT_YOURS, Services, manages

AT_ONCE = 1000  # deliveries that are sent again by one request
GONE = because("no_delivery")


class Journal:
    """`wake` tells the courier that there is something for these services."""

    def __init__(
        self, services: Services, *, store: Store, clock: Clock, wake: Callable[[Sequence[int]], None]
    ) -> None:
        self._services = services
        self._store = store
        self._clock = clock
        self._wake = wake

    async def page(self, user: User, query: LogQuery) -> LogPage:
        """Of the services that the user may see."""
        return await self._store.log(await self._visible(user), query)

    async def one(self, user: User, delivery_id: int) -> Logged:
        """With its attempts. Raises NotFound."""
        logged = await self._store.delivery(delivery_id)
        if logged is None or logged.delivery.service_id not in await self._visible(user):
            raise NotFound(GONE)
        return logged

    async def timeline(self, user: User, message_id: int) -> list[Logged]:
        """Of a message in the user's inbox, with the attempts. Raises NotFound."""
        if await self._store.item(user.id, message_id) is None:
            raise NotFound(because("no_message"))
        return await self._store.deliveries_of(message_id, await self._visible(user))

    async def resend(self, user: User, ids: Sequence[int]) -> int:
        """How many are tried again at once. Raises NotFound, Forbidden."""
        picked = await self._managed(user, ids)
        queued = await self._store.requeue([each.id for each in picked], now=self._clock.now())
        self._wake(list({each.service_id for each in picked if each.id in set(queued)}))
        return len(queued)

    async def resend_failed(self, user: User, query: LogQuery) -> int:
        """The same for the newest AT_ONCE that the query finds and that were given up."""
        own = [each.id for each in await self._services.visible(user) if manages(user, each)]
        ids = await self._store.failed(own, replace(query, before=None), limit=AT_ONCE)
        return await self.resend(user, ids)

    async def cancel(self, user: User, ids: Sequence[int]) -> int:
        """How many are given up. Raises NotFound, Forbidden."""
        picked = await self._managed(user, ids)
        return len(await self._store.cancel([each.id for each in picked], now=self._clock.now()))

    async def ticks(self, user: User, *, since: int, until: int) -> list[tuple[Service, Tick]]:
        """What ended in each hour since 1970, from `since` to before `until`."""
        services = {each.id: each for each in await self._services.visible(user)}
        ticks = await self._store.ticks(list(services), since=since, until=until)
        return [(services[each.service_id], each) for each in ticks]

    async def _visible(self, user: User) -> list[int]:
        return [each.id for each in await self._services.visible(user)]

    async def _managed(self, user: User, ids: Sequence[int]) -> list[Delivery]:
        services = {each.id: each for each in await self._services.visible(user)}
        picked = await self._store.pick(ids, list(services))
        if len(picked) < len(set(ids)):
            raise NotFound(GONE)
        if not all(manages(user, services[each.service_id]) for each in picked):
            raise Forbidden(NOT_YOURS)
        return picked
