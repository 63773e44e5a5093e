"""Runs the ASGI application: one process and one loop, a port and a socket in the data folder, an orderly end."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from msgspec import Struct
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# Linux: sun_path less its final zero.
SOCKET_PATH = 107

# Seconds: longer than common proxies keep a connection, so that it is they who close it.
KEEP_ALIVE = 75

# Bytes in one WebSocket message to us. No client has anything to say there.
INBOUND = 4 * 1024

log = logging.getLogger(__name__)


class CannotListen(Exception):
    """A port or socket cannot be had; the text is one line for people."""


class Protocols(Struct, frozen=True):
    http: type[HttpToolsProtocol]
    websocket: type[WebSocketsSansIOProtocol]


class Control(Struct, frozen=True):
    """An application for the commands of this machine's owner, at a Unix socket that only he can open."""

    app: ASGIApp
    path: Path


class Hooks(Struct, frozen=True):
    """`ready` gets the port that is bound. `stop` is awaited, three seconds at most, while requests are answered."""

    ready: Callable[[int], None]
    stop: Callable[[], Awaitable[None]]


def run(main: Coroutine[Any, Any, None]) -> int:
    """Runs `main`, which calls `serve`, on uvloop. Returns the exit status: 1 if it cannot listen, told in a line."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main)
    except CannotListen as error:
        sys.stderr.write(f"carillon: {error}\n")
        return 1
    return 0


async def serve(
    app: ASGIApp, *, host: str, port: int, protocols: Protocols, hooks: Hooks, control: Control | None = None
) -> None:
    """Serves until SIGTERM or SIGINT, then returns within ten seconds whatever clients do; a second SIGINT ends the
    process at once. Port 0: any that is free. Raises CannotListen, and RuntimeError on another loop than uvloop's.
    """
    if type(asyncio.get_running_loop()) is not uvloop.Loop:
        raise RuntimeError("Carillon runs on uvloop only")
    sockets = _listen(host, port)
    try:
        local = None if control is None else _listen_locally(control.path)
    except CannotListen:
        _close(sockets)
        raise
    server = Server(_config(app, protocols), hooks)
    if control is not None and local is not None:
        server.also(_config(control.app, protocols), local)
    try:
        await server.serve(sockets=sockets)
    finally:
        _close(sockets)
        if control is not None:
            control.path.unlink(missing_ok=True)


class Server(uvicorn.Server):
    """uvicorn's, with a second listener and another end.

    First `stop` is called and requests are still answered for `grace` seconds at least, so that a client on a
    kept connection is told instead of cut off. Then uvicorn closes what is idle and waits for what is not; what
    is still open after `cut` seconds is aborted, so that handlers end by themselves before uvicorn cancels them.
    """

    grace = 0.5
    stop = 3.0
    cut = 3.0

    def __init__(self, config: uvicorn.Config, hooks: Hooks) -> None:
        super().__init__(config)
        self._hooks = hooks
        self._local: tuple[uvicorn.Config, socket.socket] | None = None

    def also(self, config: uvicorn.Config, listener: socket.socket) -> None:
        self._local = config, listener

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self._local is not None:
            await self._start_local(*self._local)
        # What start-up made stays: not to be walked again and again under load.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        if sockets:
            self._hooks.ready(sockets[0].getsockname()[1])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._come_to_rest()
        cutting = asyncio.get_running_loop().call_later(self.cut, self._cut_off)
        await super().shutdown(sockets=sockets)
        cutting.cancel()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # The signal is not kept, so that uvicorn does not raise it again in the end: the exit status is 0.
        if self.should_exit and sig == signal.SIGINT:
            os._exit(128 + sig)
        self.should_exit = True

    async def _start_local(self, config: uvicorn.Config, listener: socket.socket) -> None:
        config.load()
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            http: Any = config.http_protocol_class
            made: asyncio.Protocol = http(config=config, server_state=self.server_state, app_state={}, _loop=loop)
            return made

        self.servers.append(await loop.create_unix_server(protocol, sock=listener, backlog=config.backlog))

    async def _come_to_rest(self) -> None:
        grace = asyncio.create_task(asyncio.sleep(self.grace))
        try:
            async with asyncio.timeout(self.stop):
                await self._hooks.stop()
        except TimeoutError:
            log.warning("the application did not come to rest within %g seconds", self.stop)
        except Exception:
            log.exception("the application did not come to rest")
        await grace

    def _cut_off(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _config(app: ASGIApp, protocols: Protocols) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=protocols.http,
        ws=protocols.websocket,
        ws_max_size=INBOUND,
        ws_ping_interval=45,
        ws_ping_timeout=15,
        ws_per_message_deflate=False,
        interface="asgi3",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        forwarded_allow_ips=[],
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=4,
        workers=1,
    )


def _listen(host: str, port: int) -> list[socket.socket]:
    """A socket for every address of that name; with port 0 all of them have the same."""
    found: list[socket.socket] = []
    try:
        addresses = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, *_, address in addresses:
            bound = found[0].getsockname()[1] if found else port
            listener = _bind(family, (address[0], bound, *address[2:]), both=len(addresses) == 1)
            if listener is not None:
                found.append(listener)
    except OSError as error:
        _close(found)
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror}") from error
    if not found:
        raise CannotListen(f"cannot listen on {host}:{port}: {os.strerror(errno.EADDRNOTAVAIL)}")
    return found


def _bind(family: int, address: tuple[Any, ...], *, both: bool) -> socket.socket | None:
    """`both`: an IPv6 socket takes IPv4 as well. None if this machine has no such address."""
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not both)
        listener.bind(address)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            return None
        raise
    return listener


def _listen_locally(path: Path) -> socket.socket:
    """Mode 0600; a file left by a server that is gone is replaced."""
    if len(os.fsencode(path)) > SOCKET_PATH:
        raise CannotListen(f"cannot listen on {path}: longer than the {SOCKET_PATH} bytes a socket's path may have")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and not _answers(path):
            path.unlink()
        listener.bind(str(path))
        path.chmod(0o600)  # nobody can have connected: it does not listen yet
    except OSError as error:
        listener.close()
        raise CannotListen(f"cannot listen on {path}: {error.strerror}") from error
    return listener


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        return client.connect_ex(str(path)) == 0


def _close(sockets: list[socket.socket]) -> None:
    for listener in sockets:
        listener.close()
