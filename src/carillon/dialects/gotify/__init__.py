"""Gotify's API, spoken as gotify/server v3.0.0 speaks it; docs/gotify.md says what is the same, other and missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from carillon.core.kit import Kit
from carillon.dialects import Mount
from carillon.dialects.gotify import applications, clients, images, info, messages, plugins, sessions, stream, users
from carillon.dialects.gotify.door import Door, Hall
from carillon.dialects.gotify.manual import Manual

API = 1

Handler = Callable[[Kit, Request], Awaitable[Response]]

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/version", info.version),
    ("GET", "/gotifyinfo", info.gotifyinfo),
    ("GET", "/health", info.health),
    ("HEAD", "/health", info.health),
    ("GET", "/static/defaultapp.png", info.default_image),
    ("POST", "/auth/local/login", sessions.login),
    ("POST", "/auth/logout", sessions.logout),
    ("GET", "/current/user", users.current),
    ("POST", "/current/user/password", users.set_password),
    ("GET", "/application", applications.index),
    ("POST", "/application", applications.create),
    ("PUT", "/application/{id}", applications.update),
    ("DELETE", "/application/{id}", applications.delete),
    ("PUT", "/application/{id}/security", applications.set_security),
    ("POST", "/application/{id}/image", images.upload),
    ("DELETE", "/application/{id}/image", images.delete),
    ("GET", "/image/{file}", images.show),
    ("HEAD", "/image/{file}", images.show),
    ("GET", "/application/{id}/message", messages.index_of_application),
    ("DELETE", "/application/{id}/message", messages.delete_of_application),
    ("GET", "/client", clients.index),
    ("POST", "/client", clients.create),
    ("PUT", "/client/{id}", clients.update),
    ("DELETE", "/client/{id}", clients.delete),
    ("POST", "/client/{id}/elevate", clients.elevate),
    ("GET", "/message", messages.index),
    ("DELETE", "/message", messages.delete_all),
    ("DELETE", "/message/{id}", messages.delete_one),
    ("GET", "/plugin", plugins.index),
    ("GET", "/plugin/{id}/config", plugins.one),
    ("POST", "/plugin/{id}/config", plugins.one),
    ("GET", "/plugin/{id}/display", plugins.one),
    ("POST", "/plugin/{id}/enable", plugins.one),
    ("POST", "/plugin/{id}/disable", plugins.one),
    ("GET", "/stream", stream.not_a_handshake),
    ("GET", "/user", users.index),
    ("POST", "/user", users.create),
    ("GET", "/user/{id}", users.show),
    ("POST", "/user/{id}", users.update),
    ("DELETE", "/user/{id}", users.delete),
)

# Prefixes of the routes that are not there yet are held for them: nobody else may take them.
PREFIXES = (
    "/application",
    "/auth",
    "/client",
    "/current",
    "/docs",
    "/gotifyinfo",
    "/health",
    "/image",
    "/message",
    "/plugin",
    "/static",
    "/stream",
    "/swagger",
    "/user",
    "/version",
)


def mount(kit: Kit) -> Mount:
    routes = [Door(method, path, partial(handler, kit)) for method, path, handler in ROUTES]
    manual = Manual(kit, [("POST", "/message"), *((method, path) for method, path, _ in ROUTES)])
    routes += [Door("GET", "/swagger", manual.description), Door("GET", "/docs", manual.page)]
    front: dict[tuple[str, str], ASGIApp] = {
        ("POST", "/message"): messages.Post(kit),
        ("WEBSOCKET", "/stream"): stream.Stream(kit),
    }
    return Mount(
        prefixes=PREFIXES,
        routes=routes,
        front=front,
        fallback=Hall(kit, routes, front),
        public=frozenset({"/docs", "/health", "/image", "/static", "/swagger"}),
    )
