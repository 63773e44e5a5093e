from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from carillon.core.errors import Forbidden, NotFound
from carillon.core.journal import Journal
from carillon.core.models import Message, User
from carillon.core.outgoing import LogQuery, Settlement
from carillon.core.priority import Scale
from carillon.core.publish import Draft
from carillon.core.services import New
from tests.builders import HOUR, NOON, SECOND, House, opened


class Street:
    """Ada with an application and a service, and messages of hers."""

    def __init__(self, house: House, ada: User, service_id: int) -> None:
        self.house = house
        self.ada = ada
        self.service_id = service_id
        self.journal: Journal = house.kit.ways_out.journal

    async def post(self) -> Message:
        (tie,) = await self.house.store.subscriptions(self.ada.id)
        sender = await self.house.accounts.applications.sender(self.ada.id, tie.application.id)
        return await self.house.publisher.publish(sender, Draft(body="done"), scale=Scale("native"))

    async def fail(self) -> int:
        """All that waits is given up. Returns the id of the last."""
        claimed = await self.house.store.claim(self.service_id, now=NOON, lease=NOON + SECOND, limit=9)
        lost = [replace(each.delivery, state="failed", settled=NOON, code="connect") for each in claimed]
        await self.house.store.settle(
            self.service_id, [Settlement(each) for each in lost], health=None, quota_left=None
        )
        return lost[-1].id

    async def states(self) -> list[str]:
        return [each.delivery.state for each in (await self.journal.page(self.ada, LogQuery())).deliveries]


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    async with opened(tmp_path) as house:
        ada = await house.user("ada")
        await house.sender(ada)
        made = await house.kit.ways_out.services.add(
            ada, New(kind="bell", name="Phone", options={"secret": "hush-hush"})
        )
        yield Street(house, ada, made.service.id)


async def test_one_reads_the_log_of_what_he_sees(street: Street) -> None:
    message = await street.post()
    bob = await street.house.user("bob")
    (logged,) = (await street.journal.page(street.ada, LogQuery(text="phone"))).deliveries
    assert (logged.service, logged.kind, logged.delivery.message_id) == ("Phone", "bell", message.id)
    assert (await street.journal.page(bob, LogQuery())).deliveries == []
    with pytest.raises(NotFound):
        await street.journal.one(bob, logged.delivery.id)
    assert (await street.journal.one(street.ada, logged.delivery.id)).delivery == logged.delivery


async def test_a_message_has_its_timeline(street: Street) -> None:
    message = await street.post()
    (logged,) = await street.journal.timeline(street.ada, message.id)
    assert logged.delivery.state == "due"
    with pytest.raises(NotFound):
        await street.journal.timeline(await street.house.user("bob"), message.id)


async def test_what_failed_is_sent_again_one_by_one_or_all(street: Street) -> None:
    await street.post()
    number = await street.fail()
    assert await street.journal.resend(street.ada, [number]) == 1
    assert await street.states() == ["due"]
    await street.post()
    await street.fail()
    assert await street.journal.resend_failed(street.ada, LogQuery()) == 2
    assert await street.states() == ["due", "due"]


async def test_what_waits_is_given_up(street: Street) -> None:
    await street.post()
    (logged,) = (await street.journal.page(street.ada, LogQuery())).deliveries
    assert await street.journal.cancel(street.ada, [logged.delivery.id]) == 1
    assert await street.states() == ["cancelled"]


async def test_nobody_touches_what_is_anothers(street: Street) -> None:
    house = street.house
    root = await house.user("root", admin=True)
    group = await house.accounts.groups.add("home")
    await house.accounts.groups.join(group.id, street.ada.id)
    (tie,) = await house.store.subscriptions(street.ada.id)
    await house.accounts.applications.share(street.ada.id, tie.application.id, with_user=None, with_group=group.id)
    await house.kit.ways_out.services.delete(street.ada, street.service_id)
    new = New(kind="bell", name="Home", options={"secret": "hush-hush"}, scope="group", group="home")
    await house.kit.ways_out.services.add(root, new)
    await street.post()
    (logged,) = (await street.journal.page(street.ada, LogQuery())).deliveries
    with pytest.raises(Forbidden):
        await street.journal.resend(street.ada, [logged.delivery.id])
    with pytest.raises(NotFound):
        await street.journal.cancel(await house.user("bob"), [logged.delivery.id])
    assert await street.journal.cancel(root, [logged.delivery.id]) == 1


async def test_hours_are_counted(street: Street) -> None:
    await street.post()
    await street.fail()
    hour = NOON // HOUR
    ((service, tick),) = await street.journal.ticks(street.ada, since=hour, until=hour + 1)
    assert (service.name, tick.sent, tick.failed) == ("Phone", 0, 1)
