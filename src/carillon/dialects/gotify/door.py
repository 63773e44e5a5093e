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
from carillon.core.errors import (
    BadInput,
    CarillonError,
    Forbidden,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unreadable,
)
from carillon.core.kit import Kit
from carillon.core.limits import KIB
from carillon.core.peers import Peer
from carillon.core.seen import SeenUrl, seen_url
from carillon.dialects._cookies import Cookie, require_same_origin
from carillon.dialects._http import Disconnected, query_fields, read_body, respond
from carillon.dialects.gotify import parse, render

UNAUTHENTICATED = "you need to provide a valid access token or user credentials to access this api"
NOT_ALLOWED = "you are not allowed to access this api"
INVALID_CREDENTIALS = "invalid credentials"
NOT_ELEVATED = "session not elevated, use basic auth or call /client:elevate"

COOKIE = Cookie("gotify-client-token")
LARGEST_FORM = 64 * KIB  # bytes of all but messages and pictures: names, a description, a password
RENEWED = "carillon.gotify.cookie"  # in the scope: the cookie to send along with the answer

Headers = Iterable[tuple[bytes, bytes]]


class Told(Unauthenticated):
    """One whose text Gotify puts on the wire."""


class Door(Route):
    """A route of one method. Gotify knows no 405: another method is an unknown page."""

    def __init__(self, method: str, path: str, handler: Callable[[Request], Awaitable[Response]]) -> None:
        async def answer(request: Request) -> Response:
            try:
                response = await handler(request)
            except CarillonError as error:
                return Response(*refusal(error))
            except Disconnected:
                return Response()
            if (cookie := request.scope.get(RENEWED)) and "set-cookie" not in response.headers:
                response.headers["set-cookie"] = cookie
            return response

        super().__init__(path, answer, methods=[method])
        self.methods = {method}  # without the HEAD that comes with every GET

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (match, child) if match is Match.FULL else (Match.NONE, {})


def answer(value: object = None) -> Response:
    """200 with JSON, or with nothing, which Gotify calls JSON too."""
    body = b"" if value is None else value if isinstance(value, bytes) else render.encode(value)
    return Response(body, headers={"content-type": "application/json"})


def refusal(error: CarillonError) -> tuple[bytes, int, dict[str, str]]:
    """Body, status and headers for an error of the core. A wrong token's kind is for the log, not for the wire."""
    vague = isinstance(error, Unauthenticated) and not isinstance(error, Told | Unreadable)
    description = UNAUTHENTICATED if vague else str(error)
    headers = {"content-type": "application/json"}
    if isinstance(error, Unavailable | TooMany):
        headers["retry-after"] = str(error.retry_after)
    return render.error(error.status, description), error.status, headers


async def refuse(send: Send, error: CarillonError) -> None:
    body, status, headers = refusal(error)
    await respond(send, status, body, headers=[(name.encode(), value.encode()) for name, value in headers.items()])


class Hall:
    """What no route answers.

    Doubled slashes count as one, since senders join a base URL that ends with one to a path that begins with one.
    A slash too many at the end is redirected where that leads to a route. OPTIONS is empty, all else is Gotify's 404,
    also for the handshake of a WebSocket, which is a GET.
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
        method = scope.get("method", "GET")
        if method == "OPTIONS":
            await respond(send, 200, b"")
        elif path.endswith("/") and self._is_there({**scope, "path": path[:-1]}):
            query = scope["query_string"].decode("latin-1")
            target = f"{seen(self._kit, scope).prefix}{path[:-1]}{'?' if query else ''}{query}"
            await RedirectResponse(target, 301 if method == "GET" else 307)(scope, receive, send)
        else:
            await Response(*refusal(NotFound("page not found")))(scope, receive, send)

    def _is_there(self, scope: Scope) -> bool:
        routed = any(route.matches(scope)[0] is Match.FULL for route in self._routes.routes)
        return routed or (_method(scope), scope["path"]) in self._front


def _method(scope: Scope) -> str:
    """As the front names it."""
    return scope["method"] if scope["type"] == "http" else "WEBSOCKET"


def seen(kit: Kit, scope: Scope) -> SeenUrl:
    """The address under which the client of this request has us."""
    return seen_url(scope, peers=kit.site.peers, base_url=kit.site.base_url)


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


def credential(kit: Kit, scope: Scope) -> tuple[str | None, bool]:
    """The token, and whether it is the cookie of a session, which is the last place that is looked at.

    Raises Forbidden for a cookie that a page of another origin made the browser send.
    """
    token = secret(scope["headers"], scope["query_string"])
    if token is not None:
        return token, False
    cookie = COOKIE.sent(scope["headers"])
    if cookie is not None:
        require_same_origin(kit, scope)
    return cookie, True


async def actor(kit: Kit, scope: Scope, *, signing_in: bool = False) -> Actor:
    """Who asks on a client route: a right password, else a client token. `signing_in`: also with the published one.

    Raises Unauthenticated, Forbidden, TooMany.
    """
    peer = kit.site.peers.of(scope["client"], scope["headers"])
    who = await _by_password_or_token(kit, scope, peer)
    if not signing_in:
        kit.access.admit(who, peer)
    return who


async def elevated(kit: Kit, request: Request, *, signing_in: bool = False) -> Actor:
    """As `actor`, on a route that wants a password or an elevated client. Raises Forbidden for another client."""
    who = await actor(kit, request.scope, signing_in=signing_in)
    require_elevated(kit, who)
    return who


async def admin(kit: Kit, request: Request) -> Actor:
    """As `elevated`, and an admin, which is asked first. Raises Forbidden."""
    who = await actor(kit, request.scope)
    if not who.user.admin:
        raise Forbidden(NOT_ALLOWED)
    require_elevated(kit, who)
    return who


async def visitor(kit: Kit, request: Request) -> Actor | None:
    """As `actor`, on a route that is open to everybody; None: nobody we know. Raises Forbidden, TooMany."""
    try:
        return await actor(kit, request.scope)
    except Unauthenticated:
        return None


async def by_password(kit: Kit, request: Request) -> Actor:
    """Who asks on the route that takes nothing but a password, also with the published one.

    Raises Told, which is Unauthenticated, and TooMany.
    """
    pair = basic(request.scope["headers"])
    if pair is None:
        raise Told("basic auth required")
    try:
        return await kit.access.password(*pair, kit.site.peers.of(request.scope["client"], request.scope["headers"]))
    except Unauthenticated:
        raise Told(INVALID_CREDENTIALS) from None


def renew(kit: Kit, scope: Scope, token: str, *, who: Actor) -> None:
    """Lets the browser keep the cookie for as long as the session lasts now, where its use has been written down."""
    if who.noted and who.device is not None:
        scope[RENEWED] = COOKIE.set(kit, scope, token, seconds=who.device.expires_after)


def basic(headers: Headers) -> tuple[str, str] | None:
    """Name and password of Authorization: Basic; None: there is none that can be read."""
    for name, value in headers:
        if name == b"authorization" and value[:6].lower() == b"basic ":
            try:
                user, _, password = base64.b64decode(value[6:]).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
            return user, password
    return None


async def fields(kit: Kit, request: Request) -> dict[str, parse.Value]:
    """The fields of the request, in whatever form they came. Raises BadInput, TooLarge: some are anybody's to send."""
    body = await read_body(request.scope, request.receive, min(LARGEST_FORM, kit.limits.request))
    return parse.parse_fields(request.headers.get("content-type", ""), body, request.scope["query_string"])


def path_id(request: Request) -> int:
    """Raises BadInput for what is no unsigned number."""
    digits = request.path_params["id"]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise BadInput("invalid id")
    return int(digits)


async def _by_password_or_token(kit: Kit, scope: Scope, peer: Peer) -> Actor:
    """A wrong password, or one that is not looked at, is no obstacle to a right token beside it."""
    refused: CarillonError = Unauthenticated("no credentials")
    pair = basic(scope["headers"])
    if pair is not None:
        try:
            return await kit.access.password(*pair, peer)
        except (Unauthenticated, TooMany) as error:
            refused = error
    token, from_cookie = credential(kit, scope)
    if token is None:
        raise refused
    who = await kit.access.device(token, peer)
    if from_cookie:
        renew(kit, scope, token, who=who)
    return who


def require_elevated(kit: Kit, who: Actor) -> None:
    """Gotify 2 knows no elevation, and its clients do not ask for it."""
    if kit.site.gotify_face != 2 and not who.elevated(kit.clock.now()):
        raise Forbidden(NOT_ELEVATED)
