from __future__ import annotations

import asyncio
import gc
import logging
import socket
import tracemalloc
import weakref
from contextlib import closing
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from carillon.dialects._streams import websocket
from carillon.hub.socket import CutOffWebSocket
from tests.hub.serving import Recorder, serving, until

KIB = 1024
MIB = 1024 * KIB


class Impatient(CutOffWebSocket):
    max_stall = 0.2


class Patient(CutOffWebSocket):
    max_stall = 600.0


def with_small_buffer(connection: CutOffWebSocket) -> CutOffWebSocket:
    connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    return connection


async def test_ready_made_frames_arrive_among_pings_and_answers() -> None:
    app = Recorder()
    async with serving(app, ws_ping_interval=0.05, ws_ping_timeout=5) as served, connect(served.url) as client:
        await until(lambda: app.sockets)
        for number in range(20):
            app.sockets[0].write(websocket(b"%d" % number))
            await asyncio.sleep(0.01)
        assert [await client.recv() for _ in range(20)] == [str(number) for number in range(20)]
        await (await client.ping())


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
async def test_a_frame_of_any_size_is_whole(size: int) -> None:
    app = Recorder()
    async with serving(app) as served, connect(served.url, max_size=None) as client:
        await until(lambda: app.sockets)
        app.sockets[0].write(websocket(b"x" * size) + websocket(b"next"))
        assert await client.recv() == "x" * size
        assert await client.recv() == "next"


async def test_a_peer_that_never_reads_is_cut_off_at_a_mebibyte() -> None:
    app = Recorder()
    async with serving(app, ws=Patient) as served:
        with closing(await served.raw(small=True)) as peer:
            await peer.upgrade()
            await until(lambda: app.sockets)
            connection = with_small_buffer(app.sockets[0])
            frame = websocket(b"x" * 16 * KIB)
            unsent = 0
            for _ in range(1000):
                if connection.closing:
                    break
                unsent = max(unsent, connection.transport.get_write_buffer_size())
                connection.write(frame)
            assert connection.closing
            assert MIB < unsent < MIB + 2 * len(frame)
            await until(lambda: app.codes)


@pytest.mark.parametrize("size", [48 * KIB, 512 * KIB])
async def test_a_peer_that_never_reads_is_cut_off_after_a_while(size: int) -> None:
    app = Recorder()
    async with serving(app, ws=Impatient) as served:
        with closing(await served.raw(small=True)) as peer:
            await peer.upgrade()
            await until(lambda: app.sockets)
            connection = with_small_buffer(app.sockets[0])
            connection.write(websocket(b"x" * size))
            assert connection.behind
            began = asyncio.get_running_loop().time()
            await until(lambda: app.codes)
            assert 0.1 < asyncio.get_running_loop().time() - began < 2


async def test_closing_does_not_wait_for_a_peer_that_never_reads() -> None:
    app = Recorder()
    async with serving(app, ws=Impatient) as served:
        with closing(await served.raw(small=True)) as peer:
            await peer.upgrade()
            await until(lambda: app.sockets)
            connection = with_small_buffer(app.sockets[0])
            connection.write(websocket(b"x" * 512 * KIB))
            connection.end(1001)
            await until(lambda: not served.state.connections)


async def test_a_slow_reader_stays_and_is_caught_up_in_the_end() -> None:
    app = Recorder()
    async with serving(app, ws=Impatient) as served:
        with closing(await served.raw(small=True)) as peer:
            await peer.upgrade()
            await until(lambda: app.sockets)
            connection = with_small_buffer(app.sockets[0])
            frame = websocket(b"x" * 400 * KIB)
            connection.write(frame)
            drained = asyncio.create_task(connection.drain())
            began = asyncio.get_running_loop().time()
            while len(peer.got) < len(frame):
                await peer.more(len(frame) // 40)
                await asyncio.sleep(0.02)
                assert not connection.closing
            assert asyncio.get_running_loop().time() - began > 2 * Impatient.max_stall
            assert peer.got == frame
            await drained
            assert not connection.behind


async def test_a_reader_slower_than_what_is_written_stays_up_to_the_limit() -> None:
    app = Recorder()
    async with serving(app, ws=Impatient) as served:
        with closing(await served.raw(small=True)) as peer:
            await peer.upgrade()
            await until(lambda: app.sockets)
            connection = with_small_buffer(app.sockets[0])
            connection.write(websocket(b"x" * 200 * KIB))
            for _ in range(40):
                await peer.more(8 * KIB)
                connection.write(websocket(b"x" * 16 * KIB))
                await asyncio.sleep(0.02)
            assert connection.behind
            assert not connection.closing


async def test_an_abort_is_code_1006_for_the_client() -> None:
    app = Recorder()
    async with serving(app) as served, connect(served.url) as client:
        await until(lambda: app.sockets)
        app.sockets[0].abort()
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is None
        assert client.close_code == 1006
        app.sockets[0].write(websocket(b"too late"))
        await until(lambda: app.codes)
        app.sockets[0].write(websocket(b"later still"))
        app.sockets[0].end(1001)


async def test_an_end_with_a_code_tells_client_and_application() -> None:
    app = Recorder()
    async with serving(app) as served, connect(served.url) as client:
        await until(lambda: app.sockets)
        app.sockets[0].write(websocket(b"last"))
        app.sockets[0].end(1008)
        app.sockets[0].write(websocket(b"after the end"))
        assert await client.recv() == "last"
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1008
        await until(lambda: app.codes)
        assert app.codes == [1008]


async def test_shutdown_is_going_away() -> None:
    app = Recorder()
    async with serving(app) as served, connect(served.url) as client:
        await until(lambda: app.sockets)
        for connection in list(served.state.connections):
            connection.shutdown()
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1001


async def test_a_peer_that_answers_no_ping_is_gone() -> None:
    app = Recorder()
    async with serving(app, ws_ping_interval=0.05, ws_ping_timeout=0.05) as served:
        with closing(await served.raw()) as peer:
            await peer.upgrade()
            await until(lambda: app.codes)
            assert (await peer.rest())[:2] == b"\x89\x04"


async def test_a_peer_that_answers_no_ping_and_reads_nothing_is_gone() -> None:
    app = Recorder()
    async with serving(app, ws=Impatient, ws_ping_interval=0.05, ws_ping_timeout=0.05) as served:
        with closing(await served.raw(small=True)) as peer:
            await peer.upgrade()
            await until(lambda: app.sockets)
            with_small_buffer(app.sockets[0]).write(websocket(b"x" * 512 * KIB))
            await until(lambda: app.codes)


async def test_a_ping_behind_a_backlog_is_not_held_against_a_slow_reader() -> None:
    app = Recorder()
    async with serving(app, ws_ping_interval=0.05, ws_ping_timeout=0.05) as served, connect(served.url) as client:
        await until(lambda: app.sockets)
        connection = with_small_buffer(app.sockets[0])
        client.transport.pause_reading()
        connection.write(websocket(b"x" * 8 * MIB))
        await asyncio.sleep(0.3)
        assert not connection.closing
        client.transport.abort()


async def test_a_flood_of_pings_does_not_fill_memory() -> None:
    app = Recorder()
    async with serving(app, ws=Patient) as served:
        with closing(await served.raw(small=True)) as peer:
            await peer.upgrade()
            await until(lambda: app.sockets)
            with_small_buffer(app.sockets[0])
            pings = (b"\x89\xfd" + bytes(4) + b"x" * 125) * 100_000
            with pytest.raises(ConnectionError):
                await peer.send(pings)
            await until(lambda: app.codes)


async def test_deflate_is_not_negotiated() -> None:
    app = Recorder()
    async with serving(app) as served, connect(served.url, compression="deflate") as client:
        assert client.response is not None
        assert "Sec-WebSocket-Extensions" not in client.response.headers


async def test_what_a_client_sends_is_bounded() -> None:
    app = Recorder()
    async with serving(app, ws_max_size=4 * KIB) as served, connect(served.url) as client:
        await client.send("x" * 4 * KIB)
        await until(lambda: app.events == 2)
        await client.send("x" * 4 * KIB + "y")
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1009


async def test_no_log_names_a_token(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["query_string"] == b"token=Csecret"
        if scope["path"] == "/accept":
            await send({"type": "websocket.accept"})
        elif scope["path"] == "/close":
            await send({"type": "websocket.close"})
        else:
            await send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"x", b"y")]})
            await send({"type": "websocket.http.response.body", "body": b"no"})

    caplog.set_level(logging.DEBUG)
    async with serving(app) as served:
        async with connect(f"{served.url}/accept?token=Csecret"):
            pass
        for path, status in (("close", 403), ("refuse", 401)):
            with pytest.raises(InvalidStatus) as refused:
                await connect(
                    f"{served.url}/{path}?token=Csecret", additional_headers={"Authorization": "Bearer Csecret"}
                )
            assert refused.value.response.status_code == status
    of_server = [record for record in caplog.records if not record.name.startswith("websockets.client")]
    assert not [record for record in of_server if "Csecret" in record.getMessage()]
    assert not [record for record in of_server if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/", [f"X-{number}: y" for number in range(200)], b"431"),
        ("/", ["X: " + "y" * 10_000], b"431"),
        ("/" + "y" * 10_000, [], b"414"),
        ("/ä", [], b"400"),
        ("/", ["Sec-WebSocket-Key: twice"], b"400"),
    ],
)
async def test_a_handshake_that_is_none_is_answered(
    target: str, headers: list[str], status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    app = Recorder()
    async with serving(app) as served:
        with closing(await served.raw()) as peer:
            assert (await peer.upgrade(target, *headers)).startswith(b"HTTP/1.1 " + status)
            await peer.rest()
    assert not app.sockets
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_lost_connection_leaves_nothing_for_the_collector() -> None:
    app = Recorder()
    async with serving(app) as served:
        gc.collect()
        gc.disable()
        try:
            for _ in range(3):
                async with connect(served.url):
                    await until(lambda: app.sockets)
                    left: list[weakref.ref[Any]] = [weakref.ref(app.sockets[0]), weakref.ref(app.sockets.pop().conn)]
                await until(lambda: not served.state.connections and not served.state.tasks)
                assert [one() for one in left] == [None, None]
        finally:
            gc.enable()


async def test_an_idle_stream_is_small() -> None:
    app = Recorder()
    async with serving(app) as served:
        peers = []
        gc.collect()
        tracemalloc.start()
        try:
            for _ in range(50):
                peers.append(await served.raw())
                await peers[-1].upgrade("/?token=C1234567890", "User-Agent: something/1.0", "Origin: http://x")
            await until(lambda: len(app.sockets) == len(peers))
            gc.collect()
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            for peer in peers:
                peer.close()
        assert held / len(peers) < 20 * KIB
