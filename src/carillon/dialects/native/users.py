"""Users: whom everybody may share with, and all that an admin may do with them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from carillon.core.errors import BadInput
from carillon.core.kit import Kit
from carillon.core.ports import UserInfo
from carillon.dialects.native import render
from carillon.dialects.native.answers import Time
from carillon.dialects.native.asks import limited
from carillon.dialects.native.operation import Call, Nothing, Operation, by

NAME = limited("name", "The user's name")
PASSWORD = limited("name", "The user's password")


class Named(Struct):
    id: int
    name: str


class People(Struct):
    """With whom applications can be shared."""

    users: list[Named]
    groups: list[Named]


class ManagedUser(Struct, kw_only=True):
    id: int
    name: str
    admin: bool
    created: Time
    initial_password: Annotated[bool, Meta(description="The password is still the published default")]
    applications: Annotated[int, Meta(description="How many he owns")]
    devices: Annotated[int, Meta(description="How many he has, with his sessions")]
    last_used: Annotated[Time | None, Meta(description="When one of his devices was used")]


class Users(Struct):
    users: list[ManagedUser]


class Holdings(Struct):
    """What goes with a user."""

    applications: Annotated[list[str], Meta(description="Names of those that nobody else owns")]
    devices: int
    messages: Annotated[int, Meta(description="In his inbox, counted to 10000")]


class CreateUser(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1), NAME]
    password: Annotated[str, Meta(min_length=1), PASSWORD]
    admin: bool = False


class PatchUser(Struct, forbid_unknown_fields=True):
    """Left out: stays as it is."""

    name: Annotated[Annotated[str, Meta(min_length=1)] | None, NAME] = None
    admin: bool | None = None
    password: Annotated[Annotated[str, Meta(min_length=1)] | None, PASSWORD] = None


async def people(kit: Kit, _: Call[Nothing, Nothing]) -> People:
    return People(
        [Named(user.id, user.name) for user in await kit.accounts.users.all()],
        [Named(group.id, group.name) for group in await kit.accounts.groups.all()],
    )


async def users(kit: Kit, _: Call[Nothing, Nothing]) -> Users:
    return Users([_managed(info) for info in await kit.accounts.users.infos()])


async def add(kit: Kit, call: Call[Nothing, CreateUser]) -> ManagedUser:
    asked = call.body
    return _managed(UserInfo(await kit.accounts.users.add(asked.name, asked.password, admin=asked.admin), 0, 0))


async def patch(kit: Kit, call: Call[Nothing, PatchUser]) -> ManagedUser:
    asked = call.body
    if asked == PatchUser():
        raise BadInput("say what to change: name, admin or password")
    await kit.accounts.users.update(call.id, name=asked.name, admin=asked.admin, password=asked.password)
    return _managed(await kit.accounts.users.info(call.id))


async def delete(kit: Kit, call: Call[Nothing, Nothing]) -> None:
    await kit.accounts.users.delete(call.id)


async def holdings(kit: Kit, call: Call[Nothing, Nothing]) -> Holdings:
    found = await kit.accounts.users.holdings(call.id)
    return Holdings(found.applications, found.devices, found.messages)


def _managed(info: UserInfo) -> ManagedUser:
    user = info.user
    return ManagedUser(
        id=user.id,
        name=user.name,
        admin=user.admin,
        created=render.time(user.created),
        initial_password=user.initial_password,
        applications=info.applications,
        devices=info.devices,
        last_used=render.time_or_null(info.last_used),
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/people",
        summary="List whom one can share with",
        text="All users and all groups.",
        **by(people, query=Nothing, body=Nothing, answer=People),
    ),
    Operation(
        method="GET",
        path="/api/1/users",
        summary="List the users",
        access="admin-look",
        **by(users, query=Nothing, body=Nothing, answer=Users),
    ),
    Operation(
        method="POST",
        path="/api/1/users",
        summary="Add a user",
        access="admin",
        example={"name": "eve", "password": "secret"},
        refusals=(409, 413, 415),
        **by(add, query=Nothing, body=CreateUser, answer=ManagedUser),
    ),
    Operation(
        method="PATCH",
        path="/api/1/users/{id}",
        summary="Change a user",
        text="A new password ends his sessions; his devices stay.",
        access="admin",
        of="Of a user",
        example={"admin": True},
        refusals=(404, 409, 413, 415),
        **by(patch, query=Nothing, body=PatchUser, answer=ManagedUser),
    ),
    Operation(
        method="DELETE",
        path="/api/1/users/{id}",
        summary="Delete a user",
        text="With his devices, his inbox, and the applications that nobody else owns. The last admin stays.",
        access="admin",
        of="Of a user",
        refusals=(404, 409),
        **by(delete, query=Nothing, body=Nothing, answer=None),
    ),
    Operation(
        method="GET",
        path="/api/1/users/{id}/holdings",
        summary="What goes with a user?",
        text="Before he is deleted.",
        access="admin-look",
        of="Of a user",
        refusals=(404,),
        **by(holdings, query=Nothing, body=Nothing, answer=Holdings),
    ),
)
