from __future__ import annotations

import asyncio
import gc
import logging
import socket
import weakref
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from carillon.hub.http import GuardedHttp
from carillon.hub.socket import EXTENSION
from tests.hub.serving import Raw, Served, serving, until

KIB = 1024
MIB = 1024 * KIB

GET = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"


class Impatient(GuardedHttp):
    head_timeout = 0.2
    body_idle = 0.2
    response_stall = 0.2
    max_stall = 0.2


class App:
    """Answers with path, query and body; /stream opens a stream and keeps its connection, /wait waits to be let go."""

    def __init__(self) -> None:
        self.streams: list[GuardedHttp] = []
        self.running = 0
        self.disconnects = 0
        self.go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.running += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self.running -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/stream":
            await self._stream(scope, receive, send)
            return
        body = b""
        more = True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                self.disconnects += 1
                return
            body, more = body + event["body"], event["more_body"]
        if scope["path"] == "/wait":
            await self.go.wait()
        answer = b"%b?%b %b" % (scope["path"].encode(), scope["query_string"], body)
        if scope["path"] == "/big":
            answer = b"x" * 16 * MIB
        headers = [(b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        stream: GuardedHttp = scope["extensions"][EXTENSION]
        stream.begin_stream(chunked=scope["http_version"] == "1.1")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-y", b"z")]})
        self.streams.append(stream)
        while (await receive())["type"] != "http.disconnect":
            pass
        self.disconnects += 1


@pytest.fixture(autouse=True)
def no_complaint(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing a client can do is worth a warning, least of all a traceback."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


async def ask(peer: Raw, request: bytes) -> tuple[bytes, bytes]:
    """Status line and body."""
    await peer.send(request)
    return await answer(peer)


async def answer(peer: Raw) -> tuple[bytes, bytes]:
    head = await peer.until(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    length = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
    while len(peer.got) < length:
        assert await peer.more()
    body, peer.got = peer.got[:length], peer.got[length:]
    return lines[0], body


async def test_requests_follow_each_other_on_one_connection() -> None:
    async with serving(App()) as served:
        with closing(await served.raw()) as peer:
            assert await ask(peer, GET % b"/a?b=c") == (b"HTTP/1.1 200 OK", b"/a?b=c ")
            post = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
            assert (await ask(peer, post))[1] == b"/b? body"
            await peer.send(GET % b"/1" + GET % b"/2" + post)
            assert [(await answer(peer))[1] for _ in range(3)] == [b"/1? ", b"/2? ", b"/b? body"]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://host/path?q=1", b"/path?q=1 "),
        (b"http://host", b"/? "),
        (b"http://host?q=1", b"/?q=1 "),
        (b"//path", b"//path? "),
        (b"*", b"*? "),
    ],
)
async def test_every_form_of_target(target: bytes, path: bytes) -> None:
    async with serving(App()) as served:
        with closing(await served.raw()) as peer:
            assert await ask(peer, GET % target) == (b"HTTP/1.1 200 OK", path)


@pytest.mark.parametrize(
    "request_",
    [
        GET % "/ä".encode(),
        GET % b"host:80",
        GET % b"http:///nowhere",
        b"CONNECT host:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_refused(request_: bytes) -> None:
    async with serving(App()) as served:
        with closing(await served.raw()) as peer:
            await peer.send(request_)
            assert (await peer.rest()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("upgrade", [b"h2c", b"something/else"])
async def test_an_upgrade_that_is_not_known_is_passed_over(upgrade: bytes) -> None:
    head = b"Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: %b\r\nHTTP2-Settings: AAMAAABk\r\n" % upgrade
    async with serving(App()) as served:
        with closing(await served.raw()) as peer:
            get = b"GET /a HTTP/1.1\r\n" + head + b"\r\n"
            assert (await ask(peer, get))[1] == b"/a? "
            await peer.send(b"POST /b HTTP/1.1\r\n" + head + b"Content-Length: 4\r\n\r\n")
            await asyncio.sleep(0.02)
            assert (await ask(peer, b"body"))[1] == b"/b? body"
            await peer.send(
                b"POST /c HTTP/1.1\r\n" + head + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"
            )
            assert (await answer(peer))[1] == b"/c? body"
            await peer.send(get + GET % b"/d")
            assert [(await answer(peer))[1] for _ in range(2)] == [b"/a? ", b"/d? "]


@pytest.mark.parametrize("begin", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n", b"\r\n"])
async def test_half_a_head_does_not_hold_a_connection(begin: bytes) -> None:
    async with serving(App(), http=Impatient) as served:
        with closing(await served.raw()) as peer:
            await peer.send(begin)
            assert await peer.rest() == b""
        with closing(await served.raw()) as peer:
            await ask(peer, GET % b"/")
            if begin:
                await peer.send(begin)
                assert await peer.rest() == b""


async def test_blank_lines_behind_a_request_do_not_end_it() -> None:
    app = App()
    async with serving(app, http=Impatient, timeout_keep_alive=0.1) as served:
        with closing(await served.raw()) as peer:
            await peer.send(GET % b"/wait")
            await until(lambda: app.running)
            await peer.send(b"\r\n")
            await asyncio.sleep(0.3)
            app.go.set()
            assert (await answer(peer))[1] == b"/wait? "
            assert await peer.rest() == b""


async def test_a_head_that_trickles_is_bounded_as_a_whole() -> None:
    async with serving(App(), http=Impatient) as served:
        with closing(await served.raw()) as peer:
            began = asyncio.get_running_loop().time()
            ended = asyncio.create_task(peer.rest())
            await peer.send(b"GET / HTTP/1.1\r\n")
            while not ended.done():
                await peer.send(b"X: y\r\n")
                await asyncio.sleep(0.02)
            assert asyncio.get_running_loop().time() - began < 1


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
async def test_a_head_is_bounded(pieces: int, end: bytes) -> None:
    async with serving(App()) as served:
        with closing(await served.raw()) as peer:
            fits = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 60 * KIB + b"\r\n\r\n"
            assert (await ask(peer, fits))[0] == b"HTTP/1.1 200 OK"
            await peer.send(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
            for piece in range(pieces):
                await asyncio.sleep(0.005)
                await peer.send(b"y" * (70 * KIB // pieces) + (end if piece == pieces - 1 else b""))
            assert (await peer.rest()).startswith(b"HTTP/1.1 400 ")


async def test_a_large_body_behind_a_small_head_is_not_taken_for_a_head() -> None:
    async with serving(App()) as served:
        with closing(await served.raw()) as peer:
            body = b"x" * 200 * KIB
            post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
            assert (await ask(peer, post + body))[1] == b"/? " + body
            await peer.send(post[:-2])
            await asyncio.sleep(0.01)
            assert (await ask(peer, post[-2:] + body))[1] == b"/? " + body


async def test_a_body_that_stalls_ends_the_connection() -> None:
    app = App()
    async with serving(app, http=Impatient) as served:
        with closing(await served.raw()) as peer:
            await peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nbo")
            assert await peer.rest() == b""
            await until(lambda: app.disconnects == 1)


async def test_a_body_that_comes_slowly_is_waited_for() -> None:
    async with serving(App(), http=Impatient) as served:
        with closing(await served.raw()) as peer:
            await peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
            for _ in range(10):
                await asyncio.sleep(0.05)
                await peer.send(b"x")
            assert (await answer(peer))[1] == b"/? " + b"x" * 10


async def test_a_connection_with_nothing_to_say_is_let_go() -> None:
    async with serving(App(), timeout_keep_alive=0.1) as served:
        with closing(await served.raw()) as peer:
            await ask(peer, GET % b"/")
            assert await peer.rest() == b""


async def test_an_answer_that_nobody_reads_is_not_kept() -> None:
    async with serving(App(), http=Impatient) as served:
        with closing(await served.raw(small=True)) as peer:
            await peer.send(GET % b"/big")
            await until(lambda: served.state.total_requests)
            await until(lambda: not served.state.connections)


async def test_a_client_that_leaves_with_requests_in_line_leaves_no_handler() -> None:
    app = App()
    async with serving(app) as served:
        with closing(await served.raw()) as peer:
            await peer.send(GET % b"/wait" + GET % b"/wait" + GET % b"/")
            await until(lambda: app.running)
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        for connection in list(served.state.connections):
            connection.transport.abort()
        await until(lambda: not served.state.connections)
        app.go.set()
        await until(lambda: not app.running)


async def test_a_websocket_behind_an_unfinished_answer_ends_both() -> None:
    app = App()
    async with serving(app) as served:
        with closing(await served.raw()) as peer:
            await peer.send(GET % b"/wait")
            await until(lambda: app.running)
            await peer.send(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            assert await peer.rest() == b""
            app.go.set()
            await until(lambda: not app.running)


async def test_a_stream_is_written_in_chunks_and_ends_whole() -> None:
    app = App()
    async with serving(app) as served:
        with closing(await served.raw()) as peer:
            await ask(peer, GET % b"/")
            await peer.send(GET % b"/stream")
            head = await peer.until(b"\r\n\r\n")
            assert b"transfer-encoding: chunked" in head
            assert b"x-y: z" in head
            app.streams[0].write(b"3\r\none\r\n")
            app.streams[0].write(b"3\r\ntwo\r\n")
            app.streams[0].end(1001)
            app.streams[0].write(b"5\r\nthree\r\n")
            app.streams[0].end(1001)
            assert await peer.rest() == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
            await until(lambda: app.disconnects)
            app.streams[0].end(1001)


async def test_a_stream_over_http_1_0_is_not_chunked() -> None:
    app = App()
    async with serving(app) as served:
        with closing(await served.raw()) as peer:
            await peer.send(b"GET /stream HTTP/1.0\r\n\r\n")
            head = await peer.until(b"\r\n\r\n")
            assert b"transfer-encoding" not in head
            assert b"content-length" not in head
            app.streams[0].write(b"one")
            app.streams[0].end(1001)
            assert await peer.rest() == b"one"


async def test_a_stream_is_deaf_and_ends_with_its_client() -> None:
    app = App()
    async with serving(app) as served:
        with closing(await served.raw()) as peer:
            await peer.send(GET % b"/stream")
            await until(lambda: app.streams)
            await peer.send(GET % b"/" + b"\x00nonsense")
            await asyncio.sleep(0.02)
            assert app.running == 1
        await until(lambda: app.disconnects)


async def test_a_request_in_line_behind_a_stream_ends_it() -> None:
    app = App()
    async with serving(app) as served:
        with closing(await served.raw()) as peer:
            await peer.send(GET % b"/stream" + GET % b"/")
            await peer.rest()
            await until(lambda: app.disconnects)


@pytest.mark.parametrize(("http", "size"), [(Impatient, 512 * KIB), (GuardedHttp, 16 * MIB)])
async def test_a_stream_that_nobody_reads_is_cut_off(http: type[GuardedHttp], size: int) -> None:
    app = App()
    async with serving(app, http=http) as served:
        with closing(await served.raw(small=True)) as peer:
            await peer.send(GET % b"/stream")
            await until(lambda: app.streams)
            stream = app.streams[0]
            stream.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            for _ in range(size // (64 * KIB)):
                stream.write(b"x" * 64 * KIB)
            await until(lambda: app.disconnects)


async def test_a_stream_whose_peer_has_vanished_is_given_up_by_the_kernel() -> None:
    app = App()
    async with serving(app) as served:
        with closing(await served.raw()) as peer:
            await peer.send(GET % b"/stream")
            await until(lambda: app.streams)
            connection = app.streams[0].transport.get_extra_info("socket")
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


@pytest.mark.parametrize("path", [b"/", b"/stream"])
async def test_a_lost_connection_leaves_nothing_for_the_collector(path: bytes) -> None:
    app = App()
    async with serving(app) as served:
        gc.collect()
        gc.disable()
        try:
            with closing(await served.raw()) as peer:
                await peer.send(GET % path)
                await peer.until(b"\r\n\r\n")
                left = weakref.ref(_only(served))
            app.streams.clear()
            await until(lambda: not served.state.connections and not served.state.tasks)
            await asyncio.sleep(0.01)
            assert left() is None
        finally:
            gc.enable()


def _only(served: Served) -> Any:
    (connection,) = served.state.connections
    return connection
