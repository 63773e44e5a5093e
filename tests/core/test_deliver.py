"""The courier over a real store and a channel that does what it is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest

from carillon.core import deliver
from carillon.core.channels import Broken, Failure, Outcome, Refused, Retry, Sent, Throttled
from carillon.core.deliver import BUSY, LEASE, RESTS, sent, used
from carillon.core.limits import Limits
from carillon.core.models import Message, User
from carillon.core.outbox import ServiceChange
from carillon.core.outgoing import Counters, Delivery, LogQuery, Quiet, Rules, Service, Window
from carillon.core.plans import month
from carillon.core.ports import Queue, Sender, Store
from carillon.core.priority import Scale
from carillon.core.publish import Draft
from carillon.core.services import New
from tests.builders import DAY, HOUR, NOON, SECOND, House, opened, ways_out

MINUTE = 60 * SECOND
NATIVE = Scale("native")


class Tower:
    """A house with one user, his application, and services of his."""

    def __init__(self, house: House, user: User, application_id: int) -> None:
        self.house = house
        self.user = user
        self.application_id = application_id
        self.courier = house.kit.ways_out.courier

    async def service(self, name: str = "bell", **rules: Any) -> int:
        new = New(kind="bell", name=name, options={"secret": "hush-hush"}, rules=Rules(**rules))
        return (await self.house.kit.ways_out.services.add(self.user, new)).service.id

    async def post(self, title: str = "Backup", **draft: Any) -> Message:
        sender = await self.sender()
        return await self.house.publisher.publish(sender, Draft(body="done", title=title, **draft), scale=NATIVE)

    async def sender(self) -> Sender:
        return await self.house.accounts.applications.sender(self.user.id, self.application_id)

    async def log(self) -> list[Delivery]:
        """Oldest first."""
        services = [each.id for each in await self.house.store.services()]
        page = await self.house.store.log(services, LogQuery())
        return [each.delivery for each in reversed(page.deliveries)]

    async def settled(self, seen: Callable[[list[Delivery]], bool]) -> list[Delivery]:
        while not seen(log := await self.log()):  # noqa: ASYNC110  # storage tells nobody
            await asyncio.sleep(0.002)
        return log

    async def health(self, service_id: int) -> Service:
        found = await self.house.store.service(service_id)
        if found is None:
            raise LookupError(service_id)
        return found


@pytest.fixture
async def tower(tmp_path: Path) -> AsyncIterator[Tower]:
    async with opened(tmp_path) as house, asyncio.timeout(15):
        user = await house.user()
        sender, _ = await house.sender(user)
        yield Tower(house, user, sender.application.id)


@asynccontextmanager
async def at_work(tower: Tower) -> AsyncIterator[None]:
    task = asyncio.create_task(tower.courier.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def states(log: list[Delivery]) -> list[str]:
    return [each.state for each in log]


def all_are(*expected: str) -> Callable[[list[Delivery]], bool]:
    return lambda log: states(log) == list(expected)


async def test_a_message_goes_to_its_service(tower: Tower) -> None:
    service = await tower.service()
    async with at_work(tower):
        message = await tower.post(url="https://nas.example", priority=8)
        (delivery,) = await tower.settled(all_are("sent"))
    (parcel,) = tower.house.bell.parcels
    assert (parcel.title, parcel.body, parcel.level, parcel.url) == ("Backup", "done", 8, "https://nas.example")
    assert parcel.link == f"http://bell.example/#/m/{message.public_id}"
    assert (delivery.message_id, delivery.attempts, delivery.remote, delivery.code) == (message.id, 1, "r1", "ok")
    assert (await tower.health(service)).counters.sent == 1


async def test_what_a_service_does_not_take_makes_no_delivery(tower: Tower) -> None:
    await tower.service(min_level=6)
    await tower.service("others", applications=(999,))
    await tower.service("without", without=(tower.application_id,))
    await tower.post(priority=5)
    assert await tower.log() == []


async def test_a_message_that_comes_in_circles_is_stored_and_not_passed_on(
    tower: Tower, caplog: pytest.LogCaptureFixture
) -> None:
    await tower.service()
    sender = await tower.sender()
    for via in ("me", "other, me", "a,b,c", "a,b,c,d,e"):
        await tower.house.publisher.publish(sender, Draft(body="again"), scale=NATIVE, via=via)
    assert await tower.log() == []
    assert "goes in circles" in caplog.text
    await tower.house.publisher.publish(sender, Draft(body="again"), scale=NATIVE, via="a,b")
    assert [each.via for each in await tower.log()] == ["a,b"]


async def test_a_temporary_failure_is_tried_again_after_its_wait(tower: Tower) -> None:
    tower.house.bell.outcomes = [Retry(code="server_error", text="come back", status=503)]
    await tower.service()
    async with at_work(tower):
        await tower.post()
        (delivery,) = await tower.settled(all_are("retry"))
        assert (delivery.code, delivery.text, delivery.status) == ("server_error", "come back", 503)
        assert 4 * SECOND <= delivery.due - NOON <= 6 * SECOND
        tower.house.clock.advance(6 * SECOND)
        tower.courier.wake([delivery.service_id])
        (delivery,) = await tower.settled(all_are("sent"))
    assert delivery.attempts == 2


async def test_a_plan_without_retries_gives_up_and_hands_on(tower: Tower) -> None:
    other = await tower.service("other", min_level=10)
    first = await tower.service("first", retry="none", fallback=other)
    tower.house.bell.outcomes = [Retry(code="connect", text="refused")]
    async with at_work(tower):
        await tower.post()
        log = await tower.settled(all_are("failed", "sent"))
    assert [each.service_id for each in log] == [first, other]


async def test_a_refused_message_is_a_dead_letter_and_lets_others_pass(tower: Tower) -> None:
    tower.house.bell.outcomes = [Refused(code="too_large", text="message is too long", status=413)]
    service = await tower.service()
    async with at_work(tower):
        await tower.post()
        await tower.settled(all_are("failed"))
        await tower.post()
        await tower.settled(all_are("failed", "sent"))
    assert (await tower.health(service)).health.cause == ""


async def test_a_broken_service_rests_and_tells_its_owner_in_his_inbox(tower: Tower) -> None:
    tower.house.bell.outcomes = [Broken(code="auth", text="application token is invalid", field="secret")]
    service = await tower.service()
    async with at_work(tower):
        await tower.post()
        await tower.settled(all_are("failed"))
        while len(inbox := await tower.house.store.page(tower.user.id, limit=9)) < 2:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.002)
        await tower.post()
        await asyncio.sleep(0.01)
        assert states(await tower.log()) == ["failed", "due"]
    assert inbox[0].message.title == "bell is paused"
    assert "application token is invalid" in inbox[0].message.body
    assert len(tower.house.bell.parcels) == 1
    assert (await tower.health(service)).health.cause == "broken"


async def test_what_waits_for_a_broken_service_goes_to_its_fallback(tower: Tower) -> None:
    other = await tower.service("other", min_level=10)
    await tower.service("first", fallback=other)
    tower.house.bell.outcomes = [Broken(code="auth", text="no")]
    async with at_work(tower):
        await tower.post()
        await tower.settled(lambda log: states(log)[:2] == ["failed", "sent"])
        await tower.post()
        log = await tower.settled(lambda log: states(log).count("sent") >= 2 and states(log).count("failed") == 2)
    assert "breaker_open" in [each.code for each in log if each.state == "failed"]


async def test_five_failures_in_a_row_open_the_breaker_until_its_rest_is_over(tower: Tower) -> None:
    service = await tower.service()
    tower.house.bell.outcomes = [Retry(code="connect", text="connection refused")] * 5
    async with at_work(tower):
        for _ in range(6):
            await tower.post()
        await tower.settled(lambda log: states(log).count("retry") == 5)
        health = (await tower.health(service)).health
        assert (health.cause, health.paused_until) == ("failing", NOON + MINUTE)
        tower.house.clock.advance(MINUTE + SECOND)
        tower.courier.wake([service])
        await tower.settled(lambda log: states(log).count("sent") == 6)
    assert (await tower.health(service)).health.cause == ""


async def test_a_throttled_service_rests_and_counts_no_attempt(tower: Tower) -> None:
    tower.house.bell.outcomes = [Throttled(code="rate_limited", text="slow down", seconds=30, status=429)]
    service = await tower.service()
    async with at_work(tower):
        await tower.post()
        (delivery,) = await tower.settled(all_are("retry"))
        assert (delivery.attempts, delivery.due) == (0, NOON + 30 * SECOND)
        assert (await tower.health(service)).health.paused_until == NOON + 30 * SECOND
        tower.house.clock.advance(31 * SECOND)
        tower.courier.wake([service])
        await tower.settled(all_are("sent"))


async def hanging(tower: Tower) -> asyncio.Task[None]:
    """A courier with an attempt under way, which ends when the bell is released."""
    tower.house.bell.released.clear()
    task = asyncio.create_task(tower.courier.run())
    await tower.post()
    while not tower.house.bell.parcels:  # noqa: ASYNC110  # as above
        await asyncio.sleep(0.002)
    return task


async def test_what_is_under_way_when_the_server_stops_ends_and_nothing_else_begins(tower: Tower) -> None:
    await tower.service()
    task = await hanging(tower)
    await tower.post("too late")
    task.cancel()
    await asyncio.sleep(0)
    tower.house.bell.released.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert states(await tower.log()) == ["sent", "due"]


async def test_what_takes_too_long_is_broken_off_when_the_server_stops(
    tower: Tower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "GRACE", 0.01)
    await tower.service()
    task = await hanging(tower)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert states(await tower.log()) == ["leased"]


async def test_a_dead_service_delays_no_other(tower: Tower, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a lane of its own: the first to come hangs, and the other is done meanwhile."""
    monkeypatch.setattr(deliver, "GRACE", 0.01)
    bell = tower.house.bell
    dead = await tower.service("dead")
    bell.released.clear()
    async with at_work(tower):
        await tower.post("hangs")
        while not bell.parcels:  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.002)
        alive = await tower.service("alive", without=())
        bell.released = asyncio.Event()
        bell.released.set()
        await tower.post("arrives")
        log = await tower.settled(lambda log: any(each.state == "sent" for each in log))
    assert {each.service_id for each in log if each.state == "sent"} == {alive}
    assert {each.service_id for each in log if each.state == "leased"} == {dead}


async def test_quiet_hours_hold_a_message_and_let_the_urgent_pass(tower: Tower) -> None:
    windows = (Window((0, 1, 2, 3, 4, 5, 6), 11 * 60, 13 * 60),)
    service = await tower.service(quiet=Quiet(zone="UTC", windows=windows))
    async with at_work(tower):
        await tower.post("night")
        (held,) = await tower.settled(all_are("held"))
        assert (held.due, held.code, held.attempts) == (NOON + HOUR, "quiet_hours", 0)
        await tower.post("fire", priority=10)
        await tower.settled(all_are("held", "sent"))
        tower.house.clock.advance(HOUR)
        tower.courier.wake([service])
        await tower.settled(all_are("sent", "sent"))


@pytest.mark.parametrize(("policy", "state", "silent"), [("drop", "skipped", None), ("silent", "sent", True)])
async def test_quiet_hours_may_drop_or_not_ring(tower: Tower, policy: str, state: str, silent: bool | None) -> None:
    windows = (Window((0, 1, 2, 3, 4, 5, 6), 11 * 60, 13 * 60),)
    await tower.service(quiet=Quiet(zone="UTC", windows=windows, policy=policy))  # type: ignore[arg-type]  # of the parameters
    async with at_work(tower):
        await tower.post()
        await tower.settled(all_are(state))
    assert [each.silent for each in tower.house.bell.parcels] == ([] if silent is None else [silent])


async def test_a_quota_ends_with_the_month(tower: Tower) -> None:
    service = await tower.service(quota=1)
    async with at_work(tower):
        await tower.post()
        await tower.settled(all_are("sent"))
        await tower.post()
        log = await tower.settled(all_are("sent", "failed"))
        assert log[1].code == "quota"
        tower.house.clock.advance(31 * DAY)
        await tower.post()
        await tower.settled(all_are("sent", "failed", "sent"))
    assert used(await tower.health(service), tower.house.clock.now()) == 1


async def test_a_deleted_message_is_not_sent(tower: Tower) -> None:
    await tower.service()
    message = await tower.post()
    await tower.house.store.delete_entries(tower.user.id, [message.id], now=NOON)
    async with at_work(tower):
        (delivery,) = await tower.settled(all_are("cancelled"))
    assert delivery.code == "deleted"
    assert tower.house.bell.parcels == []


async def test_what_is_too_old_expires_instead_of_arriving_stale(tower: Tower) -> None:
    await tower.service(retry="quick")
    await tower.post()
    tower.house.clock.advance(11 * MINUTE)
    async with at_work(tower):
        (delivery,) = await tower.settled(all_are("expired"))
    assert delivery.code == "expired"


async def test_a_claim_that_nobody_settled_is_made_again_after_its_lease(tower: Tower) -> None:
    """As after a `kill -9`: what was claimed is still in the store, held by nobody alive."""
    service = await tower.service()
    await tower.post()
    claimed = await tower.house.store.claim(service, now=NOON, lease=NOON + LEASE, limit=5)
    assert len(claimed) == 1
    async with at_work(tower):
        await asyncio.sleep(0.02)
        assert tower.house.bell.parcels == []
        tower.house.clock.advance(LEASE + SECOND)
        tower.courier.wake([service])
        await tower.settled(all_are("sent"))
    assert len(tower.house.bell.parcels) == 1


async def test_options_sealed_with_another_key_break_the_service(tower: Tower) -> None:
    service = await tower.service()
    await tower.house.store.update_service(service, ServiceChange(options=b"rubbish"))
    async with at_work(tower):
        await tower.post()
        (delivery,) = await tower.settled(all_are("failed"))
    assert delivery.code == "options"
    assert "key" in delivery.text


async def test_a_secret_that_a_server_repeats_is_masked(tower: Tower) -> None:
    tower.house.bell.outcomes = [Refused(code="rejected", text="hush-hush is not known")]
    await tower.service()
    async with at_work(tower):
        await tower.post()
        (delivery,) = await tower.settled(all_are("failed"))
    assert delivery.text == "••• is not known"


async def test_the_log_says_what_went_where(tower: Tower, caplog: pytest.LogCaptureFixture) -> None:
    await tower.service("Phone")
    with caplog.at_level(logging.INFO, "carillon.deliver"):
        async with at_work(tower):
            message = await tower.post()
            await tower.settled(all_are("sent"))
    assert f"Phone (bell): message {message.id} sent" in caplog.text


class Busy:
    """A store at which many publish. `looks`: how many parcels there were, each time somebody asked how it is."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.looks: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._house.store, name)

    def queue(self) -> Queue:
        self.looks.append(len(self._house.bell.parcels))
        return Queue(BUSY + 1, 0)


async def test_while_many_publish_services_take_turns(tower: Tower) -> None:
    for name in ("phone", "mail"):
        await tower.service(name)
    await tower.post()
    house, busy = tower.house, Busy(tower.house)
    tower.courier = ways_out(
        cast(Store, busy),
        house.access,
        accounts=house.accounts,
        publisher=house.publisher,
        clock=house.clock,
        ids=house.ids,
        limits=Limits(),
        bell=house.bell,
    ).courier
    async with at_work(tower):
        await tower.settled(all_are("sent", "sent"))
    assert busy.looks.count(0) >= RESTS, "the first has rested"
    assert busy.looks.count(1) > RESTS // 2, "and the second has not rested with it, but afterwards"


async def test_a_switched_off_service_gets_nothing(tower: Tower) -> None:
    service = await tower.service()
    await tower.post()
    await tower.house.store.update_service(service, ServiceChange(enabled=False))
    async with at_work(tower):
        tower.courier.wake([service])
        await asyncio.sleep(0.02)
    assert states(await tower.log()) == ["due"]


async def raising(error: Exception) -> Outcome:
    raise error


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [
        (
            lambda: raising(Failure("timeout", "late", uncertain=True)),
            Retry(code="timeout", text="late", uncertain=True),
        ),
        (lambda: raising(Failure("dns", "no such name")), Retry(code="dns", text="no such name")),
        (lambda: raising(Failure("private", "not there")), Broken(code="private", text="not there")),
        (lambda: raising(KeyError("x")), Retry(code="fault", text="a fault of this Carillon: KeyError")),
    ],
)
async def test_whatever_a_channel_raises_is_an_outcome(
    attempt: Callable[[], Awaitable[Outcome]], expected: Outcome, tower: Tower
) -> None:
    assert await sent(tower.house.bell, None, attempt) == expected  # type: ignore[arg-type]  # it is a channel in all but its class


def test_what_was_used_in_another_month_does_not_count() -> None:
    service = Service(
        id=1, name="a", kind="bell", scope="user", user_id=1, counters=Counters(month=month(NOON), used=4)
    )
    assert used(service, NOON) == 4
    assert used(service, NOON + 31 * DAY) == 0
    assert isinstance(Sent(), Outcome)


@pytest.mark.parametrize("steps", range(4))
async def test_it_ends_also_when_it_is_woken_at_that_moment(tower: Tower, steps: int) -> None:
    task = asyncio.create_task(tower.courier.run())
    await asyncio.sleep(0.05)
    tower.courier.wake([1])
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
