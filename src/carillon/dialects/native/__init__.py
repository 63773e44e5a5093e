"""Our own JSON API, spoken by the web app and by whoever writes for Carillon; docs/native.md is its tutorial."""

from __future__ import annotations

from msgspec.structs import replace
from starlette.routing import Route
from starlette.types import ASGIApp

from carillon.core.kit import Kit
from carillon.core.limits import Limits
from carillon.dialects import Mount
from carillon.dialects.native.door import Door, Nowhere, app
from carillon.dialects.native.manual import Description, Page
from carillon.dialects.native.openapi import Json, describe
from carillon.dialects.native.operation import Front
from carillon.dialects.native.operations import OPERATIONS
from carillon.dialects.native.stream import STREAM

API = 1

PREFIX = "/api"


class Described:
    """The description of the API with the bounds that are in force. It is made when somebody asks for it: that takes
    longer than all the rest of a start, and commands start without ever showing it."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._made: tuple[Limits, Json] | None = None

    def __call__(self) -> Json:
        limits = self._kit.limits
        if self._made is None or self._made[0] != limits:
            self._made = replace(limits), describe(OPERATIONS, limits, self._kit.site.build)
        return self._made[1]


def mount(kit: Kit) -> Mount:
    described = Described(kit)
    description = Description(described)
    paths: dict[str, dict[str, ASGIApp]] = {
        "/api/openapi.json": {"GET": description},
        "/api/docs": {"GET": Page(described, description)},
    }
    front: dict[tuple[str, str], ASGIApp] = {}
    for operation in OPERATIONS:
        answering = app(kit, operation)
        paths.setdefault(operation.path, {})[operation.method] = answering
        if isinstance(operation.served, Front):
            front[operation.method, operation.path] = answering
        if operation is STREAM:
            front["WEBSOCKET", operation.path] = answering
    routes = [Route(path, Door(methods)) for path, methods in paths.items()]
    others = [Route(path, Nowhere()) for path in (PREFIX, PREFIX + "/{rest:path}")]
    return Mount(prefixes=(PREFIX,), routes=[*routes, *others], front=front)
