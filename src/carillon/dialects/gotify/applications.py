"""Applications: list and create."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from carillon.core.errors import BadInput, Conflict
from carillon.core.kit import Kit
from carillon.dialects.gotify import door, parse, render


async def index(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    found = await kit.accounts.applications.of(who.user.id)
    return door.answer([render.application(subscription) for subscription in found])


async def create(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    fields = await door.fields(kit, request)
    try:
        subscription, secret = await kit.accounts.applications.add(
            who.user.id,
            parse.required(fields, "name"),
            description=parse.text(fields, "description") or "",
            default_priority=parse.number("defaultPriority", parse.field(fields, "defaultPriority")) or 0,
            sort_key=parse.text(fields, "sortKey"),
        )
    except Conflict as error:
        raise BadInput(str(error)) from None
    return door.answer(render.application(subscription, secret))
