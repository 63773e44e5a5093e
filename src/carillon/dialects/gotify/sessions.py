"""Sessions in a browser: devices whose token is a cookie that no script can read."""

from __future__ import annotations

from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response

from carillon.core.errors import Forbidden, NotFound, Unauthenticated
from carillon.core.kit import Kit
from carillon.dialects.gotify import door, parse, render


async def login(kit: Kit, request: Request) -> Response:
    """A new session, which lists show as a client of the given name. The token is in the cookie only."""
    who = await door.by_password(kit, request)
    name = parse.required(await door.fields(kit, request), "name")
    try:
        session, secret = await kit.accounts.devices.open_session(who.user, name)
    except Unauthenticated:
        raise door.Told(door.INVALID_CREDENTIALS) from None
    response = door.answer(render.current_user(who.user, session, now=kit.clock.now()))
    response.headers["set-cookie"] = door.COOKIE.set(kit, request.scope, secret, seconds=session.expires_after)
    return response


async def logout(kit: Kit, request: Request) -> Response:
    """Whatever client asks is gone after it, with its streams; a browser forgets the cookie."""
    who = await door.actor(kit, request.scope, signing_in=True)
    if who.device is None:
        raise Forbidden("no client auth provided")
    with suppress(NotFound):  # signed out twice at once
        await kit.accounts.devices.delete(who.user.id, who.device.id)
    response = door.answer()
    response.headers["set-cookie"] = door.COOKIE.set(kit, request.scope, "")
    return response
