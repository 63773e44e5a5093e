"""The door of the house: which dialect answers a request, and which foreign pages may ask."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Mapping
from urllib.parse import quote, unquote, urlsplit

from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carillon.core.peers import Peers
from carillon.core.seen import seen_url
from carillon.dialects import Mount

log = logging.getLogger("carillon.front")

COMPLAINTS = 100  # lines in the log about foreign origins
LONGEST_ORIGIN = 256  # bytes of one that are told

PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS"),
    (b"access-control-allow-headers", b"authorization, content-type, idempotency-key, x-gotify-key"),
    (b"access-control-max-age", b"43200"),
]


class MountError(Exception):
    """Two dialects want the same; the text names both. It stops the start."""


class Front:
    """The ASGI application over all dialects. `origins` are the foreign ones that may call, lower case.

    A path in `base_url` is taken off requests whose proxy has left it on. Raises MountError when the prefixes, front
    routes or fallbacks of two dialects clash.
    """

    def __init__(
        self,
        mounts: Mapping[str, Mount],
        *,
        origins: frozenset[str] = frozenset(),
        peers: Peers | None = None,
        base_url: str = "",
    ) -> None:
        self._peers = peers or Peers()
        own = urlsplit(base_url)  # a proxy may hide it from us
        self._origins = frozenset(origin.encode() for origin in {*origins, f"{own.scheme}://{own.netloc.lower()}"})
        self._refused: set[bytes] = set()
        self._public = frozenset[str]().union(*(mount.public for mount in mounts.values()))
        self._front: dict[tuple[str, str], ASGIApp] = {}
        self.owners: dict[str, str] = {}
        self.routes: list[BaseRoute] = []
        fallbacks = []
        for name, mount in mounts.items():
            for prefix in mount.prefixes:
                if prefix in self.owners:
                    raise MountError(f"the dialects {self.owners[prefix]!r} and {name!r} both want {prefix}")
                self.owners[prefix] = name
            self._front.update(mount.front)
            self.routes.extend(mount.routes)
            if mount.fallback is not None:
                fallbacks.append((name, mount.fallback))
        if len(fallbacks) > 1:
            raise MountError(f"the dialects {fallbacks[0][0]!r} and {fallbacks[1][0]!r} both want what nobody owns")
        self._router = Router(self.routes, redirect_slashes=False, default=fallbacks[0][1] if fallbacks else None)
        prefix = unquote(urlsplit(base_url).path).rstrip("/")
        # Below a name of our own a path does not say whether the proxy has taken the prefix off, and most do.
        self._prefix = "" if "/" + prefix[1:].partition("/")[0] in self.owners else prefix

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Picks who answers and lets him: on the way of every message, so no coroutine of its own."""
        origin = host = None
        for name, value in scope["headers"]:
            if name == b"origin":
                origin = value.lower()
            elif name == b"host":
                host = value.lower()
        if origin and origin not in (b"http://%b" % (host or b""), b"https://%b" % (host or b"")):
            return self._foreign(scope, receive, send=send, origin=origin)
        app = self._front.get((scope["method"] if scope["type"] == "http" else "WEBSOCKET", scope["path"]))
        if app is None:
            if scope["path"] == self._prefix and scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
                return self._to_the_slash(scope, send)
            scope = self._below_prefix(scope)
            app = self._app(scope)
        return app(scope, receive, send)

    def _to_the_slash(self, scope: Scope, send: Send) -> Awaitable[None]:
        """Behind the slash a page finds what it names from where it stands."""
        place = quote(self._prefix).encode() + b"/" + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        return _bare(scope, send, status=307, headers=[(b"location", place)])

    def _app(self, scope: Scope) -> ASGIApp:
        method = scope["method"] if scope["type"] == "http" else "WEBSOCKET"
        return self._front.get((method, scope["path"]), self._router)

    def _below_prefix(self, scope: Scope) -> Scope:
        """The request as it would have come through a proxy that takes the prefix off."""
        path: str = scope["path"]
        if not self._prefix or not f"{path}/".startswith(f"{self._prefix}/"):
            return scope
        return {**scope, "path": path[len(self._prefix) :] or "/"}

    async def _foreign(self, scope: Scope, receive: Receive, *, send: Send, origin: bytes) -> None:
        """A page of another origin: refused unless configured, as gotify/server does, before it is authenticated.

        It is none if a proxy that we trust says so.
        """
        scope = self._below_prefix(scope)
        prefix = "/" + scope["path"].lstrip("/").partition("/")[0]  # "//message" is answered as "/message" is
        if prefix in self._public or seen_url(scope, peers=self._peers).owns(origin.decode("latin-1")):
            await self._app(scope)(scope, receive, send)
        elif origin not in self._origins:
            self._complain(origin)
            await _bare(scope, send, status=403, headers=[])
        elif scope["type"] == "http" and scope["method"] == "OPTIONS":
            await _bare(scope, send, status=204, headers=[*_allow(origin), *PREFLIGHT])
        else:

            async def send_allowed(event: Message) -> None:
                if event["type"] == "http.response.start":
                    event = {**event, "headers": [*event.get("headers", ()), *_allow(origin)]}
                await send(event)

            await self._app(scope)(scope, receive, send_allowed)

    def _complain(self, origin: bytes) -> None:
        """In the log, once an origin, and not of more than COMPLAINTS: anybody can make one up for each request."""
        told = origin[:LONGEST_ORIGIN]
        if told not in self._refused and len(self._refused) < COMPLAINTS:
            self._refused.add(told)
            log.info("refused a page of another origin: %s", told.decode("latin-1"))


def _allow(origin: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]


async def _bare(scope: Scope, send: Send, *, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
        return
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
