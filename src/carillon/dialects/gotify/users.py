"""The user who asks."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from carillon.core.kit import Kit
from carillon.dialects.gotify import door, parse, render


async def current(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope, signing_in=True)
    return door.answer(render.current_user(who.user, who.device))


async def set_password(kit: Kit, request: Request) -> Response:
    who = await door.elevated(kit, request, signing_in=True)
    fields = await door.fields(kit, request)
    await kit.accounts.users.set_password(who.user.id, parse.required(fields, "pass"))
    return door.answer()
