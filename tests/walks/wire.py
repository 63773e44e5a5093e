"""HTTP by hand, over one connection: for load, for nonsense, and to know exactly what was answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import msgspec

from tests.walks.server import PATIENCE, Server


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def request(method: str, path: str, *, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers)]
    chunked = "Transfer-Encoding" in dict(headers)
    if not chunked and (body or method in ("POST", "PUT")):
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def message(token: str, text: str) -> bytes:
    """POST /message as most senders make it."""
    return request(
        "POST",
        "/message",
        headers=[("X-Gotify-Key", token), ("Content-Type", "application/json")],
        body=msgspec.json.encode({"message": text, "priority": 5}),
    )


class Wire:
    """A connection, open as long as the context is.

    Reading raises ConnectionError when the connection ends before an answer is whole.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.head_only = False  # set it for HEAD

    @classmethod
    @asynccontextmanager
    async def open(cls, server: Server) -> AsyncIterator[Wire]:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            yield cls(reader, writer)
        finally:
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def ask(self, data: bytes) -> Answer:
        self.writer.write(data)
        return await self.answer()

    async def answer(self) -> Answer:
        try:
            async with asyncio.timeout(PATIENCE):
                head = await self.reader.readuntil(b"\r\n\r\n")
                first, *lines = head[:-4].decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                size = 0 if self.head_only else int(headers.get("content-length", 0))
                body = await self.reader.readexactly(size)
        except asyncio.IncompleteReadError:
            raise ConnectionResetError("ended before the answer was whole") from None
        return Answer(int(first.split(" ")[1]), headers, body)

    async def within(self, seconds: float) -> bytes:
        """What comes until then, or until the other side ends."""
        parts = [b"?"]
        try:
            async with asyncio.timeout(seconds):
                while parts[-1]:
                    parts.append(await self.reader.read(65536))
        except (TimeoutError, ConnectionError):
            pass
        return b"".join(parts[1:])

    async def rest(self) -> bytes:
        """All that comes until the other side ends, and how it ends does not matter."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.reader.read()
        except ConnectionError:
            return b""


class Poster:
    """A sender that posts one message after the other, each named after him and numbered.

    `stored`: the id that each acknowledged message was given. `refused`: the answers other than 200, by message.
    `unanswered`: messages whose connection ended before their answer was whole; they may be stored or not.
    """

    def __init__(self, name: str, token: str) -> None:
        self.name = name
        self.token = token
        self.sent = 0
        self.stored: dict[str, int] = {}
        self.refused: dict[str, Answer] = {}
        self.unanswered: set[str] = set()

    async def post(self, wire: Wire) -> Answer | None:
        """None when the connection ended first."""
        self.sent += 1
        text = f"{self.name}/{self.sent}"
        try:
            answer = await wire.ask(message(self.token, text))
        except ConnectionError:
            self.unanswered.add(text)
            return None
        if answer.status == 200:
            self.stored[text] = msgspec.json.decode(answer.body)["id"]
        else:
            self.refused[text] = answer
        return answer

    async def run(self, server: Server, stop: asyncio.Event) -> None:
        """Until told to stop or the server is gone."""
        with suppress(ConnectionError):
            async with Wire.open(server) as wire:
                while not stop.is_set() and await self.post(wire) is not None:
                    pass
