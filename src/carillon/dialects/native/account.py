"""The user who asks, and his password."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from carillon.core.kit import Kit
from carillon.core.reasons import because
from carillon.dialects.native import answers, render
from carillon.dialects.native.asks import limited
from carillon.dialects.native.operation import Call, Nothing, Operation, by
from carillon.dialects.native.parse import FieldError
from carillon.dialects.native.session import require_password


class NewPassword(Struct, forbid_unknown_fields=True):
    current: Annotated[str, Meta(min_length=1), limited("name", "The password until now")]
    new: Annotated[str, Meta(min_length=1), limited("name", "The password from now on")]


async def user(kit: Kit, call: Call[Nothing, Nothing]) -> answers.User:
    return render.user(call.actor, now=kit.clock.now())


async def set_password(kit: Kit, call: Call[Nothing, NewPassword]) -> None:
    actor, asked = call.actor, call.body
    await require_password(kit, call, asked.current, field="current")
    if asked.new == asked.current:
        raise FieldError("new", because("same_password"))
    await kit.accounts.users.set_password(actor.user.id, asked.new, keep=actor.device.id if actor.device else None)


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/user",
        summary="Who am I?",
        access="sign-in",
        refusals=(403,),
        **by(user, query=Nothing, body=Nothing, answer=answers.User),
    ),
    Operation(
        method="PUT",
        path="/api/1/user/password",
        summary="Change the password",
        text="All other sessions of the user end; his devices stay.",
        access="sign-in",
        example={"current": "secret", "new": "better"},
        refusals=(403, 413, 415),
        **by(set_password, query=Nothing, body=NewPassword, answer=None),
    ),
)
