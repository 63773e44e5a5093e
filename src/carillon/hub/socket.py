"""The WebSocket that takes ready-made frames and can be cut off, and what it shares with the HTTP stream."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

from uvicorn._types import ASGISendEvent, WebSocketScope
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.http11 import Request
from websockets.protocol import State

# Where an ASGI scope holds the connection, under "extensions".
EXTENSION = "carillon.socket"

# uvicorn tells of every handshake with its query string, at INFO: that is never wanted here, whatever else logs.
quiet = logging.getLogger(f"{__name__}.uvicorn")
quiet.setLevel(logging.WARNING)


class CutOff:
    """A connection whose peer must read: mixed into a protocol that sets `transport` and `loop`.

    A transport that reports every byte (`report_every_byte`) pauses the protocol as soon as the kernel does not
    take all; from then until all is sent there is a timer, otherwise none. The connection is aborted when a write
    comes while more than `max_unsent` bytes wait, and when nothing went out for `max_stall` seconds.
    transport.close() would not do: it waits for what is unsent.
    """

    max_unsent = 1024 * 1024
    max_stall = 10.0

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    _stall_timer: asyncio.TimerHandle | None = None
    _unsent = 0

    def write(self, data: bytes) -> None:
        """Whole frames or chunks only. Never blocks; does nothing once the connection is closing."""
        transport = self.transport
        if transport.is_closing():
            return
        if self._stall_timer is not None:
            if transport.get_write_buffer_size() > self.max_unsent:
                transport.abort()
                return
            self._unsent += len(data)
        transport.write(data)

    def abort(self) -> None:
        """Ends the connection without a word, whatever is unsent: a WebSocket client sees code 1006."""
        self.transport.abort()

    @property
    def closing(self) -> bool:
        return self.transport.is_closing()

    @property
    def behind(self) -> bool:
        """Something is unsent."""
        return self._stall_timer is not None

    def report_every_byte(self) -> None:
        self.transport.set_write_buffer_limits(high=0)

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc] # the protocol's
        if self._stall_timer is None:
            self._unsent = self.transport.get_write_buffer_size()
            self._stall_timer = self.loop.call_later(self.max_stall, self._look)

    def resume_writing(self) -> None:
        self._forget_stall()
        super().resume_writing()  # type: ignore[misc] # the protocol's

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_stall()
        super().connection_lost(exc)  # type: ignore[misc] # the protocol's

    def _forget_stall(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _look(self) -> None:
        unsent = self.transport.get_write_buffer_size()
        if unsent >= self._unsent:
            self._stall_timer = None
            self.transport.abort()
        else:
            self._unsent = unsent
            self._stall_timer = self.loop.call_later(self.max_stall, self._look)


class CutOffWebSocket(CutOff, WebSocketsSansIOProtocol):
    """For `uvicorn.Config(ws=...)`, without per-message deflate: ready-made frames would not go with it.

    It puts itself into the scope (EXTENSION), and drops what only the handshake needs. The query string, which
    may hold a token, gets to the application and nowhere else.
    """

    def __init__(
        self,
        *,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.logger = self.conn.logger = quiet
        self.conn.debug = False

    async def drain(self) -> None:
        """Returns when all is sent, or the connection is lost."""
        await self.writable.wait()

    def end(self, code: int) -> None:
        """Closes with a close frame; the application gets its disconnect event at once."""
        if self.conn.state is not State.OPEN or self.transport.is_closing():
            self.transport.abort()
            return
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code})
        self.conn.send_close(code)
        self.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    def shutdown(self) -> None:
        if self.handshake_complete:
            self.end(1001)
        else:
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.conn.parser.close()  # a generator that holds its owner: left to the collector they would pile up

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.handshake_initiated:
            # the head came whole, and the parser has refused it
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.handshake_complete:
            self.scope["extensions"][EXTENSION] = cast(Any, self)

    def handle_ping(self) -> None:
        self.write(b"".join(self.conn.data_to_send()))

    def keepalive_timeout(self) -> None:
        if self.behind and self.ping_timeout:
            # the ping may still be queued here; whether the peer reads at all is the other timer's matter
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
        else:
            self.pong_timer = None
            self.transport.abort()

    async def send(self, message: ASGISendEvent) -> None:
        if not self.handshake_complete:
            self.scope = cast(WebSocketScope, {"client": None, "path": "", "query_string": b""})
        await super().send(message)
        if message["type"] == "websocket.accept":
            del self.request, self.response
            self.report_every_byte()
        elif message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True  # else uvicorn logs an error for every stream that is refused
