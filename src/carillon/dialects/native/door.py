"""How a request comes in and goes out again: credentials, routes, errors in one shape."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

from msgspec import UNSET, Struct
from starlette.types import ASGIApp, Receive, Scope, Send

from carillon.core.access import Actor
from carillon.core.errors import (
    BadInput,
    CarillonError,
    ElevationNeeded,
    Forbidden,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from carillon.core.kit import Kit
from carillon.core.limits import KIB
from carillon.core.peers import Peer
from carillon.core.ports import Sender
from carillon.core.reasons import Because, because
from carillon.dialects._cookies import Cookie, require_same_origin
from carillon.dialects._http import JSON, Disconnected, query_fields, read_body, respond
from carillon.dialects.native import parse, render
from carillon.dialects.native.answers import Error, Problem
from carillon.dialects.native.operation import Access, Call, Front, Handler, Nothing, Operation

Headers = Iterable[tuple[bytes, bytes]]

# What is more particular than that, a program need not know.
TOLD_AS = ((parse.FieldError, BadInput), (Unauthenticated, Unauthenticated), (TooMany, TooMany))

ELEVATED = frozenset({"elevated", "admin"})
ADMINS = frozenset({"admin", "admin-look"})

# Nobody keeps what one user was told: the same browser may be another's in a moment. Nobody takes it for another kind.
ANSWER = (JSON, (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))

COOKIE = Cookie("carillon-session")
FROM_ANYBODY = 64 * KIB  # bytes of a body that is read before anybody has said who he is

_JSON_MEDIA = re.compile(rb"\s*application/(?:json|[\w.-]+\+json)\s*(?:;|\Z)", re.IGNORECASE)
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class WrongMedia(BadInput):
    status: ClassVar[int] = 415


class WrongMethod(CarillonError):
    """`allowed` are the methods of the path."""

    status: ClassVar[int] = 405

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = ", ".join(sorted(allowed))
        super().__init__(f"this path takes {self.allowed}")


class Door:
    """All methods of one path."""

    def __init__(self, methods: Mapping[str, ASGIApp]) -> None:
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answering = self._methods.get(scope["method"])
        if answering is None:
            await refuse(send, WrongMethod(self._methods))
        else:
            await answering(scope, receive, send)


def app(kit: Kit, operation: Operation) -> ASGIApp:
    served = operation.served
    return served.app(kit) if isinstance(served, Front) else _Served(kit, operation, served)


class _Served:
    """An operation with a handler: who asks, what he asks, and the answer, each as declared."""

    def __init__(self, kit: Kit, operation: Operation, handler: Handler) -> None:
        self._kit = kit
        self._operation = operation
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body, headers = await self._answer(scope, receive)
        except CarillonError as error:
            await refuse(send, error)
        except Disconnected:
            return
        else:
            await respond(send, 200 if body else 204, body, headers=[*(ANSWER if body else ()), *headers])

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[bytes, Headers]:
        operation = self._operation
        who = None if operation.access == "anyone" else await let_in(self._kit, scope, operation.access)
        query = parse.parse_query(operation.query, scope["query_string"])
        place = scope["path_params"]
        number = parse.parse_id(place.get("id", "0"))
        body = Nothing() if operation.body is Nothing else await self._body(scope, receive)
        peer = self._kit.site.peers.of(scope["client"], scope["headers"])
        token = parse.parse_id(place.get("token", "0"), "token")
        call = Call(who, query, body, number, scope, receive, peer, public_id=place.get("public_id", ""), token=token)
        answer = await self._handler(self._kit, call)
        headers = call.headers or renewal(self._kit, scope, who)
        return b"" if answer is None else render.encode(answer), headers

    async def _body(self, scope: Scope, receive: Receive) -> Struct:
        limit = self._kit.limits.request
        body = await read_body(
            scope, receive, min(limit, FROM_ANYBODY) if self._operation.access == "anyone" else limit
        )
        require_json(scope["headers"])
        return parse.parse_body(self._operation.body, body)


class Nowhere:
    """Any path of ours that no operation has."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await refuse(send, NotFound("there is nothing at this path; GET /api/docs shows what there is"))


def require_json(headers: Headers) -> None:
    """Raises WrongMedia for what says that it is something else."""
    for name, value in headers:
        if name == b"content-type" and not _JSON_MEDIA.match(value):
            raise WrongMedia("send JSON, with Content-Type: application/json")


async def let_in(kit: Kit, scope: Scope, access: Access) -> Actor:
    """The user who asks, if that opens to him. Raises Unauthenticated, Forbidden, TooMany."""
    actor = await caller(kit, scope, signing_in=access == "sign-in")
    if access in ADMINS and not actor.user.admin:
        raise Forbidden(because("admins_only"))
    if access in ELEVATED and not actor.elevated(kit.clock.now()):
        raise ElevationNeeded(because("elevation_needed"))
    return actor


async def caller(kit: Kit, scope: Scope, *, signing_in: bool = False) -> Actor:
    """The user who asks, by a device's token, by name and password, or by the cookie of a session, in this order.

    `signing_in`: also with the published password. Raises Unauthenticated, Forbidden, TooMany.
    """
    token = secret(scope) or _cookie(kit, scope)
    peer = kit.site.peers.of(scope["client"], scope["headers"])
    who = await kit.access.device(token, peer) if token else await _by_password(kit, scope["headers"], peer)
    if not signing_in:
        kit.access.admit(who, peer)
    return who


async def sender(kit: Kit, scope: Scope, *, counted: bool = False) -> Sender:
    """The application that sends, by which the message is counted, unless it has been already.

    Raises Unauthenticated, TooMany.
    """
    token = secret(scope)
    if not token:
        raise Unauthenticated("send the token of an application, as Authorization: Bearer TOKEN")
    if counted:
        return await kit.access.same_sender(token, kit.site.peers.of(scope["client"], scope["headers"]))
    known = kit.access.known_sender(token)
    return known or await kit.access.sender(token, kit.site.peers.of(scope["client"], scope["headers"]))


def secret(scope: Scope) -> str | None:
    """The token: Authorization: Bearer, else `token` of the query, for browsers that can set no header."""
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            token: str = value[7:].strip().decode("latin-1")
            return token
    query = scope["query_string"]
    return query_fields(query).get(parse.TOKEN) if query else None


def _cookie(kit: Kit, scope: Scope) -> str | None:
    """Raises Forbidden for one that a page of another origin made the browser send."""
    if _basic(scope["headers"]) is not None:
        return None
    token = COOKIE.sent(scope["headers"])
    if token is not None:
        require_same_origin(kit, scope)
    return token


def renewal(kit: Kit, scope: Scope, who: Actor | None) -> Headers:
    """Lets the browser keep the cookie for as long as the session lasts now, where its use has been written down."""
    if who is None or who.device is None or not who.noted or secret(scope):
        return []
    token = COOKIE.sent(scope["headers"])
    return [session_cookie(kit, scope, token, seconds=who.device.expires_after)] if token else []


def session_cookie(kit: Kit, scope: Scope, token: str, *, seconds: int = 0) -> tuple[bytes, bytes]:
    """The header that gives a browser its session; with an empty token: that takes it away."""
    return b"set-cookie", COOKIE.set(kit, scope, token, seconds=seconds).encode("latin-1")


def refusal(error: CarillonError) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """Status, body and headers. No WWW-Authenticate: browsers would ask for a password."""
    kind = next((told for kind, told in TOLD_AS if isinstance(error, kind)), type(error))
    code = _CAPITAL.sub("_", kind.__name__).lower()
    headers = [*ANSWER]
    if isinstance(error, Unavailable | TooMany):
        headers.append((b"retry-after", b"%d" % error.retry_after))
    elif isinstance(error, WrongMethod):
        headers.append((b"allow", error.allowed.encode()))
    problem = Problem(status=error.status, code=code, message=str(error))
    if isinstance(error.text, Because):
        problem.reason, problem.values = error.text.reason, error.text.values or UNSET
    if isinstance(error, parse.FieldError):
        problem.field = error.field
    return error.status, render.encode(Error(problem)), headers


async def refuse(send: Send, error: CarillonError) -> None:
    status, body, headers = refusal(error)
    await respond(send, status, body, headers=headers)


async def _by_password(kit: Kit, headers: Headers, peer: Peer) -> Actor:
    pair = _basic(headers)
    if pair is None:
        raise Unauthenticated("send the token of a device, as Authorization: Bearer TOKEN, or name and password")
    try:
        user, _, password = base64.b64decode(pair).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Unauthenticated("the name and password cannot be read") from None
    return await kit.access.password(user, password, peer)


def _basic(headers: Headers) -> bytes | None:
    return next(
        (value[6:] for name, value in headers if name == b"authorization" and value[:6].lower() == b"basic "), None
    )
