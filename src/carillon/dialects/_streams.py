"""Open streams: a listener of the hub as WebSocket, server-sent events or JSON lines, with heartbeat and catch-up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice
from typing import Protocol, cast

from msgspec import Struct
from starlette.types import Receive, Scope, Send

from carillon.core.errors import CarillonError
from carillon.core.models import Change, ChangePage
from carillon.core.ports import Hub
from carillon.dialects._http import gone

# Where the server puts the connection, under the scope's "extensions".
SOCKET = "carillon.socket"

# Seconds. Proxies end connections that are silent for a minute.
HEARTBEAT = 30.0

# Bytes of a replay between two looks whether the peer keeps up.
PIECE = 64 * 1024

# WebSocket close code "try again later".
TRY_AGAIN = 1013

SLICE = 256

log = logging.getLogger(__name__)


class Socket(Protocol):
    """The connection as a stream needs it. It cuts itself off when its peer does not read."""

    @property
    def closing(self) -> bool: ...

    @property
    def behind(self) -> bool:
        """Something is unsent."""

    def write(self, data: bytes) -> None:
        """Never blocks and never raises."""

    def abort(self) -> None: ...

    def end(self, code: int) -> None: ...

    async def drain(self) -> None:
        """Returns when nothing is unsent, or the connection is lost."""


class HttpSocket(Socket, Protocol):
    def begin_stream(self, *, chunked: bool) -> None: ...


class Replay(Struct, frozen=True):
    """`changes(after)` reads a page from storage; the stream begins behind number `after`.

    It may keep its place by other means than the number: then only the cursor of a page without `more` counts, as the
    number up to which everything has been read.
    """

    changes: Callable[[int], Awaitable[ChangePage]]
    after: int


class Reader(Struct, frozen=True):
    """Who listens, and from where: without a replay, from now on."""

    user_id: int
    device_id: int | None = None
    replay: Replay | None = None


def websocket(payload: bytes) -> bytes:
    """A whole text frame from a server: RFC 6455 section 5.2, not masked."""
    size = len(payload)
    if size < 126:
        return b"\x81%c%b" % (size, payload)
    if size < 65536:
        return b"\x81\x7e%b%b" % (size.to_bytes(2, "big"), payload)
    return b"\x81\x7f%b%b" % (size.to_bytes(8, "big"), payload)


def sse(payload: bytes, event: str, number: int | None) -> bytes:
    """An event of `text/event-stream`; with a number it is what Last-Event-ID comes back with."""
    identity = b"" if number is None else b"id: %d\n" % number
    data = b"".join(b"data: %b\n" % part for part in payload.splitlines())
    return b"%bevent: %b\n%b\n" % (identity, event.encode(), data)


def line(payload: bytes) -> bytes:
    """A line of `application/x-ndjson`; the payload holds no line end."""
    return payload + b"\n"


def chunk(data: bytes) -> bytes:
    """A chunk of an HTTP/1.1 body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


Frame = Callable[[bytes, str, int | None], bytes]


class _Form:
    """One way to tell: made once, since the hub renders once for all listeners that have the same `render`."""

    def __init__(
        self, streams: Streams, frame: Frame, *, media: bytes = b"", beat: bytes = b"", chunked: bool = False
    ) -> None:
        self._streams = streams
        self._frame = frame
        self.media = media
        self.beat = chunk(beat) if chunked else beat
        self.chunked = chunked

    def render(self, change: Change) -> bytes | None:
        payload = self._streams.payload(change)
        return None if payload is None else self.frame(payload, self._streams.event(change), change.changed)

    def frame(self, payload: bytes, event: str, number: int | None) -> bytes:
        framed = self._frame(payload, event, number)
        return chunk(framed) if self.chunked else framed


class _Listener:
    """A listener is deaf until it is live; it only keeps the newest number it was not told.

    `cursor` is the number up to which the reader has everything. What is pushed is either wholly above it, or
    was read from storage before it was announced, and is dropped. A frame across the cursor would be a batch of
    which storage showed a part: that cannot be told in part, so the reader is sent to catch up again.
    """

    __slots__ = ("_abrupt", "_cursor", "_form", "_live", "device_id", "newest", "socket")

    def __init__(self, socket: Socket, form: _Form, *, device_id: int | None, abrupt: bool) -> None:
        self.socket = socket
        self.device_id = device_id
        self.newest = 0
        self._form = form
        self._abrupt = abrupt
        self._live = False
        self._cursor = 0

    @property
    def render(self) -> Callable[[Change], bytes | None]:
        return self._form.render

    def go_live(self, cursor: int) -> None:
        self._live, self._cursor = True, cursor

    def push(self, frame: bytes, first: int, last: int) -> None:
        if not self._live:
            self.newest = last
        elif first > self._cursor:
            self.socket.write(frame)
        elif last > self._cursor:
            self.socket.abort()

    def end(self, code: int) -> None:
        if self._abrupt:
            self.socket.abort()
        else:
            self.socket.end(code)


class _Heart:
    """A sign of life on every stream that has one, from one timer, which runs while there are such streams."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._beats: dict[Socket, bytes] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, socket: Socket, beat: bytes) -> None:
        self._beats[socket] = beat
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._seconds, self._beat)

    def discard(self, socket: Socket) -> None:
        self._beats.pop(socket, None)
        if not self._beats and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._seconds, self._beat)
        loop.call_soon(self._slice, iter(list(self._beats.items())))

    def _slice(self, rest: Iterator[tuple[Socket, bytes]]) -> None:
        told = 0
        for socket, beat in islice(rest, SLICE):
            told += 1
            if not socket.behind:
                socket.write(beat)
        if told == SLICE:
            asyncio.get_running_loop().call_soon(self._slice, rest)


def _message(_: Change) -> str:
    return "message"


class Streams:
    """The open streams of a dialect; made once, when it is mounted.

    `payload` renders a change (None: this dialect does not tell it), `event` names it for server-sent events,
    `hole` is the payload that tells a reader to forget all and begin anew, `live` makes the one that tells him, after
    a replay, that he has everything up to a number, `alive` is the sign of life of WebSockets and server-sent events
    for readers who, as scripts of a page, hear neither pings nor comments. `abrupt`: a WebSocket is ended without a
    close frame. The three methods serve one stream, from before the answer to the request until the client is gone or
    the stream is ended; they raise what Hub.join raises, before anything is answered.

    Nothing lost, nothing twice between replay and live: the listener joins first, so whatever it will not be told
    was committed before any of its reads. It stays deaf while it reads storage until there is no more. A change
    announced before the last read began is in that read, for it was committed before it was announced; so the
    reader has everything up to the higher of that read's cursor and the newest number heard before it. If nothing
    above that was announced meanwhile, the listener goes live in the same turn of the loop, and otherwise reads
    again. What is pushed to it later, and is not above that number, it has read.
    """

    def __init__(
        self,
        hub: Hub,
        payload: Callable[[Change], bytes | None],
        event: Callable[[Change], str] = _message,
        *,
        hole: bytes = b"",
        live: Callable[[int], bytes] | None = None,
        alive: bytes = b"",
        abrupt: bool = False,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self.payload = payload
        self.event = event
        self._hub = hub
        self._hole = hole
        self._live = live
        self._abrupt = abrupt
        self._heart = _Heart(heartbeat)
        self._websocket = _Form(self, lambda payload, *_: websocket(payload), beat=websocket(alive) if alive else b"")
        event_beat = sse(alive, "alive", None) if alive else b":\n\n"
        self._sse, self._sse_plain = (
            _Form(self, sse, media=b"text/event-stream", beat=event_beat, chunked=chunked) for chunked in (True, False)
        )
        self._lines, self._lines_plain = (
            _Form(self, lambda payload, *_: line(payload), media=b"application/x-ndjson", beat=b"\n", chunked=chunked)
            for chunked in (True, False)
        )

    async def websocket(self, scope: Scope, receive: Receive, send: Send, *, reader: Reader) -> None:
        """What the client sends is ignored."""
        socket = cast(Socket, scope["extensions"][SOCKET])
        form = self._websocket
        listener = _Listener(socket, form, device_id=reader.device_id, abrupt=self._abrupt)
        self._hub.join(reader.user_id, listener)
        try:
            await send({"type": "websocket.accept"})
            if form.beat:
                self._heart.add(socket, form.beat)
            await self._catch_up(listener, form, reader.replay)
            while (await receive())["type"] != "websocket.disconnect":
                pass
        finally:
            self._heart.discard(socket)
            self._hub.leave(reader.user_id, listener)

    async def sse(self, scope: Scope, receive: Receive, send: Send, *, reader: Reader) -> None:
        form = self._sse if scope["http_version"] == "1.1" else self._sse_plain
        await self._http(scope, receive, send, form=form, reader=reader)

    async def lines(self, scope: Scope, receive: Receive, send: Send, *, reader: Reader) -> None:
        """An empty line is a sign of life."""
        form = self._lines if scope["http_version"] == "1.1" else self._lines_plain
        await self._http(scope, receive, send, form=form, reader=reader)

    async def _http(self, scope: Scope, receive: Receive, send: Send, *, form: _Form, reader: Reader) -> None:
        socket = cast(HttpSocket, scope["extensions"][SOCKET])
        listener = _Listener(socket, form, device_id=reader.device_id, abrupt=False)
        self._hub.join(reader.user_id, listener)
        try:
            socket.begin_stream(chunked=form.chunked)
            headers = [
                (b"content-type", form.media),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
            ]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            self._heart.add(socket, form.beat)
            await self._catch_up(listener, form, reader.replay)
            await gone(receive)
        finally:
            self._heart.discard(socket)
            self._hub.leave(reader.user_id, listener)

    async def _catch_up(self, listener: _Listener, form: _Form, replay: Replay | None) -> None:
        """Returns when the listener is live or its connection is closing."""
        if replay is None:
            listener.go_live(0)
            return
        cursor = replay.after
        while not listener.socket.closing:
            heard = listener.newest
            try:
                page = await replay.changes(cursor)
            except CarillonError:
                listener.end(TRY_AGAIN)
                return
            if page.hole and cursor:
                cursor = 0
                listener.socket.write(form.frame(self._hole, "hole", None))
                continue
            await _write(listener.socket, form, page.changes)
            cursor = page.cursor
            if not page.more:
                cursor = max(cursor, heard)
                if listener.newest <= cursor:
                    if self._live is not None:
                        listener.socket.write(form.frame(self._live(cursor), "live", cursor))
                    listener.go_live(cursor)
                    return


async def _write(socket: Socket, form: _Form, changes: Sequence[Change]) -> None:
    """No faster than the peer reads. A change that cannot be rendered is logged and left out, as live."""
    waiting: list[bytes] = []
    size = 0
    for change in changes:
        try:
            frame = form.render(change)
        except Exception:
            log.exception("change %d of user %d cannot be rendered", change.changed, change.user_id)
            continue
        if frame:
            waiting.append(frame)
            size += len(frame)
        if size >= PIECE:
            socket.write(b"".join(waiting))
            waiting, size = [], 0
            await socket.drain()
    socket.write(b"".join(waiting))
    await socket.drain()
