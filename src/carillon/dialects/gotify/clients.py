"""Clients, which the product calls devices: list and create."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from carillon.core.errors import BadInput
from carillon.core.kit import Kit
from carillon.dialects.gotify import door, parse, render


async def index(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    return door.answer([render.client(device) for device in await kit.accounts.devices.of(who.user.id)])


async def create(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    fields = await door.fields(kit, request)
    name = parse.required(fields, "name")
    if parse.number("expiresAfterInactivitySeconds", parse.field(fields, "expiresAfterInactivitySeconds")):
        raise BadInput("clients that expire are not supported yet: leave out expiresAfterInactivitySeconds, or send 0")
    device, secret = await kit.accounts.devices.add(who.user.id, name)
    return door.answer(render.client(device, secret))
