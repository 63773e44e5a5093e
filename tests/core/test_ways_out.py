from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from carillon.core.outgoing import LogQuery
from carillon.core.priority import Scale
from carillon.core.publish import Draft
from carillon.core.services import New
from tests.builders import opened


async def test_all_that_runs_beside_the_server_delivers_and_ends(tmp_path: Path) -> None:
    async with opened(tmp_path) as house, asyncio.timeout(10):
        ada = await house.user()
        ways = house.kit.ways_out
        number = (
            await ways.services.add(ada, New(kind="bell", name="Phone", options={"secret": "hush-hush"}))
        ).service.id
        sender, _ = await house.sender(ada)
        running = asyncio.create_task(ways.run())
        await house.publisher.publish(sender, Draft(body="done"), scale=Scale("native"))
        while not (await house.store.log([number], LogQuery(states=("sent",)))).deliveries:  # noqa: ASYNC110  # storage tells nobody
            await asyncio.sleep(0.002)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert [each.body for each in house.bell.parcels] == ["done"]
