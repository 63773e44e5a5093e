"""GET /stream: a text frame for each new message, its JSON and a line end; nothing else is ever told."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from carillon.core.errors import CarillonError
from carillon.core.kit import Kit
from carillon.core.models import Change, Cleared, Message
from carillon.dialects._streams import Reader, Streams
from carillon.dialects.gotify import door, render


class Stream:
    """From now on: what was missed is fetched by GET /message, as Gotify's clients do after each reconnection.

    It ends without a close frame. Android takes that for a failure, and only then fetches what it missed.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._streams = Streams(kit.hub, self._payload, abrupt=True)
        self._rendered: tuple[Message | None, bytes] = (None, b"")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            who = await door.actor(self._kit, scope)
            reader = Reader(who.user.id, None if who.device is None else who.device.id)
            await self._streams.websocket(scope, receive, send, reader=reader)
        except CarillonError as error:
            body, status, headers = door.refusal(error)
            await _refuse(send, status=status, body=body, headers=headers)

    def _payload(self, change: Change) -> bytes | None:
        if isinstance(change, Cleared) or not change.arrival or change.message is None:
            return None
        # One message to many users is many changes: it is rendered for the first of them.
        message, rendered = self._rendered
        if message is not change.message:
            rendered = render.message(change.message) + b"\n"
            self._rendered = (change.message, rendered)
        return rendered


async def not_a_handshake(kit: Kit, request: Request) -> Response:
    """A plain GET: Gotify authenticates it, and then its upgrade fails with a line of text before the error."""
    await door.actor(kit, request.scope)
    about = render.error(400, "websocket: the client is not using the websocket protocol")
    return Response(b"Bad Request\n" + about, 400, {"content-type": "text/plain; charset=utf-8"})


async def _refuse(send: Send, *, status: int, body: bytes, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "websocket.http.response.start", "status": status, "headers": raw})
    await send({"type": "websocket.http.response.body", "body": body})
