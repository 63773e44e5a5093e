"""Our two connection classes on a real port, and clients that behave badly."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from carillon.hub.http import GuardedHttp
from carillon.hub.socket import EXTENSION, CutOffWebSocket

PATIENCE = 10.0  # seconds: against hanging only


class Served:
    def __init__(self, port: int, state: ServerState) -> None:
        self.port = port
        self.state = state
        self.url = f"ws://127.0.0.1:{port}"

    async def raw(self, *, small: bool = False) -> Raw:
        """`small`: a receive buffer that is soon full."""
        client = socket.socket()
        client.settimeout(0)
        if small:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", self.port))
        return Raw(client)


class Raw:
    """A client of bytes; its methods fail after PATIENCE."""

    def __init__(self, client: socket.socket) -> None:
        self.socket = client
        self.got = b""

    async def send(self, data: bytes) -> None:
        await asyncio.wait_for(asyncio.get_running_loop().sock_sendall(self.socket, data), PATIENCE)

    async def more(self, size: int = 65536) -> bytes:
        """b"" in the end, also when the server resets the connection."""
        try:
            data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.socket, size), PATIENCE)
        except ConnectionResetError:
            return b""
        self.got += data
        return data

    async def until(self, end: bytes) -> bytes:
        """What came up to `end`; the rest is kept."""
        while end not in self.got:
            assert await self.more(), f"ended with {self.got!r}"
        before, _, self.got = self.got.partition(end)
        return before + end

    async def rest(self) -> bytes:
        """Until the server ends the connection."""
        while await self.more():
            pass
        return self.got

    async def upgrade(self, target: str = "/", *headers: str) -> bytes:
        """The head of the answer."""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {target} HTTP/1.1",
            "Host: x",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            *headers,
        ]
        await self.send("\r\n".join([*lines, "", ""]).encode())
        return await self.until(b"\r\n\r\n")

    def close(self) -> None:
        self.socket.close()


class Recorder:
    """An application that accepts every WebSocket and keeps its connection; `codes` are those of disconnects."""

    def __init__(self) -> None:
        self.sockets: list[CutOffWebSocket] = []
        self.codes: list[int] = []
        self.events = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        self.sockets.append(scope["extensions"][EXTENSION])
        while (event := await receive())["type"] != "websocket.disconnect":
            self.events += 1
        self.codes.append(event["code"])


@asynccontextmanager
async def serving(
    app: ASGIApp,
    *,
    http: type[GuardedHttp] = GuardedHttp,
    ws: type[CutOffWebSocket] = CutOffWebSocket,
    **options: Any,
) -> AsyncIterator[Served]:
    """`options` are uvicorn's. In the end every connection is gone and every task is done."""
    config = uvicorn.Config(
        app,
        http=http,
        ws=ws,
        **{
            "interface": "asgi3",
            "lifespan": "off",
            "log_config": None,
            "access_log": False,
            "proxy_headers": False,
            "ws_per_message_deflate": False,
            **options,
        },
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: http(config=config, server_state=state, app_state={}, _loop=loop), "127.0.0.1", 0
    )
    try:
        yield Served(server.sockets[0].getsockname()[1], state)
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        await until(lambda: not state.connections and not state.tasks)


async def until(true: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while not true():
        assert loop.time() < end, f"not within {PATIENCE} s"
        await asyncio.sleep(0.002)
