"""Clients, which the product calls devices: list, create, change, elevate, delete."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from starlette.requests import Request
from starlette.responses import Response

from carillon.core.access import Actor
from carillon.core.devices import LONGEST
from carillon.core.errors import BadInput, NotFound
from carillon.core.kit import Kit
from carillon.core.models import Device
from carillon.dialects.gotify import door, parse, render


async def index(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    devices = await kit.accounts.devices.of(who.user.id)
    secrets = await _secrets(kit, request, who=who, devices=devices)
    return door.answer([render.client(device, secrets.get(device.id)) for device in devices])


async def create(kit: Kit, request: Request) -> Response:
    who = await door.actor(kit, request.scope)
    fields = await door.fields(kit, request)
    device, secret = await kit.accounts.devices.add(
        who.user.id, parse.required(fields, "name"), expires_after=_expires_after(fields) or 0
    )
    return door.answer(render.client(device, secret))


async def update(kit: Kit, request: Request) -> Response:
    """Without an expiry the one that it has stays."""
    who = await door.actor(kit, request.scope)
    number = door.path_id(request)
    with _missing(f"client with id {number} doesn't exists"):
        await kit.accounts.devices.get(who.user.id, number)
        fields = await door.fields(kit, request)
        device = await kit.accounts.devices.update(
            who.user.id, number, name=parse.required(fields, "name"), expires_after=_expires_after(fields)
        )
    secrets = await _secrets(kit, request, who=who, devices=[device])
    return door.answer(render.client(device, secrets.get(device.id)))


async def elevate(kit: Kit, request: Request) -> Response:
    """204, which no other route of Gotify's answers."""
    who = await door.elevated(kit, request)
    number = door.path_id(request)
    with _missing("client not found"):
        await kit.accounts.devices.get(who.user.id, number)
        seconds = parse.number("durationSeconds", parse.field(await door.fields(kit, request), "durationSeconds"))
        if not seconds:
            raise BadInput("Field 'durationSeconds' is required")
        await kit.accounts.devices.elevate(who.user.id, number, _bounded("durationSeconds", seconds))
    return Response(status_code=204)


async def delete(kit: Kit, request: Request) -> Response:
    """Itself a client may delete without more: so Gotify's app for Android signed out before 3.0."""
    who = await door.actor(kit, request.scope)
    itself = who.device is not None and request.path_params["id"] == str(who.device.id)
    if not itself:
        door.require_elevated(kit, who)
    number = door.path_id(request)
    with _missing(f"client with id {number} doesn't exists"):
        await kit.accounts.devices.delete(who.user.id, number)
    return door.answer()


async def _secrets(kit: Kit, request: Request, *, who: Actor, devices: Sequence[Device]) -> dict[int, str]:
    """The tokens to show, by client.

    That of the asking client is shown to it, since it has just sent it: Gotify's app for Android looks for its own
    to sign out. One from a cookie is not, nor that of any session: no script in a browser is to get hold of it.
    """
    secrets = await kit.accounts.tokens.revealed("device", [device.id for device in devices if device.kind == "device"])
    sent = door.secret(request.scope["headers"], request.scope["query_string"])
    if sent is not None and who.device is not None:
        secrets[who.device.id] = sent
    return secrets


def _expires_after(fields: dict[str, parse.Value]) -> int | None:
    name = "expiresAfterInactivitySeconds"
    seconds = parse.number(name, parse.field(fields, name))
    if seconds is not None and seconds < 0:
        raise BadInput(f"Field '{name}' must be more or equal to 0")
    return None if seconds is None else _bounded(name, seconds)


def _bounded(name: str, seconds: int) -> int:
    if seconds > LONGEST:
        raise BadInput(f"Field '{name}' must be less or equal to {LONGEST}")
    return seconds


@contextmanager
def _missing(text: str) -> Iterator[None]:
    try:
        yield
    except NotFound:
        raise NotFound(text) from None
