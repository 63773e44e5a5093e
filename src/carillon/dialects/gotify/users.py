"""Users: the one who asks, and all of them for admins; and sign-up, where the installation allows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import Response

from carillon.core.errors import BadInput, Conflict, Forbidden, NotFound
from carillon.core.kit import Kit
from carillon.core.models import User
from carillon.dialects.gotify import door, parse, render


async def current(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope, signing_in=True)
    return door.answer(render.current_user(who.user, who.device, now=kit.clock.now()))


async def set_password(kit: Kit, request: Request) -> Response:
    """Sessions in other browsers end, clients stay."""
    who = await door.elevated(kit, request, signing_in=True)
    password = parse.required(await door.fields(kit, request), "pass")
    await kit.accounts.users.set_password(who.user.id, password, keep=None if who.device is None else who.device.id)
    return door.answer()


async def index(kit: Kit, request: Request) -> Response:
    await door.admin(kit, request)
    return door.answer([render.user(user) for user in await kit.accounts.users.all()])


async def create(kit: Kit, request: Request) -> Response:
    """The one route where a client of an admin need not be elevated, and anybody may ask."""
    fields = await door.fields(kit, request)
    name, password = parse.all_required(fields, "name", "pass")
    admin = parse.flag(fields, "admin")
    who = await door.visitor(kit, request)
    with _in_gotifys_words():
        if who is not None and who.user.admin:
            user = await kit.accounts.users.add(name, password, admin=admin)
        else:
            refused = door.Told if who is None else Forbidden
            if not kit.site.registration:
                raise refused(door.NOT_ALLOWED)
            if admin:
                raise refused("you are not allowed to create an admin user")
            peer = kit.site.peers.of(request.scope["client"], request.scope["headers"])
            user = await kit.accounts.users.register(name, password, peer)
    return door.answer(render.user(user))


async def show(kit: Kit, request: Request) -> Response:
    await door.admin(kit, request)
    return door.answer(render.user(await _named(kit, request)))


async def update(kit: Kit, request: Request) -> Response:
    """Without `admin` he is none any more; without `pass` he keeps his password."""
    await door.admin(kit, request)
    user = await _named(kit, request)
    fields = await door.fields(kit, request)
    with _in_gotifys_words():
        changed = await kit.accounts.users.update(
            user.id,
            name=parse.required(fields, "name"),
            admin=parse.flag(fields, "admin"),
            password=parse.text(fields, "pass") or None,
        )
    return door.answer(render.user(changed))


async def delete(kit: Kit, request: Request) -> Response:
    await door.admin(kit, request)
    user = await _named(kit, request)
    with _in_gotifys_words():
        await kit.accounts.users.delete(user.id)
    return door.answer()


async def _named(kit: Kit, request: Request) -> User:
    """The user of the id in the path."""
    with _in_gotifys_words():
        return await kit.accounts.users.get(door.path_id(request))


@contextmanager
def _in_gotifys_words() -> Iterator[None]:
    try:
        yield
    except NotFound:
        raise NotFound("user does not exist") from None
    except Conflict as error:  # a name that is taken, or the last admin: the core words them as Gotify does
        raise BadInput(str(error)) from None
