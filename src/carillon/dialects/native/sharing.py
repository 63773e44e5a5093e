"""Groups of users, and with whom applications are shared."""

from __future__ import annotations

from carillon.core.errors import BadInput
from carillon.core.kit import Kit
from carillon.dialects.native import answers, asks, render
from carillon.dialects.native.operation import Call, Nothing, Operation, by


async def groups(kit: Kit, _: Call[Nothing, Nothing]) -> answers.Groups:
    return answers.Groups([render.group(group) for group in await kit.accounts.groups.all()])


async def add_group(kit: Kit, call: Call[Nothing, asks.NameGroup]) -> answers.Group:
    return render.group(await kit.accounts.groups.add(call.body.name))


async def rename_group(kit: Kit, call: Call[Nothing, asks.NameGroup]) -> answers.Group:
    await kit.accounts.groups.rename(call.id, call.body.name)
    return render.group(await kit.accounts.groups.named(call.body.name))


async def delete_group(kit: Kit, call: Call[Nothing, Nothing]) -> None:
    await kit.accounts.groups.delete(call.id)


async def members(kit: Kit, call: Call[Nothing, Nothing]) -> answers.Members:
    return answers.Members([answers.Member(user.id, user.name) for user in await kit.accounts.groups.members(call.id)])


async def add_member(kit: Kit, call: Call[Nothing, asks.NameUser]) -> answers.Members:
    await kit.accounts.groups.join(call.id, (await kit.accounts.users.named(call.body.user)).id)
    return answers.Members([answers.Member(user.id, user.name) for user in await kit.accounts.groups.members(call.id)])


async def remove_member(kit: Kit, call: Call[asks.NameUser, Nothing]) -> None:
    await kit.accounts.groups.leave(call.id, (await kit.accounts.users.named(call.query.user)).id)


async def shares(kit: Kit, call: Call[Nothing, Nothing]) -> answers.Shares:
    found = await kit.accounts.applications.shares(call.actor.user.id, call.id)
    return answers.Shares([render.share(share) for share in found])


async def share(kit: Kit, call: Call[Nothing, asks.ShareWith]) -> answers.Shares:
    user_id, group_id = await _with(kit, call.body)
    await kit.accounts.applications.share(call.actor.user.id, call.id, with_user=user_id, with_group=group_id)
    found = await kit.accounts.applications.shares(call.actor.user.id, call.id)
    return answers.Shares([render.share(share) for share in found])


async def unshare(kit: Kit, call: Call[asks.ShareWith, Nothing]) -> None:
    user_id, group_id = await _with(kit, call.query)
    await kit.accounts.applications.unshare(call.actor.user.id, call.id, with_user=user_id, with_group=group_id)


async def _with(kit: Kit, named: asks.ShareWith) -> tuple[int | None, int | None]:
    """The ids of a user or a group. Raises BadInput, NotFound."""
    if (named.user is None) == (named.group is None):
        raise BadInput("name either a user or a group")
    if named.user is not None:
        return (await kit.accounts.users.named(named.user)).id, None
    return None, (await kit.accounts.groups.named(named.group or "")).id


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/applications/{id}/shares",
        summary="List with whom an application is shared",
        of="Of an application",
        refusals=(404,),
        **by(shares, query=Nothing, body=Nothing, answer=answers.Shares),
    ),
    Operation(
        method="POST",
        path="/api/1/applications/{id}/shares",
        summary="Share an application",
        text="With a user or with a group: from now on its messages reach them too. Only its owner may.",
        of="Of an application",
        example={"group": "family"},
        refusals=(404, 413, 415),
        **by(share, query=Nothing, body=asks.ShareWith, answer=answers.Shares),
    ),
    Operation(
        method="DELETE",
        path="/api/1/applications/{id}/shares",
        summary="Stop sharing an application",
        text="With a user or with a group. They keep the messages they have.",
        of="Of an application",
        refusals=(404,),
        **by(unshare, query=asks.ShareWith, body=Nothing, answer=None),
    ),
    Operation(
        method="GET",
        path="/api/1/groups",
        summary="List the groups",
        **by(groups, query=Nothing, body=Nothing, answer=answers.Groups),
    ),
    Operation(
        method="POST",
        path="/api/1/groups",
        summary="Add a group",
        access="admin",
        example={"name": "team"},
        refusals=(409, 413, 415),
        **by(add_group, query=Nothing, body=asks.NameGroup, answer=answers.Group),
    ),
    Operation(
        method="PATCH",
        path="/api/1/groups/{id}",
        summary="Rename a group",
        access="admin",
        of="Of a group",
        example={"name": "home"},
        refusals=(404, 409, 413, 415),
        **by(rename_group, query=Nothing, body=asks.NameGroup, answer=answers.Group),
    ),
    Operation(
        method="DELETE",
        path="/api/1/groups/{id}",
        summary="Delete a group",
        text="Its users keep the messages they have.",
        access="admin",
        of="Of a group",
        refusals=(404,),
        **by(delete_group, query=Nothing, body=Nothing, answer=None),
    ),
    Operation(
        method="GET",
        path="/api/1/groups/{id}/members",
        summary="List the members of a group",
        access="admin-look",
        of="Of a group",
        **by(members, query=Nothing, body=Nothing, answer=answers.Members),
    ),
    Operation(
        method="POST",
        path="/api/1/groups/{id}/members",
        summary="Add a member to a group",
        text="From now on the applications that are shared with the group reach him.",
        access="admin",
        of="Of a group",
        example={"user": "eve"},
        refusals=(404, 413, 415),
        **by(add_member, query=Nothing, body=asks.NameUser, answer=answers.Members),
    ),
    Operation(
        method="DELETE",
        path="/api/1/groups/{id}/members",
        summary="Remove a member from a group",
        text="He keeps the messages he has.",
        access="admin",
        of="Of a group",
        refusals=(404,),
        **by(remove_member, query=asks.NameUser, body=Nothing, answer=None),
    ),
)
