"""The courier: claims deliveries that are due, hands them to their channel, and writes down how it went.

It knows no channel by name. Each service has a lane of its own, so that one which is dead or slow delays no other.
What is claimed is held by a lease: a process that dies lets it go by, and another tries again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping

from msgspec import Struct
from msgspec.structs import replace

from carillon.core import breaker, judging, quiet
from carillon.core.channels import Broken, Channel, Failure, Outcome, Retry, Sent, Ways
from carillon.core.errors import BadInput, CarillonError
from carillon.core.models import Message
from carillon.core.outgoing import Claimed, Health, Service, Settlement
from carillon.core.parcels import Packing, Safe, masked
from carillon.core.plans import expires, month
from carillon.core.ports import Clock, Ids, Store

log = logging.getLogger("carillon.deliver")

POLL = 5.0  # seconds: how late at most it sees what another process stored, or a rest that has ended
LEASE = 90_000_000  # µs
LONGEST = 60.0  # seconds for an attempt, below the lease
PARALLEL = 2  # attempts of a service at a time
HANDED = 100  # deliveries handed on to a fallback at a time
EVERYWHERE = 200  # attempts of all services at a time
BUSY = 8  # writes that wait: beyond, so many publish at once that they go first
GRACE = 3.0  # seconds for attempts that are under way when the server stops
REST, RESTS = 0.005, 40  # seconds, and how often at most

Announce = Callable[[int], None]
Report = Callable[[Service, Health], Awaitable[None]]


class Tools(Struct, frozen=True, kw_only=True):
    """What a courier works with. `announce` hears that the log of a service has changed; `report` tells people that a
    service works no more. `installation` is the id of this Carillon.
    """

    store: Store
    channels: Mapping[str, Channel]
    ways: Ways
    safe: Safe
    packing: Packing
    clock: Clock
    ids: Ids
    announce: Announce
    report: Report


class Courier:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._store, self._clock = tools.store, tools.clock
        self._wanted = asyncio.Event()
        self._posted: set[int] = set()
        self._lanes: dict[int, asyncio.Task[None]] = {}
        self._again: set[int] = set()
        self._slots = asyncio.Semaphore(EVERYWHERE)
        self._turn = asyncio.Lock()
        self._stopping = False

    def wake(self, service_ids: Collection[int]) -> None:
        """There is something for these services. Returns at once."""
        self._posted.update(service_ids)
        self._wanted.set()

    async def run(self) -> None:
        """Until cancelled. Attempts that are under way then may end; those that take longer are broken off, and made
        again after their lease."""
        try:
            while True:
                pause = await self._round()
                try:
                    # Not wait_for: Python 3.11's forgets to be cancelled when it is woken at the same moment.
                    async with asyncio.timeout(pause):
                        await self._wanted.wait()
                except TimeoutError:
                    self._posted.clear()  # what there is, storage knows
        finally:
            self._stopping = True
            lanes = list(self._lanes.values())
            try:
                if lanes:
                    await asyncio.wait(lanes, timeout=GRACE)
            finally:
                for lane in lanes:
                    lane.cancel()
                await asyncio.gather(*lanes, return_exceptions=True)

    async def _round(self) -> float:
        """Sees to it that each service with work has its lane. Returns in how many seconds to look again."""
        woken = self._wanted.is_set()
        self._wanted.clear()
        if woken and self._posted:
            for service_id in self._posted:
                self._open(service_id)
            self._posted.clear()
            return POLL
        now = self._clock.now()
        try:
            work = await self._store.work(now)
        except CarillonError as error:
            log.warning("deliveries wait: %s", error)
            return POLL
        for service_id in (each for each, due in work.items() if due <= now):
            self._open(service_id)
        later = [due - now for due in work.values() if due > now]
        return min([POLL, *(wait / 1_000_000 for wait in later)])

    def _open(self, service_id: int) -> None:
        if service_id in self._lanes:
            self._again.add(service_id)
            return
        lane = asyncio.create_task(self._lane(service_id))
        self._lanes[service_id] = lane
        lane.add_done_callback(lambda _: self._lanes.pop(service_id, None))

    async def _lane(self, service_id: int) -> None:
        """Until nothing is due for the service."""
        try:
            while not self._stopping:
                self._again.discard(service_id)
                await self._give_way()
                if not await self._batch(service_id) and service_id not in self._again:
                    return
        except CarillonError as error:
            log.warning("deliveries of service %d wait: %s", service_id, error)
        except Exception:
            log.exception("delivering to service %d failed", service_id)

    async def _give_way(self) -> None:
        """While many publish, one service at a time goes on after a rest: however many there are, the load is small."""
        async with self._turn:
            for _ in range(RESTS):
                if self._store.queue().writes <= BUSY:
                    return
                await asyncio.sleep(REST)

    async def _batch(self, service_id: int) -> bool:
        """Tries what is due. False: nothing is, or the service rests."""
        service = await self._store.service(service_id)
        if service is None or not service.enabled:
            return False
        now = self._clock.now()
        resting = breaker.rests(service.health, now)
        if resting and (service.rules.fallback is None or service.health.cause == "throttled"):
            return False
        channel = self._tools.channels.get(service.kind)
        parallel = getattr(channel, "PARALLEL", PARALLEL)
        limit = HANDED if resting else 1 if breaker.probing(service.health) else parallel
        if service.rules.quota and not resting:
            limit = min(limit, max(1, service.rules.quota - used(service, now)))
        claimed = await self._store.claim(service_id, now=now, lease=now + LEASE, limit=limit)
        if not claimed:
            return False
        if resting:
            await self._hand_on(service, claimed)
            return True
        tried = await asyncio.gather(*(self._try(service, channel, each) for each in claimed))
        await self._settle(service, tried)
        return True

    async def _hand_on(self, service: Service, claimed: Collection[Claimed]) -> None:
        now, text = self._clock.now(), service.health.text
        settlements = [
            judging.given_up(service, each.delivery, "failed", code="breaker_open", text=text, now=now)
            for each in claimed
        ]
        await self._write(service, settlements, health=None)

    async def _settle(self, service: Service, tried: Collection[tuple[Settlement, Outcome | None]]) -> None:
        """Writes down a batch, and with it how the service is now."""
        now, health = self._clock.now(), service.health
        for _, outcome in tried:
            if outcome is not None:
                health = breaker.after(health, outcome, now=now)
        left = [each.quota_left for _, each in tried if isinstance(each, Sent) and each.quota_left is not None]
        changed = None if health == service.health else health
        await self._write(service, [each for each, _ in tried], health=changed, left=min(left, default=None))
        if breaker.opened(service.health, health):
            log.warning(
                "service %d (%s, %s) is paused: %s", service.id, service.kind, service.name, health.text or health.code
            )
            await self._tools.report(service, health)

    async def _write(
        self, service: Service, settlements: list[Settlement], *, health: Health | None, left: int | None = None
    ) -> None:
        ours = set(await self._store.settle(service.id, settlements, health=health, quota_left=left))
        handed = {each.handed for each in settlements if each.handed is not None and each.delivery.id in ours}
        if handed:
            self.wake(handed)
        self._tools.announce(service.id)
        for each in settlements:
            _tell(service, each)

    async def _try(
        self, service: Service, channel: Channel | None, claimed: Claimed
    ) -> tuple[Settlement, Outcome | None]:
        """How one delivery went; without an outcome if it was not tried."""
        settled, silent = self._before(service, claimed)
        if settled is not None:
            return settled, None
        started, began = self._clock.now(), self._clock.monotonic()
        async with self._slots:
            outcome = await self._attempt(service, channel, claimed, silent=silent)
        took = round((self._clock.monotonic() - began) * 1_000_000)
        settlement = judging.judged(
            service,
            claimed.delivery,
            outcome,
            started=started,
            took=took,
            now=self._clock.now(),
            dice=self._tools.ids.entropy(1)[0] / 255,
            idempotent=getattr(channel, "IDEMPOTENT", False),
            follows=hasattr(channel, "follow"),
        )
        return settlement, outcome

    def _before(self, service: Service, claimed: Claimed) -> tuple[Settlement | None, bool]:
        """What is settled without an attempt; and whether it is not to ring."""
        delivery, message, now = claimed.delivery, claimed.message, self._clock.now()
        if message is None:
            return judging.given_up(service, delivery, "cancelled", code="deleted", now=now), False
        if expires(service.rules.retry, max(delivery.created, delivery.requeued), message.expires) <= now:
            return judging.given_up(service, delivery, "expired", code="expired", text=delivery.text, now=now), False
        if service.rules.quota and used(service, now) >= service.rules.quota:
            return judging.given_up(service, delivery, "failed", code="quota", now=now), False
        if service.rules.quiet is None:
            return None, False
        verdict = quiet.verdict(service.rules.quiet, delivery.level, now)
        if isinstance(verdict, quiet.Held):
            return judging.put_off(delivery, verdict.until), False
        if isinstance(verdict, quiet.Dropped):
            return judging.given_up(service, delivery, "skipped", code="quiet_hours", now=now), False
        return None, isinstance(verdict, quiet.Silent)

    async def _attempt(self, service: Service, channel: Channel | None, claimed: Claimed, *, silent: bool) -> Outcome:
        """Whatever happens, an outcome."""
        if channel is None:
            return Broken(code="options", text=f"this Carillon has no channel {service.kind!r}")
        try:
            opened = self._tools.safe.open(service.options, channel)
            if opened is None:
                return Broken(code="options", text="its options cannot be opened with the key of this installation")
            parcel = self._tools.packing.parcel(
                service,
                _there(claimed),
                application=claimed.application,
                delivery=claimed.delivery,
                silent=silent,
                now=self._clock.now(),
                ident=f"{_there(claimed).public_id}-{service.id}",
                confirmed=await self._confirmed(service, channel),
            )
            outside = self._tools.ways(claimed.delivery.via)
            outcome = await sent(channel, opened.options, lambda: channel.send(opened.options, parcel, outside))
        except BadInput as error:
            return Broken(code="options", text=str(error))
        return masked(outcome, channel, opened.values)

    async def _confirmed(self, service: Service, channel: Channel) -> list[str]:
        if not hasattr(channel, "recipients"):
            return []
        return [each.address for each in await self._store.confirmations(service.id) if each.confirmed is not None]


async def sent(channel: Channel, options: object, attempt: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """The outcome of an attempt that may raise anything and take for ever."""
    try:
        async with asyncio.timeout(LONGEST):
            return await attempt()
    except Failure as error:
        kind = Broken if error.code in ("private", "redirect", "options") else Retry
        told = kind(code=error.code, text=str(error))
        return replace(told, uncertain=error.uncertain) if isinstance(told, Retry) else told
    except TimeoutError:
        return Retry(code="timeout", text=f"it took longer than {LONGEST:g} seconds", uncertain=True)
    except Exception as error:
        log.exception("a channel failed: %s", type(options).__module__)
        return Retry(code="fault", text=f"a fault of this Carillon: {type(error).__name__}")


def used(service: Service, now: int) -> int:
    """How many it has sent this month."""
    return service.counters.used if service.counters.month == month(now) else 0


def _there(claimed: Claimed) -> Message:
    """`_before` has settled those without a message."""
    if claimed.message is None:
        raise BadInput("its message is deleted")
    return claimed.message


def _tell(service: Service, settlement: Settlement) -> None:
    """A line in the log for whoever looks for the kind or the name of a service there."""
    one = settlement.delivery
    level = logging.WARNING if one.state in ("failed", "expired") else logging.INFO
    log.log(
        level,
        "%s (%s): message %d %s%s",
        service.name,
        service.kind,
        one.message_id,
        one.state,
        "" if one.state == "sent" else f": {one.text or one.code}",
    )
