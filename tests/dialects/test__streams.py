from __future__ import annotations

import asyncio
from contextlib import closing
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from carillon.core.errors import TooMany, Unavailable
from carillon.core.models import Change, ChangePage, Cleared
from carillon.dialects._streams import PIECE, Reader, Replay, Streams, chunk, line, sse, websocket
from carillon.hub.local import LocalHub
from tests.dialects.pipes import Client, Pipe, play
from tests.hub.serving import serving, until

USER = 7
SEEDS = st.integers(0, 2**64)


def change(number: int) -> Change:
    return Cleared(user_id=USER, changed=number, application_id=1, cleared_to=number)


def payload(change: Change) -> bytes | None:
    return b'{"n":%d}' % change.changed


def numbers(data: bytes) -> list[int]:
    """Those of the payloads in whatever framing."""
    return [int(part.partition(b"}")[0]) for part in data.split(b'{"n":')[1:]]


class Log:
    """A store of changes. A number is drawn and committed at once and announced later, in the order of commits."""

    def __init__(self, hub: LocalHub, random: Random | None = None, *, page: int = 3) -> None:
        self._hub = hub
        self._random = random or Random(0)
        self._page = page
        self._kept: dict[int, Change] = {}
        self._announcements: list[list[Change]] = []
        self.number = 0
        self.reads = 0

    def commit(self, size: int) -> list[int]:
        batch = [change(self.number + step + 1) for step in range(size)]
        self._kept |= {one.changed: one for one in batch}
        self._announcements.append(batch)
        self.number += size
        return [one.changed for one in batch]

    def forget(self, number: int) -> None:
        del self._kept[number]

    def announce(self) -> None:
        if self._announcements:
            self._hub.announce(self._announcements.pop(0))

    @property
    def silent(self) -> bool:
        return not self._announcements

    async def changes(self, after: int) -> ChangePage:
        """The state of one moment somewhere between the call and its return."""
        self.reads += 1
        await self._wait()
        found = sorted(number for number in self._kept if number > after)
        page = [self._kept[number] for number in found[: self._page]]
        cursor = page[-1].changed if page else after
        await self._wait()
        return ChangePage(page, cursor, len(found) > self._page, hole=False)

    async def _wait(self) -> None:
        for _ in range(self._random.randrange(4)):
            await asyncio.sleep(0)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 70000])
def test_a_websocket_frame_is_what_a_client_parses(size: int) -> None:
    reader = StreamReader()
    reader.feed_data(websocket(b"x" * size))
    reader.feed_eof()
    parsing = Frame.parse(reader.read_exact, mask=False)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    frame: Frame = done.value.value
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, b"x" * size)


def test_an_event_has_number_name_and_data() -> None:
    assert sse(b'{"a":1}', "message", 5) == b'id: 5\nevent: message\ndata: {"a":1}\n\n'
    assert sse(b"{}", "hole", None) == b"event: hole\ndata: {}\n\n"
    assert sse(b"a\nb\r\nc", "x", None) == b"event: x\ndata: a\ndata: b\ndata: c\n\n"


def test_a_line_and_a_chunk() -> None:
    assert line(b"{}") == b"{}\n"
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"


@settings(max_examples=300, deadline=None)
@given(SEEDS, st.integers(0, 6), st.booleans())
def test_nothing_is_lost_or_doubled_between_replay_and_live(seed: int, after: int, slow: bool) -> None:
    """Whatever the order of commits, announcements and turns while a reader catches up."""

    async def scene() -> None:
        hub = LocalHub(streams_per_user=10)
        random = Random(seed)
        log = Log(hub, random)
        log.commit(6)
        client = Client(Pipe(slow=slow))
        task = client.websocket(Streams(hub, payload), Reader(USER, replay=Replay(log.changes, after)))
        for _ in range(random.randrange(60)):
            step = random.randrange(4)
            if step == 0:
                log.commit(random.randrange(1, 6))
            elif step == 1:
                log.announce()
            else:
                await asyncio.sleep(0)
        while not log.silent:
            log.announce()
        for _ in range(200):
            await asyncio.sleep(0)
        assert not client.pipe.closing
        assert numbers(client.pipe.data) == list(range(after + 1, log.number + 1))
        client.pipe.leave()
        await task

    play(scene)


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_what_is_forgotten_meanwhile_holds_nobody_up(seed: int) -> None:
    """A change may be superseded before it is read, also before it is announced: its number never comes then."""

    async def scene() -> None:
        hub = LocalHub(streams_per_user=10)
        random = Random(seed)
        log = Log(hub, random)
        kept = set(log.commit(4))
        client = Client()
        task = client.websocket(Streams(hub, payload), Reader(USER, replay=Replay(log.changes, 0)))
        for _ in range(random.randrange(60)):
            step = random.randrange(5)
            if step == 0:
                kept |= set(log.commit(random.randrange(1, 4)))
            elif step == 1:
                log.announce()
            elif step == 2 and kept:
                number = random.choice(sorted(kept))
                kept.remove(number)
                log.forget(number)
            else:
                await asyncio.sleep(0)
        while not log.silent:
            log.announce()
        for _ in range(200):
            await asyncio.sleep(0)
        told = numbers(client.pipe.data)
        if client.pipe.closing:
            # the end of a batch was forgotten between its commit and its announcement: the reader comes again
            await task
            client = Client()
            task = client.websocket(
                Streams(hub, payload), Reader(USER, replay=Replay(log.changes, max(told, default=0)))
            )
            for _ in range(200):
                await asyncio.sleep(0)
            told += numbers(client.pipe.data)
        assert told == sorted(set(told))
        assert kept <= set(told)
        before = len(numbers(client.pipe.data))
        reads = log.reads
        log.commit(1)
        log.announce()
        assert len(numbers(client.pipe.data)) == before + 1, "it is live"
        assert log.reads == reads
        client.pipe.leave()
        await task

    play(scene)


async def test_without_a_replay_a_stream_begins_now() -> None:
    hub = LocalHub(streams_per_user=1)
    hub.announce([change(1)])
    client = Client()
    task = client.websocket(Streams(hub, payload), Reader(USER))
    await until(lambda: client.answers)
    hub.announce([change(2), change(3)])
    assert client.answers == [{"type": "websocket.accept"}]
    assert client.pipe.written == [websocket(b'{"n":2}') + websocket(b'{"n":3}')]
    client.pipe.leave()
    await task


async def test_the_bound_is_told_before_any_answer_and_a_stream_that_ends_makes_room() -> None:
    hub = LocalHub(streams_per_user=1)
    streams = Streams(hub, payload)
    first, second = Client(), Client()
    task = first.websocket(streams, Reader(USER))
    await until(lambda: first.answers)
    with pytest.raises(TooMany):
        await second.websocket(streams, Reader(USER))
    with pytest.raises(TooMany):
        await second.sse(streams, Reader(USER))
    assert second.answers == []
    first.pipe.leave()
    await task
    task = second.sse(streams, Reader(USER))
    await until(lambda: second.answers)
    second.pipe.leave()
    await task
    assert streams._heart._timer is None


async def test_a_stream_whose_handshake_fails_makes_room() -> None:
    hub = LocalHub(streams_per_user=1)
    streams = Streams(hub, payload)
    gone = Client()

    async def refuse(message: Message) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await streams.websocket(gone.scope, gone.receive, refuse, reader=Reader(USER))
    with pytest.raises(OSError, match="gone"):
        await streams.lines(gone.scope, gone.receive_http, refuse, reader=Reader(USER))
    hub.join(USER, _deaf())


def _deaf() -> Any:
    class Deaf:
        device_id = None

        def render(self, change: Change) -> bytes | None:
            return None

        def push(self, frame: bytes, first: int, last: int) -> None: ...
        def end(self, code: int) -> None: ...

    return Deaf()


@pytest.mark.parametrize(("abrupt", "code"), [(True, None), (False, 1008)])
async def test_an_end_is_as_the_dialect_wants_it(abrupt: bool, code: int | None) -> None:
    hub = LocalHub(streams_per_user=2)
    streams = Streams(hub, payload, abrupt=abrupt)
    clients = [Client(), Client()]
    tasks = [client.websocket(streams, Reader(USER, device)) for device, client in enumerate(clients)]
    await until(lambda: clients[1].answers)
    hub.drop(USER, 1)
    await tasks[1]
    assert clients[1].pipe.code == code
    assert not clients[0].pipe.closing
    hub.close()
    await tasks[0]


async def test_a_replay_is_written_no_faster_than_it_is_read() -> None:
    hub = LocalHub(streams_per_user=1)
    log = Log(hub, page=500)
    log.commit(500)
    client = Client(Pipe(slow=True))
    large = Streams(hub, lambda change: b'{"n":%d}' % change.changed + b"x" * 5000)
    task = client.websocket(large, Reader(USER, replay=Replay(log.changes, 0)))
    await until(lambda: len(numbers(client.pipe.data)) == 500)
    assert client.pipe.most_unsent < PIECE + 6000
    client.pipe.leave()
    await task


async def test_a_client_that_leaves_while_it_catches_up_ends_the_stream() -> None:
    hub = LocalHub(streams_per_user=1)
    log = Log(hub)
    log.commit(1000)
    client = Client(Pipe(slow=True))
    task = client.websocket(Streams(hub, payload), Reader(USER, replay=Replay(log.changes, 0)))
    await until(lambda: log.reads > 3)
    client.pipe.leave()
    await task
    assert log.reads < 100


async def test_storage_that_cannot_answer_ends_the_stream_for_another_try() -> None:
    async def down(after: int) -> ChangePage:
        raise Unavailable("not now")

    client = Client()
    await client.websocket(Streams(LocalHub(streams_per_user=1), payload), Reader(USER, replay=Replay(down, 0)))
    assert client.pipe.code == 1013


async def test_a_hole_is_told_and_the_replay_begins_anew() -> None:
    hub = LocalHub(streams_per_user=1)
    log = Log(hub)
    log.commit(2)

    async def changes(after: int) -> ChangePage:
        return ChangePage([], after, more=False, hole=True) if after else await log.changes(0)

    client = Client()
    task = client.sse(Streams(hub, payload, hole=b"{}"), Reader(USER, replay=Replay(changes, 99)))
    await until(lambda: numbers(client.pipe.data) == [1, 2])
    assert client.pipe.written[0] == chunk(b"event: hole\ndata: {}\n\n")
    hub.announce([change(3)])
    assert numbers(client.pipe.data) == [1, 2, 3]
    client.pipe.leave()
    await task


async def test_a_reader_is_told_once_that_it_is_live_and_where() -> None:
    hub = LocalHub(streams_per_user=1)
    log = Log(hub)
    log.commit(4)
    client = Client()
    streams = Streams(hub, payload, live=lambda cursor: b'{"live":%d}' % cursor)
    task = client.sse(streams, Reader(USER, replay=Replay(log.changes, 0)))
    await until(lambda: b"live" in client.pipe.data)
    hub.announce([change(5)])
    assert client.pipe.written[-2:] == [
        chunk(b'id: 4\nevent: live\ndata: {"live":4}\n\n'),
        chunk(b'id: 5\nevent: message\ndata: {"n":5}\n\n'),
    ]
    assert client.pipe.data.count(b"event: live") == 1
    client.pipe.leave()
    await task


async def test_a_batch_of_which_storage_showed_a_part_sends_the_reader_back() -> None:
    hub = LocalHub(streams_per_user=1)
    client = Client()

    async def part(after: int) -> ChangePage:
        return ChangePage([change(1)], 1, more=False, hole=False)

    task = client.websocket(Streams(hub, payload), Reader(USER, replay=Replay(part, 0)))
    await until(lambda: client.pipe.written)
    await asyncio.sleep(0)
    hub.announce([change(1), change(2)])
    assert client.pipe.closing
    assert numbers(client.pipe.data) == [1]
    await task


async def test_what_cannot_be_rendered_is_left_out_of_a_replay(caplog: pytest.LogCaptureFixture) -> None:
    def picky(change: Change) -> bytes | None:
        if change.changed == 2:
            raise ValueError("no")
        return None if change.changed == 3 else payload(change)

    hub = LocalHub(streams_per_user=1)
    log = Log(hub, page=10)
    log.commit(4)
    client = Client()
    task = client.websocket(Streams(hub, picky), Reader(USER, replay=Replay(log.changes, 0)))
    await until(lambda: numbers(client.pipe.data) == [1, 4])
    assert "change 2 of user 7" in caplog.text
    client.pipe.leave()
    await task


async def test_streams_without_pings_get_a_sign_of_life_from_one_timer() -> None:
    hub = LocalHub(streams_per_user=1000)
    streams = Streams(hub, payload, heartbeat=0.01)
    clients = [Client() for _ in range(300)]
    clients[0].pipe.behind = True
    tasks = [client.sse(streams, Reader(USER)) for client in clients]
    await until(lambda: clients[-1].pipe.data.startswith(2 * chunk(b":\n\n")))
    assert clients[0].pipe.data == b""
    for client in clients:
        client.pipe.leave()
    await asyncio.gather(*tasks)
    told = clients[-1].pipe.data
    await asyncio.sleep(0.03)
    assert clients[-1].pipe.data == told


async def test_a_page_is_given_a_sign_of_life_that_its_script_hears() -> None:
    streams = Streams(LocalHub(streams_per_user=2), payload, alive=b'{"alive":1}', heartbeat=0.01)
    socket, events = Client(), Client()
    tasks = [socket.websocket(streams, Reader(USER)), events.sse(streams, Reader(USER))]
    await until(lambda: socket.pipe.data.startswith(2 * websocket(b'{"alive":1}')))
    await until(lambda: events.pipe.data.startswith(2 * chunk(b'event: alive\ndata: {"alive":1}\n\n')))
    for client in (socket, events):
        client.pipe.leave()
    await asyncio.gather(*tasks)


class Product:
    """A server whose user has a stream of every form, with a replay when `?after=` says so."""

    def __init__(self) -> None:
        self.hub = LocalHub(streams_per_user=10)
        self.log = Log(self.hub)
        self.streams = Streams(self.hub, payload, lambda _: "cleared", heartbeat=0.05)
        self.abrupt = Streams(self.hub, payload, abrupt=True)
        self.ended = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode()
        replay = Replay(self.log.changes, int(query)) if query else None
        serve = {
            "/websocket": self.streams.websocket,
            "/abrupt": self.abrupt.websocket,
            "/sse": self.streams.sse,
            "/lines": self.streams.lines,
        }[scope["path"]]
        await serve(scope, receive, send, reader=Reader(USER, 1, replay))
        self.ended += 1

    def tell(self) -> None:
        self.log.commit(1)
        self.log.announce()


async def test_a_websocket_over_the_wire() -> None:
    product = Product()
    async with serving(product) as served:
        product.tell()
        async with connect(f"{served.url}/websocket?0") as client, connect(f"{served.url}/abrupt") as other:
            assert await client.recv() == '{"n":1}'
            product.tell()
            assert await client.recv() == await other.recv() == '{"n":2}'
            await client.send("of no interest")
            product.tell()
            assert await client.recv() == await other.recv() == '{"n":3}'
            product.hub.close()
            for websocket, code in ((client, 1001), (other, 1006)):
                with pytest.raises(ConnectionClosed):
                    await websocket.recv()
                assert websocket.close_code == code
        await until(lambda: product.ended == 2)


@pytest.mark.parametrize(
    ("path", "media", "first", "beat"),
    [
        ("/sse", "text/event-stream", 'id: 1\nevent: cleared\ndata: {"n":1}\n\n', ":\n\n"),
        ("/lines", "application/x-ndjson", '{"n":1}\n', "\n"),
    ],
)
async def test_a_stream_over_the_wire(path: str, media: str, first: str, beat: str) -> None:
    product = Product()
    product.tell()
    async with serving(product) as served, httpx.AsyncClient() as client:
        async with client.stream("GET", f"http://127.0.0.1:{served.port}{path}?0") as response:
            assert response.headers["content-type"] == media
            assert response.headers["cache-control"] == "no-store"
            assert response.headers["x-accel-buffering"] == "no"
            assert response.headers["transfer-encoding"] == "chunked"
            parts = response.aiter_text()
            assert await anext(parts) == first
            product.tell()
            told = ""
            while not told.endswith(beat) or numbers(told.encode()) != [2]:
                told += await anext(parts)
            product.hub.close()
            assert [part async for part in parts if part != beat] == []
        await until(lambda: product.ended)


async def test_a_stream_over_http_1_0_is_not_in_chunks() -> None:
    product = Product()
    product.tell()
    async with serving(product) as served:
        with closing(await served.raw()) as peer:
            await peer.send(b"GET /lines?0 HTTP/1.0\r\n\r\n")
            head = await peer.until(b"\r\n\r\n")
            assert b"transfer-encoding" not in head
            while b"1}" not in peer.got:
                assert await peer.more()
            product.hub.close()
            assert (await peer.rest()).rstrip() == b'{"n":1}'


@pytest.mark.parametrize("path", ["/sse", "/lines"])
async def test_a_client_that_leaves_ends_its_stream(path: str) -> None:
    product = Product()
    async with serving(product) as served:
        with closing(await served.raw()) as peer:
            await peer.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await peer.until(b"\r\n\r\n")
        await until(lambda: product.ended)
