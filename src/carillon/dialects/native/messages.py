"""POST /api/1/messages as plain ASGI, before any router."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from carillon.core.errors import CarillonError
from carillon.core.kit import Kit
from carillon.dialects._http import Disconnected, read_body, respond
from carillon.dialects.native import answers, asks, door, parse, render
from carillon.dialects.native.operation import Front, Nothing, Operation


class Post:
    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await respond(send, 200, await self._post(scope, receive))
        except CarillonError as error:
            await door.refuse(send, error)
        except Disconnected:
            return

    async def _post(self, scope: Scope, receive: Receive) -> bytes:
        kit = self._kit
        generation = kit.access.generation
        sender = await door.sender(kit, scope)
        if scope["query_string"]:
            parse.parse_query(Nothing, scope["query_string"])
        body = await read_body(scope, receive, kit.limits.request)
        if generation != kit.access.generation:
            sender = await door.sender(kit, scope, counted=True)
        key, via = None, ""
        headers = scope["headers"]
        door.require_json(headers)
        for name, value in headers:
            if name == b"idempotency-key":
                key = value.decode("latin-1")
            elif name == b"x-carillon-via":
                via = value.decode("latin-1")
        message = await kit.publisher.publish(
            sender, parse.parse_message(body), scale=render.SCALE, idempotency_key=key or None, via=via
        )
        return render.encode(render.message(message))


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/1/messages",
        summary="Send a message",
        text="Answered when it is stored; then every device of every receiver has been told.",
        access="application",
        headers={
            "Idempotency-Key": "The same key with the same message within 24 hours stores nothing and answers with the "
            "id of the first; with another message it is 409."
        },
        body=asks.NewMessage,
        example={"title": "Backup", "message": "done in 4 minutes", "priority": 5, "tags": ["nas"]},
        answer=answers.Message,
        refusals=(409, 413, 415, 507),
        served=Front(Post),
    ),
)
