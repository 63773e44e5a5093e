"""The commands' way into the running server: an ASGI application for the socket in the data folder.

Whoever can open the socket owns the installation: its file is for this one system user, and nothing is asked.

    POST /<operation>   one of `desk`, `desk_services` or `moving`, question and answer as JSON;
                        an error is {"error": {"message": …}}
    POST /backup        see `backups`
         /api/…         our own API, as the user in the header `carillon-user` (percent-encoded), else the first admin
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from carillon.core.errors import BadInput, CarillonError, NotFound
from carillon.ops import backups, desk_services, moving
from carillon.ops.backups import Backups
from carillon.ops.desk import OPERATIONS, Desk

KNOWN = OPERATIONS | desk_services.OPERATIONS | moving.OPERATIONS
USER_HEADER = "carillon-user"
LENT_SECRET_LENGTH = 32


class ControlApp:
    """`api` is the application that answers what begins with /api/."""

    def __init__(self, desk: Desk, api: ASGIApp, backups: Backups) -> None:
        self._desk = desk
        self._api = api
        self._backups = backups

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise ValueError(f"no {scope['type']} here")
        try:
            if scope["path"].startswith("/api/"):
                await self._as_user(scope, receive, send)
                return
            if scope["path"] == backups.PATH and scope["method"] == "POST":
                await backups.answer(self._backups, scope, receive, send=send)
                return
            body = await self._operate(Request(scope, receive))
        except CarillonError as error:
            response = Response(
                msgspec.json.encode({"error": {"status": error.status, "message": str(error)}}),
                error.status,
                media_type="application/json",
            )
        else:
            response = Response(body, media_type="application/json")
        await response(scope, receive, send)

    async def _operate(self, request: Request) -> bytes:
        operation = KNOWN.get(request.url.path.removeprefix("/"))
        if operation is None or request.method != "POST":
            raise NotFound("the running server does not know this operation: is it of another version?")
        try:
            question = msgspec.json.decode(await request.body(), type=operation.question)
        except msgspec.DecodeError as error:
            raise BadInput(str(error)) from None
        return msgspec.json.encode(await operation.run(self._desk, question))

    async def _as_user(self, scope: Scope, receive: Receive, send: Send) -> None:
        """With a secret that is known for as long as this request lasts, and only in memory."""
        name = dict(scope["headers"]).get(USER_HEADER.encode())
        user = await self._desk.user(unquote_to_bytes(name).decode("utf-8", "replace") if name else None)
        secret = self._desk.ids.secret(LENT_SECRET_LENGTH)
        headers = [(key, value) for key, value in scope["headers"] if key != b"authorization"]
        with self._desk.access.lent(secret, user):
            await self._api(
                {**scope, "headers": [*headers, (b"authorization", b"Bearer " + secret.encode())]}, receive, send
            )
