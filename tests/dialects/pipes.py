"""A stream's connection in memory, whose every turn a test decides."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import Message, Scope

from carillon.dialects._streams import SOCKET, Reader, Streams


def play(scene: Callable[[], Awaitable[None]]) -> None:
    """For tests that hypothesis repeats."""

    async def bounded() -> None:
        async with asyncio.timeout(10):
            await scene()

    asyncio.run(bounded())


class Pipe:
    """A connection that writes to memory. While `slow` every write is unsent until `drain` is waited for."""

    def __init__(self, *, slow: bool = False) -> None:
        self.written: list[bytes] = []
        self.slow = slow
        self.behind = False
        self.closing = False
        self.code: int | None = None
        self.gone = asyncio.Event()
        self.unsent = self.most_unsent = 0

    @property
    def data(self) -> bytes:
        return b"".join(self.written)

    def write(self, data: bytes) -> None:
        if self.closing or not data:
            return
        self.written.append(data)
        self.behind = self.slow
        self.unsent += len(data)
        self.most_unsent = max(self.most_unsent, self.unsent)

    async def drain(self) -> None:
        while self.behind and not self.closing:
            await asyncio.sleep(0)
            self.behind = False
        self.unsent = 0

    def begin_stream(self, *, chunked: bool) -> None:
        self.chunked = chunked

    def abort(self) -> None:
        self.leave()

    def end(self, code: int) -> None:
        self.code = code
        self.leave()

    def leave(self) -> None:
        self.closing = True
        self.gone.set()


class Client:
    """The ASGI side of a Pipe; `answers` is what the application sent."""

    def __init__(self, pipe: Pipe | None = None, *, http_version: str = "1.1") -> None:
        self.pipe = pipe or Pipe()
        self.answers: list[Message] = []
        self.scope: Scope = {"http_version": http_version, "extensions": {SOCKET: self.pipe}}

    async def receive(self) -> Message:
        await self.pipe.gone.wait()
        return {"type": "websocket.disconnect"}

    async def receive_http(self) -> Message:
        await self.pipe.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.answers.append(message)

    def websocket(self, streams: Streams, reader: Reader) -> asyncio.Task[None]:
        return asyncio.create_task(streams.websocket(self.scope, self.receive, self.send, reader=reader))

    def sse(self, streams: Streams, reader: Reader) -> asyncio.Task[None]:
        return asyncio.create_task(streams.sse(self.scope, self.receive_http, self.send, reader=reader))
