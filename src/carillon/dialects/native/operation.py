"""One door of the API, declared: the route, the check of what comes in and the manual are all made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, Literal, TypedDict, TypeVar

from msgspec import Struct
from starlette.types import ASGIApp, Receive, Scope

from carillon.core.access import Actor
from carillon.core.errors import Unauthenticated
from carillon.core.kit import Kit
from carillon.core.peers import Peer

Q = TypeVar("Q", bound=Struct)
B = TypeVar("B", bound=Struct)
A = TypeVar("A", bound=Struct)

# Whose credential opens it. "sign-in" is a device's, also while the password is the published default; "elevated" a
# password's, or that of a device which has lately been shown it; "admin" such a one of an admin, who needs less to look
# only: "admin-look". "anyone" is anybody's, known or not.
Access = Literal["anyone", "application", "device", "sign-in", "elevated", "admin-look", "admin"]

JSON = "application/json"


class Nothing(Struct, forbid_unknown_fields=True, frozen=True):
    """No field at all: of a query, or of a body that is not read."""


class Call(Struct, Generic[Q, B], frozen=True):
    """A request, checked. `scope` and `receive` are ASGI's.

    `id`, `token` and `public_id` are those of the path, 0 and empty where the path has none; `peer` is who is at the
    other end. `headers` takes what the answer brings along. `who` is None only where anybody may ask.
    """

    who: Actor | None
    query: Q
    body: B
    id: int
    scope: Scope
    receive: Receive
    peer: Peer
    public_id: str = ""
    token: int = 0
    headers: list[tuple[bytes, bytes]] = []

    @property
    def actor(self) -> Actor:
        """Raises Unauthenticated where nobody we know asks."""
        if self.who is None:
            raise Unauthenticated("sign in first")
        return self.who


class Front(Struct, frozen=True):
    """Serves by itself, as plain ASGI: for what must be fast, or is no single answer."""

    app: Callable[[Kit], ASGIApp]


Handler = Callable[[Kit, Any], Awaitable[Struct | None]]


class Operation(Struct, frozen=True, kw_only=True):
    """`answer` None: 204 without a body, `bytes`: something else than JSON. `media` are the forms of the answer,
    `headers` its own, with what they do.

    `of` says whose the id in the path is. `takes` is the media type of a body that is no JSON, and that the handler
    reads itself. `refusals` are its own statuses, beside those that any operation has.
    """

    method: str
    path: str
    summary: str
    text: str = ""
    of: str = "Of a message"
    access: Access = "device"
    query: type[Struct] = Nothing
    body: type[Struct] = Nothing
    takes: str = ""
    example: Mapping[str, object] | None = None
    answer: Any = None
    media: tuple[str, ...] = (JSON,)
    headers: Mapping[str, str] = {}
    refusals: tuple[int, ...] = ()
    served: Handler | Front


class Contract(TypedDict):
    served: Handler
    query: type[Struct]
    body: type[Struct]
    answer: Any


def by(
    handler: Callable[[Kit, Call[Q, B]], Awaitable[A | None]],
    *,
    query: type[Q],
    body: type[B],
    answer: type[A] | None,
) -> Contract:
    """The part of an operation in which a handler and its declaration must agree: the type checker sees to it."""
    return {"served": handler, "query": query, "body": body, "answer": answer}
