"""uvicorn's HTTP connection with the limits it lacks, and a response that can be cut off."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from carillon.hub.socket import EXTENSION, CutOff

SLASH = ord("/")


class GuardedHttp(CutOff, HttpToolsProtocol):
    """For `uvicorn.Config(http=...)`. It puts itself into every scope (EXTENSION).

    A request head may take `head_timeout` seconds and `max_head` bytes, a body may pause for `body_idle` seconds.
    A response that the peer does not read is cut off after `response_stall` seconds, a stream after `max_stall`; one
    whose peer acknowledges nothing for `vanished` seconds (no ping can be sent here) is given up by the kernel.
    """

    max_head = 64 * 1024
    head_timeout = 10.0
    body_idle = 30.0
    response_stall = 30.0
    vanished = 60

    _timer: asyncio.TimerHandle | None = None
    _in_head = True
    _in_body = False
    _seen = 0
    _streaming = False
    _newest: RequestResponseCycle | None = None

    def __init__(
        self,
        *,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.max_stall, self._stream_stall = self.response_stall, self.max_stall
        self._extensions = {EXTENSION: self}
        self._earlier: list[RequestResponseCycle] = []

    def begin_stream(self, *, chunked: bool) -> None:
        """To be called before the response starts, which from then on is written by `write` and never completes.

        Not `chunked`: as it is, until the connection ends, for HTTP/1.0. The caller frames the chunks.
        """
        self._streaming = True
        self.max_stall = self._stream_stall
        if self.closing or self.pipeline:
            self.abort()  # a second request behind an endless response: nobody means that
            return
        self.report_every_byte()
        if not chunked:
            self.cycle.chunked_encoding = False
        connection = self.transport.get_extra_info("socket")
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, self.vanished * 1000)

    async def drain(self) -> None:
        """Returns when all is sent, or the connection is lost."""
        await self.flow.drain()

    def end(self, code: int) -> None:
        """Ends a stream as a whole response; `code` is for WebSockets."""
        if self.closing:
            return
        if self.cycle.chunked_encoding:
            self.write(b"0\r\n\r\n")
        self.transport.close()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        self._arm(self.head_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)
        for cycle in self._earlier:
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self._let_go()
        self._earlier.clear()
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        # A request that comes whole in one packet, as nearly all do, touches no timer of ours.
        if self._streaming:
            return
        self._unset_keepalive_if_required()
        self._seen += len(data)
        self._in_head = not self._in_body
        if not self._feed(data):
            return
        if self._in_head:
            if self._seen > self.max_head:
                self.send_400_response("Request head too large.")
            elif self._timer is None:
                self._arm(self.head_timeout)
            return
        self._seen = 0
        self._in_body = self.cycle.more_body
        if self._in_body:
            self._arm(self.body_idle)
        elif self._timer is not None:
            self._disarm()

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._seen > self.max_head and self._head_size() > self.max_head:
            raise ValueError("head too large")
        if self.url[0] != SLASH:
            self.url = _origin_form(self.url)
        self.scope["extensions"] = self._extensions  # type: ignore[typeddict-item] # not of strings alone
        newest = self._newest
        if newest is not None and not newest.response_complete:
            self._earlier.append(newest)
        elif self._earlier:
            self._earlier.clear()
        super().on_headers_complete()
        self._newest = self.cycle

    def handle_websocket_upgrade(self) -> None:
        self._disarm()
        if self._busy():
            self.abort()
        elif not self.url.isascii():
            self.send_400_response("Invalid HTTP request received.")
        else:
            super().handle_websocket_upgrade()
            self._let_go()

    def timeout_keep_alive_handler(self) -> None:
        self.abort()

    def _let_go(self) -> None:
        """Of all that holds this object: rings left to the collector would pile up."""
        self.parser = self.cycle = self.scope = self._newest = None  # type: ignore[assignment] # as uvicorn does, before and after
        self._extensions = {}

    def _busy(self) -> bool:
        return self._newest is not None and not self._newest.response_complete

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _feed(self, data: bytes) -> bool:
        """False: this connection is over, or a WebSocket's now."""
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if self._should_upgrade():
                    self.handle_websocket_upgrade()
                    return False
                # an upgrade that is not known (h2c) is a wish, not a demand
                self._expect_body()
                data = data[upgrade.args[0] :]
                if data:
                    continue
            except httptools.HttpParserError:
                self.logger.debug("not HTTP")
                self.send_400_response("Invalid HTTP request received.")
                return False
            return True

    def _expect_body(self) -> None:
        """The parser takes a request for an upgrade to be over with its head. If it has a body, another takes over."""
        framing = [header for header in self.headers if header[0] in (b"content-length", b"transfer-encoding")]
        if not framing:
            return
        self.cycle.more_body = True
        self.cycle.message_event.clear()
        callbacks = _BehindHead(self)
        self.parser = httptools.HttpRequestParser(callbacks)
        head = b"".join(b"%b: %b\r\n" % header for header in framing)
        self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % head)
        callbacks.begin()

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._late)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self._in_body or not self._busy():
            self.abort()
        # else the next head must wait anyhow, and the answer that it waits for sets the keep-alive timer


class _BehindHead:
    """Callbacks of a parser that is made to read on behind a head; that head itself is passed over."""

    def __init__(self, protocol: GuardedHttp) -> None:
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete
        self._protocol = protocol
        self._begun = False

    def begin(self) -> None:
        self._begun = True

    def on_message_begin(self) -> None:
        if self._begun:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if self._begun:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._begun:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._begun:
            self._protocol.on_headers_complete()


def _origin_form(url: bytes) -> bytes:
    """`http://host/path?query` as `/path?query`. Raises HttpParserError for what is no URL."""
    if url == b"*":
        return url
    parsed = httptools.parse_url(url)
    return (parsed.path or b"/") + (b"?" + parsed.query if parsed.query else b"")
