"""The devices of a user, and his sessions in browsers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from carillon.core.devices import LONGEST
from carillon.core.errors import BadInput, NotFound
from carillon.core.kit import Kit
from carillon.core.models import Device, DeviceKind
from carillon.dialects.native import answers, render
from carillon.dialects.native.answers import Time
from carillon.dialects.native.asks import limited
from carillon.dialects.native.operation import Call, Nothing, Operation, by

Seconds = Annotated[int, Meta(ge=0, le=LONGEST, description="Without use after which it ends; 0: never")]


class CreateDevice(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1), limited("name", "What people call it")]
    expires_after: Seconds = 0


class PatchDevice(Struct, forbid_unknown_fields=True):
    """Left out: stays as it is."""

    name: Annotated[Annotated[str, Meta(min_length=1)] | None, limited("name", "What people call it")] = None
    expires_after: Seconds | None = None


class Session(Struct, kw_only=True):
    id: int
    name: str
    created: Time
    last_used: Time | None
    expires: Annotated[Time | None, Meta(description="When it ends unless it is used before; null: never")]
    current: Annotated[bool, Meta(description="The one that asks")]


class Sessions(Struct):
    sessions: list[Session]


async def devices(kit: Kit, call: Call[Nothing, Nothing]) -> answers.Devices:
    return answers.Devices([_device(kit, one) for one in await _of(kit, call.actor.user.id, "device")])


async def add_device(kit: Kit, call: Call[Nothing, CreateDevice]) -> answers.NewDevice:
    asked = call.body
    return render.new_device(
        *await kit.accounts.devices.add(call.actor.user.id, asked.name, expires_after=asked.expires_after)
    )


async def patch_device(kit: Kit, call: Call[Nothing, PatchDevice]) -> answers.Device:
    user_id, asked = call.actor.user.id, call.body
    if asked.name is None and asked.expires_after is None:
        raise BadInput("say what to change: name or expires_after")
    await _require(kit, user_id, call.id, kind="device")
    changed = await kit.accounts.devices.update(user_id, call.id, name=asked.name, expires_after=asked.expires_after)
    return _device(kit, changed)


async def delete_device(kit: Kit, call: Call[Nothing, Nothing]) -> None:
    await _require(kit, call.actor.user.id, call.id, kind="device")
    await kit.accounts.devices.delete(call.actor.user.id, call.id)


async def sessions(kit: Kit, call: Call[Nothing, Nothing]) -> Sessions:
    asking = call.actor.device
    return Sessions(
        [
            Session(
                id=one.id,
                name=one.name,
                created=render.time(one.created),
                last_used=render.time_or_null(one.last_used),
                expires=render.time_or_null(one.expires),
                current=asking is not None and asking.id == one.id,
            )
            for one in await _of(kit, call.actor.user.id, "session")
        ]
    )


async def end_session(kit: Kit, call: Call[Nothing, Nothing]) -> None:
    await _require(kit, call.actor.user.id, call.id, kind="session")
    await kit.accounts.devices.delete(call.actor.user.id, call.id)


async def end_others(kit: Kit, call: Call[Nothing, Nothing]) -> None:
    asking = call.actor.device
    await kit.accounts.devices.end_sessions(call.actor.user.id, but=None if asking is None else asking.id)


async def _of(kit: Kit, user_id: int, kind: DeviceKind) -> list[Device]:
    return [one for one in await kit.accounts.devices.of(user_id) if one.kind == kind]


async def _require(kit: Kit, user_id: int, device_id: int, *, kind: DeviceKind) -> None:
    """Raises NotFound."""
    if (await kit.accounts.devices.get(user_id, device_id)).kind != kind:
        raise NotFound(f"{kind} does not exist")


def _device(kit: Kit, stored: Device) -> answers.Device:
    return render.device(stored, online=stored.id in kit.hub.devices())


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/devices",
        summary="List the devices",
        **by(devices, query=Nothing, body=Nothing, answer=answers.Devices),
    ),
    Operation(
        method="POST",
        path="/api/1/devices",
        summary="Add a device",
        text="Its token is in the answer, and shown this once.",
        example={"name": "phone"},
        refusals=(413, 415),
        **by(add_device, query=Nothing, body=CreateDevice, answer=answers.NewDevice),
    ),
    Operation(
        method="PATCH",
        path="/api/1/devices/{id}",
        summary="Change a device",
        of="Of a device",
        example={"name": "old phone", "expires_after": 2592000},
        refusals=(404, 413, 415),
        **by(patch_device, query=Nothing, body=PatchDevice, answer=answers.Device),
    ),
    Operation(
        method="DELETE",
        path="/api/1/devices/{id}",
        summary="Revoke a device",
        text="Its token is dead at once, and its streams end.",
        access="elevated",
        of="Of a device",
        refusals=(404,),
        **by(delete_device, query=Nothing, body=Nothing, answer=None),
    ),
    Operation(
        method="GET",
        path="/api/1/sessions",
        summary="List the sessions",
        text="Where the user is signed in with a browser.",
        **by(sessions, query=Nothing, body=Nothing, answer=Sessions),
    ),
    Operation(
        method="DELETE",
        path="/api/1/sessions",
        summary="End all other sessions",
        **by(end_others, query=Nothing, body=Nothing, answer=None),
    ),
    Operation(
        method="DELETE",
        path="/api/1/sessions/{id}",
        summary="End a session",
        of="Of a session",
        refusals=(404,),
        **by(end_session, query=Nothing, body=Nothing, answer=None),
    ),
)
