"""Servers on this machine that Apprise's plugin `json://` posts to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

HANG = 0


class Server:
    """Answers each request with `status`, or not at all where that is `HANG`."""

    def __init__(self) -> None:
        self.port = 0
        self.status = 200
        self.bodies: list[dict[str, object]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split()[0])
        self.bodies.append(msgspec.json.decode(await reader.readexactly(length)))
        if self.status == HANG:
            await reader.read()
        else:
            location = f"location: http://127.0.0.1:{self.port}/elsewhere\r\n" if 300 <= self.status < 400 else ""
            writer.write(
                f"HTTP/1.1 {self.status} So\r\n{location}content-length: 0\r\nconnection: close\r\n\r\n".encode()
            )
        writer.close()


@asynccontextmanager
async def json_server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
