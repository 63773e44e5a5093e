"""Plugins: Go's, which cannot be loaded here, so that a user has none and each id is unknown."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from carillon.core.errors import NotFound
from carillon.core.kit import Kit
from carillon.dialects.gotify import door


async def index(kit: Kit, request: Request) -> Response:
    await door.actor(kit, request.scope)
    return door.answer([])


async def one(kit: Kit, request: Request) -> Response:
    await door.actor(kit, request.scope)
    door.path_id(request)
    raise NotFound("unknown plugin")
