"""The inbox: its pages, one message, and what a user does to his messages."""

from __future__ import annotations

from carillon.core.errors import BadInput, NotFound
from carillon.core.kit import Kit
from carillon.dialects.native import answers, asks, render
from carillon.dialects.native.operation import Call, Nothing
from carillon.dialects.native.parse import at_most


async def index(kit: Kit, call: Call[asks.PageQuery, Nothing]) -> answers.InboxPage:
    limit = at_most("limit", call.query.limit, kit.limits.page)
    found = await kit.inbox.page(
        call.actor.user.id, limit=limit + 1, before=call.query.before, application_id=call.query.application
    )
    return render.inbox_page(found, limit)


async def show(kit: Kit, call: Call[Nothing, Nothing]) -> answers.InboxMessage:
    return render.inbox_message(await kit.inbox.item(call.actor.user.id, call.id))


async def patch(kit: Kit, call: Call[Nothing, asks.PatchState]) -> answers.InboxMessage:
    user_id, state = call.actor.user.id, _something(call.body)
    if not await kit.inbox.mark(user_id, [call.id], read=state.read, dismissed=state.dismissed):
        raise NotFound("message does not exist")
    return render.inbox_message(await kit.inbox.item(user_id, call.id))


async def delete(kit: Kit, call: Call[Nothing, Nothing]) -> None:
    await kit.inbox.delete_one(call.actor.user.id, call.id)


async def mark(kit: Kit, call: Call[Nothing, asks.MarkIds]) -> answers.Ids:
    wanted = call.body
    _something(wanted)
    return answers.Ids(
        await kit.inbox.mark(call.actor.user.id, wanted.ids, read=wanted.read, dismissed=wanted.dismissed)
    )


async def delete_many(kit: Kit, call: Call[Nothing, asks.DeleteIds]) -> answers.Ids:
    return answers.Ids(await kit.inbox.delete(call.actor.user.id, call.body.ids))


async def clear(kit: Kit, call: Call[asks.ClearQuery, Nothing]) -> None:
    application_id, everything = call.query.application, call.query.all
    if everything == (application_id is not None):
        raise BadInput("say what to delete: application=ID or all=true, and not both")
    await kit.inbox.clear(call.actor.user.id, application_id)


def _something(state: asks.PatchState) -> asks.PatchState:
    """Raises BadInput for a request that would change nothing."""
    if state.read is None and state.dismissed is None:
        raise BadInput("say what to change: read or dismissed, true or false")
    return state
