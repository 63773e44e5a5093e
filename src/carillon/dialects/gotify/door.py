"""How a request comes in and goes out again: credentials, ids, errors in Gotify's shape."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from carillon.core.access import Actor
from carillon.core.errors import BadInput, CarillonError, Unauthenticated, Unavailable
from carillon.core.kit import Kit
from carillon.core.seen import SeenUrl, seen_url
from carillon.dialects._http import Disconnected, query_fields, read_body, respond
from carillon.dialects.gotify import parse, render

UNAUTHENTICATED = "you need to provide a valid access token or user credentials to access this api"

Headers = Iterable[tuple[bytes, bytes]]


class Door(Route):
    """A route of one method. Gotify knows no 405: another method is an unknown page."""

    def __init__(self, method: str, path: str, handler: Callable[[Request], Awaitable[Response]]) -> None:
        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except CarillonError as error:
                return Response(*refusal(error))
            except Disconnected:
                return Response()

        super().__init__(path, answer, methods=[method])
        self.methods = {method}  # without the HEAD that comes with every GET

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (match, child) if match is Match.FULL else (Match.NONE, {})


def answer(value: object = None) -> Response:
    """200 with JSON, or with nothing."""
    body = b"" if value is None else value if isinstance(value, bytes) else render.encode(value)
    return Response(body, headers={"content-type": "application/json"} if body else None)


def refusal(error: CarillonError) -> tuple[bytes, int, dict[str, str]]:
    """Body, status and headers for an error of the core. A wrong token's kind is for the log, not for the wire."""
    description = UNAUTHENTICATED if isinstance(error, Unauthenticated) else str(error)
    headers = {"content-type": "application/json"}
    if isinstance(error, Unavailable):
        headers["retry-after"] = str(error.retry_after)
    return render.error(error.status, description), error.status, headers


async def refuse(send: Send, error: CarillonError) -> None:
    body, status, headers = refusal(error)
    await respond(send, status, body, headers=[(name.encode(), value.encode()) for name, value in headers.items()])


class Hall:
    """What no route answers.

    Doubled slashes count as one, since senders join a base URL that ends with one to a path that begins with one.
    A slash too many at the end is redirected where that leads to a route. OPTIONS is empty, all else is Gotify's 404.
    """

    def __init__(self, kit: Kit, routes: Sequence[BaseRoute], front: Mapping[tuple[str, str], ASGIApp]) -> None:
        self._kit = kit
        self._routes = Router(routes, redirect_slashes=False, default=self._astray)
        self._front = front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "//" not in scope["path"]:
            await self._astray(scope, receive, send)
            return
        path = re.sub("//+", "/", scope["path"])
        await self._front.get((_method(scope), path), self._routes)({**scope, "path": path}, receive, send)

    async def _astray(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        elif scope["method"] == "OPTIONS":
            await respond(send, 200, b"")
        elif path.endswith("/") and self._is_there({**scope, "path": path[:-1]}):
            query = scope["query_string"].decode("latin-1")
            target = f"{seen(self._kit, scope).prefix}{path[:-1]}{'?' if query else ''}{query}"
            await RedirectResponse(target, 301 if scope["method"] == "GET" else 307)(scope, receive, send)
        else:
            await respond(send, 404, render.error(404, "page not found"))

    def _is_there(self, scope: Scope) -> bool:
        routed = any(route.matches(scope)[0] is Match.FULL for route in self._routes.routes)
        return routed or (_method(scope), scope["path"]) in self._front


def _method(scope: Scope) -> str:
    """As the front names it."""
    return scope["method"] if scope["type"] == "http" else "WEBSOCKET"


def seen(kit: Kit, scope: Scope) -> SeenUrl:
    """The address under which the client of this request has us."""
    return seen_url(scope, peers=kit.peers, base_url=kit.site.base_url)


def secret(headers: Headers, query: bytes) -> str | None:
    """The token, from the first place that holds one: query, X-Gotify-Key, Authorization: Bearer."""
    if query and (token := query_fields(query).get("token")):
        return token
    bearer = None
    for name, value in headers:
        if name == b"x-gotify-key" and value:
            return value.decode("latin-1")
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            bearer = value[7:].strip().decode("latin-1")
    return bearer or None


async def actor(kit: Kit, scope: Scope, *, signing_in: bool = False) -> Actor:
    """Who asks on a client route: a right password, else a client token. `signing_in`: also with the published one.

    Raises Unauthenticated, Forbidden.
    """
    who = await _by_password(kit, scope["headers"])
    if who is None:
        token = secret(scope["headers"], scope["query_string"])
        if token is None:
            raise Unauthenticated("no credentials")
        who = await kit.access.device(token)
    if not signing_in:
        kit.access.admit(who, kit.peers.of(scope["client"], scope["headers"]))
    return who


async def fields(kit: Kit, request: Request) -> dict[str, parse.Value]:
    """The fields of the request, in whatever form they came. Raises BadInput, TooLarge."""
    body = await read_body(request.scope, request.receive, kit.limits.request)
    return parse.parse_fields(request.headers.get("content-type", ""), body, request.scope["query_string"])


def path_id(request: Request) -> int:
    """Raises BadInput for what is no unsigned number."""
    digits = request.path_params["id"]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise BadInput("invalid id")
    return int(digits)


async def _by_password(kit: Kit, headers: Headers) -> Actor | None:
    """None also for a wrong password: a token beside it may still be right."""
    for name, value in headers:
        if name == b"authorization" and value[:6].lower() == b"basic ":
            try:
                user, _, password = base64.b64decode(value[6:]).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
            try:
                return await kit.access.password(user, password)
            except Unauthenticated:
                return None
    return None
