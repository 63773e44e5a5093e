"""HTTP servers in this process that stand in for those of others, and remember what they got."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class Asked(NamedTuple):
    """`path` without the query; names of headers in small letters."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Said(NamedTuple):
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = {}


Answering = Callable[[Asked], Awaitable[Said]]


@asynccontextmanager
async def receiver(answering: Answering) -> AsyncIterator[str]:
    """Its address. It takes several requests a connection, with bodies whose length is said."""
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_serve(reader, writer, answering))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
    faults = [each for each in found if isinstance(each, Exception)]
    assert not faults, faults


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answering: Answering) -> None:
    try:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                said = await answering(await _asked(reader))
                head = [f"HTTP/1.1 {said.status} {HTTPStatus(said.status).phrase}", f"content-length: {len(said.body)}"]
                head += [f"{name}: {value}" for name, value in said.headers.items()]
                writer.write("\r\n".join([*head, "", ""]).encode() + said.body)
                await writer.drain()
    finally:
        writer.close()


async def _asked(reader: asyncio.StreamReader) -> Asked:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    address = urlsplit(target)
    return Asked(method, address.path, address.query, headers, body)


class Hooks:
    """Takes webhooks. While `holding`, it takes them and says nothing."""

    def __init__(self, *, holding: bool = False) -> None:
        self.got: list[Asked] = []
        self.free = asyncio.Event()
        if not holding:
            self.free.set()

    async def __call__(self, asked: Asked) -> Said:
        self.got.append(asked)
        await self.free.wait()
        return Said()

    def bodies(self, path: str = "/") -> list[str]:
        """The texts that came to a path, in their order."""
        return [each.json()["body"] for each in self.got if each.path == path]
