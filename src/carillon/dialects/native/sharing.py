"""Groups of users, and with whom applications are shared."""

from __future__ import annotations

from carillon.core.errors import BadInput
from carillon.core.kit import Kit
from carillon.dialects.native import answers, asks, render
from carillon.dialects.native.operation import Call, Nothing


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


async def leave(kit: Kit, call: Call[Nothing, Nothing]) -> None:
    await kit.accounts.applications.delete(call.actor.user.id, call.id)


async def _with(kit: Kit, named: asks.ShareWith) -> tuple[int | None, int | None]:
    """The ids of a user or a group. Raises BadInput, NotFound."""
    if (named.user is None) == (named.group is None):
        raise BadInput("name either a user or a group")
    if named.user is not None:
        return (await kit.accounts.users.named(named.user)).id, None
    return None, (await kit.accounts.groups.named(named.group or "")).id
