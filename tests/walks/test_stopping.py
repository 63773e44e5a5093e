"""SIGTERM under load: nobody is left in doubt, and it ends in time whatever clients do."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack

from websockets.asyncio.client import connect

from tests.walks.server import Person, Server, listening, until
from tests.walks.test_slow_listeners import deaf
from tests.walks.wire import Poster, Wire, message, request

IN_TIME = 10.0  # seconds


async def test_every_request_taken_is_answered(store_server: Server) -> None:
    """A message is stored exactly if its sender was told so; the others are refused, or never read."""
    server = store_server
    async with Person(server) as admin:
        token, _ = await admin.tokens()
        crowd = [Poster(f"sender {number}", token) for number in range(16)]
        load = [asyncio.create_task(poster.run(server, asyncio.Event())) for poster in crowd]
        await until(lambda: sum(len(poster.stored) for poster in crowd) > 200, "they are being stored")
        began = time.monotonic()
        assert await server.stop() == 0
        assert time.monotonic() - began < IN_TIME
        await asyncio.gather(*load)
        refused = [answer for poster in crowd for answer in poster.refused.values()]
        assert refused, "the load ended before the server did"
        assert {answer.status for answer in refused} == {503}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
        await server.start()
        stored = {each["message"]: each["id"] for each in await admin.messages()}
        assert stored == {text: id_ for poster in crowd for text, id_ in poster.stored.items()}


async def test_streams_end_in_their_own_way(server: Server, admin: Person) -> None:
    _, device = await admin.tokens()
    native = f"ws://127.0.0.1:{server.port}/api/1/stream?token={device}"
    sse = request("GET", f"/api/1/stream?token={device}", headers=[("Accept", "text/event-stream")])
    async with (
        listening(server, device) as gotify,
        connect(native, proxy=None) as websocket,
        Wire.open(server) as events,
    ):
        events.writer.write(sse)
        await events.reader.readuntil(b"\r\n\r\n")
        os.kill(server.pid, signal.SIGTERM)
        await asyncio.gather(gotify.wait_closed(), websocket.wait_closed())
        assert gotify.close_code == 1006, "Gotify's clients expect no close frame"
        assert websocket.close_code == 1001
        assert (await events.rest()).endswith(b"0\r\n\r\n")
    assert await server.ended(IN_TIME) == 0


async def test_it_ends_though_clients_do_not(server: Server, admin: Person) -> None:
    token, device = await admin.tokens()
    peers = [deaf(server, stream, device) for stream in ("gotify", "native websocket", "native sse")]
    async with AsyncExitStack() as open_ones:
        busy, half_head, half_body, _ = [await open_ones.enter_async_context(Wire.open(server)) for _ in range(4)]
        for _ in range(4):
            assert (await busy.ask(message(token, "x" * 60_000))).status == 200
        half_head.writer.write(b"POST /message HTTP/1.1\r\nHost: local")
        half_body.writer.write(message(token, "never whole")[:-5])
        await asyncio.gather(half_head.writer.drain(), half_body.writer.drain())
        assert (await busy.ask(message(token, "the others are read by now"))).status == 200
        os.kill(server.pid, signal.SIGTERM)
        assert await server.ended(IN_TIME) == 0
    assert "Traceback" not in server.said()
    for peer in peers:
        peer.close()
