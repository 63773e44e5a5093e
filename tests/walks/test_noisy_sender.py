"""A script that has run wild, on all the connections it can open: it is refused, and nobody else is."""

from __future__ import annotations

import asyncio
import time
from statistics import median

from tests.walks.conftest import Serve
from tests.walks.server import Person, until
from tests.walks.wire import Poster, Wire

RATE, BURST = 50, 500
CONNECTIONS = 8
OTHERS = 50  # messages of the one that behaves
BETWEEN = 100  # answers that each wild connection may have had while one message of the other was under way


async def test_a_wild_script_starves_nobody(serve: Serve) -> None:
    server = serve(env={"CARILLON_PUBLISH_RATE": str(RATE), "CARILLON_PUBLISH_BURST": str(BURST)})
    await server.start()
    async with Person(server) as admin:
        wild, calm = await admin.application("wild"), await admin.application("calm")
        posters = [Poster(f"wild{number}", wild) for number in range(CONNECTIONS)]
        stop = asyncio.Event()
        started = time.monotonic()
        running = [asyncio.create_task(poster.run(server, stop)) for poster in posters]
        await until(lambda: all(poster.refused for poster in posters), "the script is refused")
        other = Poster("calm", calm)
        meanwhile = []
        async with Wire.open(server) as wire:
            for _ in range(OTHERS):
                before = sum(poster.sent for poster in posters)
                await other.post(wire)
                meanwhile.append(sum(poster.sent for poster in posters) - before)
        stop.set()
        await asyncio.gather(*running)
        elapsed = time.monotonic() - started
        listed = {message["message"] for message in await admin.messages()}
    assert len(other.stored) == OTHERS
    # Of most of them: a disk that hesitates holds up a message that is stored, and not those that are refused.
    assert median(meanwhile) <= CONNECTIONS * BETWEEN, "each waits its turn"
    stored = sum(len(poster.stored) for poster in posters)
    assert BURST <= stored <= BURST + RATE * elapsed + BURST / 100
    assert listed == set(other.stored).union(*(poster.stored for poster in posters))
    refused = [answer for poster in posters for answer in poster.refused.values()]
    assert {answer.status for answer in refused} == {429}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert all(b"this token sends too much" in answer.body for answer in refused)
