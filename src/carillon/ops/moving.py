"""The operations by which a command that has read another server's database hands over what is in it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from carillon.core.foreign import (
    Adopted,
    Arrivals,
    ForeignApplication,
    ForeignDevice,
    ForeignMessage,
    ForeignUser,
    Prospect,
    Settled,
    Tops,
)
from carillon.ops.desk import Desk, Nothing, Operation


class Users(Struct, frozen=True):
    origin_id: int
    users: list[ForeignUser]


class Applications(Struct, frozen=True):
    origin_id: int
    applications: list[ForeignApplication]


class Devices(Struct, frozen=True):
    origin_id: int
    devices: list[ForeignDevice]


class Messages(Struct, frozen=True):
    origin_id: int
    messages: list[ForeignMessage]


class Fates(Struct, frozen=True):
    fates: list[Adopted]


class End(Struct, frozen=True):
    origin_id: int
    tops: Tops


async def foresee_move(desk: Desk, arrivals: Arrivals) -> Prospect:
    return await desk.moving.prospect(arrivals)


async def begin_move(desk: Desk, arrivals: Arrivals) -> Prospect:
    return await desk.moving.begin(arrivals)


async def move_users(desk: Desk, some: Users) -> Fates:
    return Fates(await desk.moving.users(some.origin_id, some.users))


async def move_applications(desk: Desk, some: Applications) -> Fates:
    return Fates(await desk.moving.applications(some.origin_id, some.applications))


async def move_devices(desk: Desk, some: Devices) -> Fates:
    return Fates(await desk.moving.devices(some.origin_id, some.devices))


async def move_messages(desk: Desk, some: Messages) -> Settled:
    return await desk.moving.messages(some.origin_id, some.messages)


async def end_move(desk: Desk, end: End) -> Nothing:
    await desk.moving.end(end.origin_id, end.tops)
    return Nothing()


FORESEE_MOVE = Operation("foresee_move", Arrivals, Prospect, foresee_move)
BEGIN_MOVE = Operation("begin_move", Arrivals, Prospect, begin_move)
MOVE_USERS = Operation("move_users", Users, Fates, move_users)
MOVE_APPLICATIONS = Operation("move_applications", Applications, Fates, move_applications)
MOVE_DEVICES = Operation("move_devices", Devices, Fates, move_devices)
MOVE_MESSAGES = Operation("move_messages", Messages, Settled, move_messages)
END_MOVE = Operation("end_move", End, Nothing, end_move)

OPERATIONS: dict[str, Operation[Any, Any]] = {
    operation.name: operation
    for operation in (
        FORESEE_MOVE,
        BEGIN_MOVE,
        MOVE_USERS,
        MOVE_APPLICATIONS,
        MOVE_DEVICES,
        MOVE_MESSAGES,
        END_MOVE,
    )
}
