"""The inbox: its pages, one message, and what a user does to his messages."""

from __future__ import annotations

from carillon.core.errors import BadInput, NotFound
from carillon.core.inbox import NO_MESSAGE
from carillon.core.kit import Kit
from carillon.dialects.native import answers, asks, render
from carillon.dialects.native.operation import Call, Nothing, Operation, by
from carillon.dialects.native.parse import FieldError, at_most, microseconds


async def index(kit: Kit, call: Call[asks.PageQuery, Nothing]) -> answers.InboxPage:
    limit = at_most("limit", call.query.limit, kit.limits.page)
    found = await kit.inbox.page(
        call.actor.user.id, limit=limit + 1, before=call.query.before, application_id=call.query.application
    )
    return render.inbox_page(found, limit)


async def show(kit: Kit, call: Call[Nothing, Nothing]) -> answers.InboxMessage:
    return render.inbox_message(await kit.inbox.item(call.actor.user.id, call.id))


async def by_public_id(kit: Kit, call: Call[Nothing, Nothing]) -> answers.InboxMessage:
    return render.inbox_message(await kit.inbox.by_public_id(call.actor.user.id, call.public_id))


async def patch(kit: Kit, call: Call[Nothing, asks.PatchState]) -> answers.InboxMessage:
    user_id, state = call.actor.user.id, _something(call.body)
    if not await kit.inbox.mark(user_id, [call.id], read=state.read, dismissed=state.dismissed, pinned=state.pinned):
        raise NotFound(NO_MESSAGE)
    return render.inbox_message(await kit.inbox.item(user_id, call.id))


async def delete(kit: Kit, call: Call[Nothing, Nothing]) -> None:
    await kit.inbox.delete_one(call.actor.user.id, call.id)


async def mark(kit: Kit, call: Call[Nothing, asks.MarkIds]) -> answers.Ids:
    wanted = call.body
    _something(wanted)
    marked = await kit.inbox.mark(
        call.actor.user.id, wanted.ids, read=wanted.read, dismissed=wanted.dismissed, pinned=wanted.pinned
    )
    return answers.Ids(marked)


async def mark_all(kit: Kit, call: Call[Nothing, asks.MarkAll]) -> answers.Marked:
    wanted = call.body
    if not wanted.read:
        raise FieldError("read", "read can only be true here")
    marked, more = await kit.inbox.read_up_to(call.actor.user.id, wanted.up_to, application_id=wanted.application)
    return answers.Marked(marked, more)


async def delete_many(kit: Kit, call: Call[Nothing, asks.DeleteIds]) -> answers.Ids:
    return answers.Ids(await kit.inbox.delete(call.actor.user.id, call.body.ids))


async def clear(kit: Kit, call: Call[asks.ClearQuery, Nothing]) -> None:
    query = call.query
    if query.all == (query.application is not None):
        raise BadInput("say what to delete: application=ID or all=true, and not both")
    older_than = None if query.older_than is None else microseconds(query.older_than)
    await kit.inbox.clear(call.actor.user.id, query.application, up_to=query.up_to, older_than=older_than)


def _something(state: asks.PatchState) -> asks.PatchState:
    """Raises BadInput for a request that would change nothing."""
    if state.read is state.dismissed is state.pinned is None:
        raise BadInput("say what to change: read, dismissed or pinned, true or false")
    return state


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/inbox",
        summary="List the inbox",
        text="Newest first.",
        refusals=(404,),
        **by(index, query=asks.PageQuery, body=Nothing, answer=answers.InboxPage),
    ),
    Operation(
        method="DELETE",
        path="/api/1/inbox",
        summary="Clear the inbox",
        text="Of one application, or of everything; without saying which, nothing is deleted. With `up_to` and "
        "`older_than` what came later stays. As quick for a million messages as for one, but for `older_than`, which "
        "looks at each that it deletes.",
        refusals=(404,),
        **by(clear, query=asks.ClearQuery, body=Nothing, answer=None),
    ),
    Operation(
        method="POST",
        path="/api/1/inbox/mark",
        summary="Mark several messages",
        example={"ids": [41, 42], "read": True},
        refusals=(413, 415),
        **by(mark, query=Nothing, body=asks.MarkIds, answer=answers.Ids),
    ),
    Operation(
        method="POST",
        path="/api/1/inbox/mark_all",
        summary="Mark everything as read",
        text="Some thousands of messages at once: while there are `more`, ask again.",
        example={"up_to": 42, "read": True},
        refusals=(404, 413, 415),
        **by(mark_all, query=Nothing, body=asks.MarkAll, answer=answers.Marked),
    ),
    Operation(
        method="POST",
        path="/api/1/inbox/delete",
        summary="Delete several messages",
        example={"ids": [40, 41]},
        refusals=(413, 415),
        **by(delete_many, query=Nothing, body=asks.DeleteIds, answer=answers.Ids),
    ),
    Operation(
        method="GET",
        path="/api/1/messages/{public_id}",
        summary="Get a message by its public id",
        of="The `public_id` of a message",
        refusals=(404,),
        **by(by_public_id, query=Nothing, body=Nothing, answer=answers.InboxMessage),
    ),
    Operation(
        method="GET",
        path="/api/1/inbox/{id}",
        summary="Get a message",
        refusals=(404,),
        **by(show, query=Nothing, body=Nothing, answer=answers.InboxMessage),
    ),
    Operation(
        method="PATCH",
        path="/api/1/inbox/{id}",
        summary="Mark a message",
        text="On every device of the user.",
        example={"read": True},
        refusals=(404, 413, 415),
        **by(patch, query=Nothing, body=asks.PatchState, answer=answers.InboxMessage),
    ),
    Operation(
        method="DELETE",
        path="/api/1/inbox/{id}",
        summary="Delete a message",
        text="From this inbox; other receivers keep theirs.",
        refusals=(404,),
        **by(delete, query=Nothing, body=Nothing, answer=None),
    ),
)
