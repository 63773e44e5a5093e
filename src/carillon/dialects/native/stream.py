"""GET /api/1/stream: the changes as they happen, as WebSocket, server-sent events or JSON lines."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from starlette.types import Receive, Scope, Send

from carillon.core.errors import CarillonError
from carillon.core.kit import Kit
from carillon.core.models import ChangePage
from carillon.dialects._http import respond
from carillon.dialects._streams import Reader, Replay, Streams
from carillon.dialects.native import answers, asks, door, parse, render
from carillon.dialects.native.operation import Front, Operation

SSE, LINES = "text/event-stream", "application/x-ndjson"


class Serve(Protocol):
    async def __call__(self, scope: Scope, receive: Receive, send: Send, *, reader: Reader) -> None: ...


class Stream:
    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._streams = Streams(
            kit.hub,
            render.change_payload,
            hole=render.encode(answers.Hole()),
            live=lambda cursor: render.encode(answers.Live(cursor)),
            alive=render.encode(answers.Alive()),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            serve = self._form(scope)
            after = _after(scope)
            who = await door.caller(self._kit, scope)
            # Nothing is awaited from here until the listener has joined: a token revoked meanwhile would leave it open.
            device_id = None if who.device is None else who.device.id
            replay = Replay(partial(self._changes, who.user.id, from_now=after is None), after or 0)
            await serve(scope, receive, send, reader=Reader(who.user.id, device_id, replay))
        except CarillonError as error:
            await _refuse(scope, send, error)

    def _form(self, scope: Scope) -> Serve:
        if scope["type"] == "websocket":
            return self._streams.websocket
        accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
        return self._streams.sse if SSE.encode() in accepted.lower() else self._streams.lines

    async def _changes(self, user_id: int, after: int, *, from_now: bool) -> ChangePage:
        if from_now and not after:
            return ChangePage([], await self._kit.inbox.cursor(user_id), more=False, hole=False)
        return await self._kit.inbox.changes(user_id, after=after)


def _after(scope: Scope) -> int | None:
    """Where the reader is: Last-Event-ID, which browsers send when they come again, wins. Raises BadInput."""
    asked = parse.parse_query(asks.StreamQuery, scope["query_string"])
    for name, value in scope["headers"]:
        if name == b"last-event-id" and value:
            return parse.parse_id(value.decode("latin-1"), "Last-Event-ID")
    return asked.after


async def _refuse(scope: Scope, send: Send, error: CarillonError) -> None:
    status, body, headers = door.refusal(error)
    if scope["type"] == "http":
        await respond(send, status, body, headers=headers)
        return
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


STREAM = Operation(
    method="GET",
    path="/api/1/stream",
    summary="Follow what changes",
    text="What has changed since `after`, then a frame `live`, then changes as they happen. With an upgrade it is "
    "a WebSocket, by `Accept: text/event-stream` server-sent events, and otherwise JSON lines. A frame or event "
    "`alive`, or an empty line, is a sign of life.",
    query=asks.StreamQuery,
    headers={"Last-Event-ID": "The cursor reached, as browsers send it when they come again; wins over `after`."},
    answer=answers.EntryChange | answers.Cleared | answers.Lists | answers.Hole | answers.Live | answers.Alive,
    media=(LINES, SSE),
    served=Front(Stream),
)

OPERATIONS = (STREAM,)
