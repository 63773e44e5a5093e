"""Applications: list, create, change, delete."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import Response

from carillon.core.errors import BadInput, Conflict, Forbidden, NotFound
from carillon.core.kit import Kit
from carillon.core.models import Subscription
from carillon.core.ports import ApplicationChange
from carillon.dialects.gotify import door, parse, render


async def index(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    return door.answer(await shown(kit, await kit.accounts.applications.of(who.user.id)))


async def create(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    fields = await door.fields(kit, request)
    try:
        subscription, secret = await kit.accounts.applications.add(
            who.user.id,
            parse.required(fields, "name"),
            description=parse.text(fields, "description") or "",
            default_priority=_default_priority(fields),
            sort_key=parse.text(fields, "sortKey"),
        )
    except Conflict as error:
        raise BadInput(str(error)) from None
    return door.answer(render.application(subscription, secret))


async def update(kit: Kit, request: Request) -> Response:
    """What is left out is set to nothing, but for the sort key."""
    who = await door.actor(kit, request.scope)
    number = door.path_id(request)
    with in_gotifys_words(number):
        await kit.accounts.applications.get(who.user.id, number)
        fields = await door.fields(kit, request)
        changed = await kit.accounts.applications.update(
            who.user.id,
            number,
            ApplicationChange(
                name=parse.required(fields, "name"),
                description=parse.text(fields, "description") or "",
                default_priority=_default_priority(fields) or 0,
                sort_key=parse.text(fields, "sortKey"),
            ),
        )
    return door.answer(*await shown(kit, [changed]))


async def set_security(kit: Kit, request: Request) -> Response:
    who = await door.elevated(kit, request)
    number = door.path_id(request)
    with in_gotifys_words(number):
        await kit.accounts.applications.own(who.user.id, number)
        if not parse.flag(await door.fields(kit, request), "regenerateToken"):
            return door.answer({})
        secret = await kit.accounts.applications.regenerate(who.user.id, number)
    return door.answer({"regenerateToken": {"token": secret}})


async def delete(kit: Kit, request: Request) -> Response:
    """Who does not own it leaves it."""
    who = await door.elevated(kit, request)
    number = door.path_id(request)
    with in_gotifys_words(number):
        await kit.accounts.applications.delete(who.user.id, number)
    return door.answer()


async def shown(kit: Kit, found: Sequence[Subscription]) -> list[object]:
    """With their tokens, where these may be shown: to the owner, of those that were sealed when they were made."""
    own = [subscription.application.id for subscription in found if subscription.role == "owner"]
    secrets = await kit.accounts.tokens.revealed("application", own)
    return [render.application(subscription, secrets.get(subscription.application.id)) for subscription in found]


@contextmanager
def in_gotifys_words(number: int) -> Iterator[None]:
    """What the core refuses for the application of this id."""
    try:
        yield
    except NotFound:
        raise NotFound(f"app with id {number} doesn't exists") from None
    except Forbidden:
        raise Forbidden(door.NOT_ALLOWED) from None
    except Conflict as error:
        raise BadInput(str(error)) from None


def _default_priority(fields: dict[str, parse.Value]) -> int | None:
    return parse.number("defaultPriority", parse.field(fields, "defaultPriority"))
