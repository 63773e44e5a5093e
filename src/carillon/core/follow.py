"""What becomes of what was sent elsewhere: asks until it is acknowledged there, and writes that down here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from carillon.core.channels import Channel, Failure, Followed, Ways
from carillon.core.errors import BadInput, CarillonError
from carillon.core.outgoing import Delivery
from carillon.core.parcels import Safe
from carillon.core.ports import Clock, Store

log = logging.getLogger("carillon.deliver")

SECOND = 1_000_000  # µs
POLL = 5.0  # seconds
SLICE = 20
# After what age of the delivery, how long until the next question; Pushover's emergencies last three hours at most.
PACE = ((60, 5), (600, 15), (4 * 3600, 60))


class Follower:
    """`announce` hears that the log of a service has changed."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        *,
        ways: Ways,
        safe: Safe,
        clock: Clock,
        announce: Callable[[int], None],
    ) -> None:
        self._store = store
        self._channels = channels
        self._ways = ways
        self._safe = safe
        self._clock = clock
        self._announce = announce

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.round()
            except CarillonError as error:
                log.warning("receipts wait: %s", error)
            except Exception:
                log.exception("following receipts failed")
            await asyncio.sleep(POLL)

    async def round(self) -> None:
        """Asks about all that is due, in slices side by side. Raises Unavailable."""
        due = await self._store.following(self._clock.now(), SLICE)
        await asyncio.gather(*(self._ask(each) for each in due))

    async def _ask(self, delivery: Delivery) -> None:
        found = await self._found(delivery)
        if found.acknowledged is not None:
            await self._store.followed(
                delivery.id, follow=None, acknowledged=found.acknowledged, by=found.by[:256] or "somebody"
            )
            log.info("message %d was acknowledged elsewhere by %s", delivery.message_id, found.by)
            self._announce(delivery.service_id)
        else:
            await self._store.followed(delivery.id, follow=None if found.over else self._next(delivery))

    async def _found(self, delivery: Delivery) -> Followed:
        """Over, when it cannot be asked about any more."""
        service = await self._store.service(delivery.service_id)
        channel = self._channels.get(service.kind) if service else None
        if service is None or channel is None or not hasattr(channel, "follow"):
            return Followed(over=True)
        try:
            opened = self._safe.open(service.options, channel)
            if opened is None:
                return Followed(over=True)
            return await channel.follow(opened.options, delivery.receipt, self._ways(""))
        except Failure as error:
            log.debug("a receipt of service %d cannot be read: %s", service.id, error)
            return Followed()
        except BadInput:
            return Followed(over=True)

    def _next(self, delivery: Delivery) -> int | None:
        now = self._clock.now()
        age = (now - (delivery.settled or delivery.created)) // SECOND
        return next((now + pause * SECOND for until, pause in PACE if age < until), None)
