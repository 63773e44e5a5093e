"""What a user sends himself to an application that he has: a message of his own, or one again."""

from __future__ import annotations

from carillon.core.kit import Kit
from carillon.core.ports import Sender
from carillon.core.priority import Scale
from carillon.core.publish import again
from carillon.dialects.native import answers, asks, render
from carillon.dialects.native.operation import Call, Nothing, Operation, by
from carillon.dialects.native.parse import draft_of


async def send(kit: Kit, call: Call[Nothing, asks.NewMessage]) -> answers.Message:
    draft = draft_of(call.body)
    sender = await _sender(kit, call, call.id)
    return render.message(await kit.publisher.publish(sender, draft, scale=render.SCALE))


async def resend(kit: Kit, call: Call[Nothing, Nothing]) -> answers.Message:
    message = (await kit.inbox.item(call.actor.user.id, call.id)).message
    sender = await _sender(kit, call, message.application_id)
    return render.message(await kit.publisher.publish(sender, again(message), scale=Scale(message.dialect)))


async def _sender(kit: Kit, call: Call[Nothing, asks.NewMessage] | Call[Nothing, Nothing], number: int) -> Sender:
    """Counted by the user's rates. Raises NotFound, Forbidden, TooMany."""
    sender = await kit.accounts.applications.shared_sender(call.actor.user.id, number)
    kit.access.count(call.actor, call.peer)
    return sender


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/1/applications/{id}/messages",
        summary="Send a message as a user",
        text="For its owner and members.",
        of="Of an application",
        example={"title": "Dinner", "message": "in ten minutes", "priority": 5},
        refusals=(404, 413, 415, 507),
        **by(send, query=Nothing, body=asks.NewMessage, answer=answers.Message),
    ),
    Operation(
        method="POST",
        path="/api/1/inbox/{id}/resend",
        summary="Send a message again",
        text="Its content becomes a new message of the same application, for all its receivers of today. It replaces "
        "none, whatever its `key` was, and lives as long as the first. For owner and members of the application.",
        refusals=(404, 507),
        **by(resend, query=Nothing, body=Nothing, answer=answers.Message),
    ),
)
