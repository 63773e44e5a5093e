"""GET /stream: a text frame for each new message, its JSON and a line end; nothing else is ever told.

With `after`, which Gotify does not know, the messages behind that one come first, oldest first.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from carillon.core.errors import CarillonError
from carillon.core.inbox import Inbox
from carillon.core.kit import Kit
from carillon.core.models import Change, ChangePage, EntryChange, Message
from carillon.dialects._streams import Reader, Replay, Streams
from carillon.dialects.gotify import door, parse, render

PAGE = 200  # messages read at once: what a slow reader holds in memory


class Stream:
    """Without `after` from now on: Gotify's clients fetch by GET /message what they missed, after each reconnection.

    It ends without a close frame. Android takes that for a failure, and only then fetches what it missed.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._streams = Streams(kit.hub, self._payload, abrupt=True)
        self._rendered: tuple[Message | None, bytes] = (None, b"")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            who = await door.actor(self._kit, scope)
            # Nothing is awaited from here until the listener has joined: a token revoked meanwhile would leave it open.
            after = parse.after(scope["query_string"])
            replay = None if after is None else Replay(Missed(self._kit.inbox, who.user.id, after=after), 0)
            reader = Reader(who.user.id, None if who.device is None else who.device.id, replay)
            await self._streams.websocket(scope, receive, send, reader=reader)
        except CarillonError as error:
            await Response(*door.refusal(error))(scope, receive, send)

    def _payload(self, change: Change) -> bytes | None:
        if not isinstance(change, EntryChange) or not change.arrival or change.message is None:
            return None
        # One message to many users is many changes: it is rendered for the first of them.
        message, rendered = self._rendered
        if message is not change.message:
            rendered = render.message(change.message) + b"\n"
            self._rendered = (change.message, rendered)
        return rendered


class Missed:
    """For `Replay`: the messages above an id, a page at a time. It keeps its own place, by message.

    What is live is told by numbers of changes, so each page comes with the number up to which all that has arrived
    is in it or before. That one is read first. If something in the page is newer, others may have arrived between
    the two, which would be told twice: then it is not the last page, however short.
    """

    def __init__(self, inbox: Inbox, user_id: int, *, after: int, size: int = PAGE) -> None:
        self._inbox = inbox
        self._user_id = user_id
        self._after = after
        self._size = size

    async def __call__(self, _: int) -> ChangePage:
        reached = await self._inbox.cursor(self._user_id)
        items = await self._inbox.page(self._user_id, limit=self._size, after=self._after)
        if items:
            self._after = items[-1].message.id
        more = len(items) == self._size or any(item.entry.changed > reached for item in items)
        arrivals: list[Change] = [EntryChange(entry=item.entry, message=item.message, arrival=True) for item in items]
        return ChangePage(arrivals, reached, more, hole=False)


async def not_a_handshake(kit: Kit, request: Request) -> Response:
    """A plain GET: Gotify authenticates it, and then its upgrade fails with a line of text before the error."""
    await door.actor(kit, request.scope)
    about = render.error(400, "websocket: the client is not using the websocket protocol")
    return Response(b"Bad Request\n" + about, 400, {"content-type": "text/plain; charset=utf-8"})
