from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from carillon.core.channels import Followed
from carillon.core.models import User
from carillon.core.outgoing import Delivery, Settlement
from carillon.core.priority import Scale
from carillon.core.publish import Draft
from carillon.core.services import New
from tests.builders import NOON, SECOND, House, opened


class Rung:
    """A message that was sent with a receipt, which is due to be asked about."""

    def __init__(self, house: House, ada: User, delivery: Delivery) -> None:
        self.house = house
        self.ada = ada
        self.delivery = delivery

    async def round(self) -> None:
        await self.house.kit.ways_out.follower.round()

    async def now(self) -> Delivery:
        logged = await self.house.store.delivery(self.delivery.id)
        if logged is None:
            raise LookupError(self.delivery.id)
        return logged.delivery


@pytest.fixture
async def rung(tmp_path: Path) -> AsyncIterator[Rung]:
    async with opened(tmp_path) as house:
        ada = await house.user()
        service = await house.kit.ways_out.services.add(
            ada, New(kind="bell", name="Phone", options={"secret": "hush-hush"})
        )
        sender, _ = await house.sender(ada)
        await house.publisher.publish(sender, Draft(body="fire"), scale=Scale("native"))
        number = service.service.id
        (claimed,) = await house.store.claim(number, now=NOON, lease=NOON + SECOND, limit=1)
        sent = replace(claimed.delivery, state="sent", settled=NOON, receipt="r", follow=NOON)
        await house.store.settle(number, [Settlement(sent)], health=None, quota_left=None)
        yield Rung(house, ada, claimed.delivery)


async def test_what_is_acknowledged_there_is_acknowledged_here(rung: Rung) -> None:
    rung.house.bell.followed = Followed(acknowledged=NOON + SECOND, by="pixel8")
    await rung.round()
    delivery = await rung.now()
    assert (delivery.acknowledged, delivery.acknowledged_by, delivery.follow) == (NOON + SECOND, "pixel8", None)
    (item,) = await rung.house.store.page(rung.ada.id, limit=1)
    assert item.entry.acknowledged == NOON + SECOND


async def test_it_is_asked_more_and_more_seldom_and_at_last_no_more(rung: Rung) -> None:
    waits = []
    for age in (0, 61, 601, 4 * 3600):
        rung.house.clock.microseconds = NOON + age * SECOND
        await rung.round()
        follow = (await rung.now()).follow
        waits.append(None if follow is None else (follow - rung.house.clock.now()) // SECOND)
    assert waits == [5, 15, 60, None]


async def test_what_is_over_is_not_asked_again(rung: Rung) -> None:
    rung.house.bell.followed = Followed(over=True)
    await rung.round()
    assert (await rung.now()).follow is None
