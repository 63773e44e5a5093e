"""A device comes by a code: its user makes it, and the device shows it once."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from carillon.core.access import Actor
from carillon.core.kit import Kit
from carillon.core.pairings import LIFE
from carillon.dialects._cookies import require_same_origin
from carillon.dialects.native import answers, render
from carillon.dialects.native.devices import CreateDevice
from carillon.dialects.native.door import session_cookie
from carillon.dialects.native.operation import Call, Nothing, Operation, by

EXAMPLE = {"code": "h7Qe2pXrT0sVb9YkW4mZ"}


class PairingCode(Struct, forbid_unknown_fields=True):
    code: Annotated[str, Meta(min_length=1, max_length=100, description="Good once")]


class Pairing(Struct):
    id: str
    seconds_left: Annotated[int, Meta(description="For how long the code is good, if nobody uses it")]
    device: Annotated[int | None, Meta(description="The device that has come by it; null: none yet")]


class NewPairing(Pairing):
    """The code is shown this once."""

    code: str


class Offer(Struct):
    user: Annotated[str, Meta(description="Whose device it would be")]
    device: Annotated[str, Meta(description="What it would be called")]


async def make(kit: Kit, call: Call[Nothing, CreateDevice]) -> NewPairing:
    pairings, asked = kit.accounts.pairings, call.body
    pairing, code = await pairings.make(call.actor, asked.name, expires_after=asked.expires_after)
    return NewPairing(pairing.id, pairings.left(pairing), pairing.device_id, code)


async def pairing(kit: Kit, call: Call[Nothing, Nothing]) -> Pairing:
    pairings = kit.accounts.pairings
    found = pairings.get(call.actor.user.id, call.public_id)
    return Pairing(found.id, pairings.left(found), found.device_id)


async def withdraw(kit: Kit, call: Call[Nothing, Nothing]) -> None:
    kit.accounts.pairings.withdraw(call.actor.user.id, call.public_id)


async def look(kit: Kit, call: Call[Nothing, PairingCode]) -> Offer:
    found, user = await kit.accounts.pairings.look(call.body.code, call.peer)
    return Offer(user.name, found.name)


async def become_device(kit: Kit, call: Call[Nothing, PairingCode]) -> answers.NewDevice:
    _, device, secret = await kit.accounts.pairings.exchange(call.body.code, call.peer)
    return render.new_device(device, secret)


async def sign_in(kit: Kit, call: Call[Nothing, PairingCode]) -> answers.User:
    require_same_origin(kit, call.scope)
    user, device, secret = await kit.accounts.pairings.exchange(call.body.code, call.peer)
    call.headers.append(session_cookie(kit, call.scope, secret, seconds=device.expires_after))
    return render.user(Actor(user, device), now=kit.clock.now())


OPERATIONS = (
    Operation(
        method="POST",
        path="/api/1/pairings",
        summary="Make a code for a device",
        text=f"Whoever shows it within {LIFE // 60} minutes becomes that device, once. Opened in a browser, the page "
        "`/#/join/CODE` of this server does so when its button is pressed.",
        example={"name": "phone"},
        refusals=(413, 415),
        **by(make, query=Nothing, body=CreateDevice, answer=NewPairing),
    ),
    Operation(
        method="POST",
        path="/api/1/pairings/look",
        summary="What is a code for?",
        text="It stays good.",
        access="anyone",
        example=EXAMPLE,
        refusals=(403, 404, 413, 415),
        **by(look, query=Nothing, body=PairingCode, answer=Offer),
    ),
    Operation(
        method="POST",
        path="/api/1/pairings/device",
        summary="Become a device by a code",
        text="For programs: the token is in the answer, and shown this once. A code that was used, or is too old, "
        "answers like one that never was.",
        access="anyone",
        example=EXAMPLE,
        refusals=(403, 404, 413, 415),
        **by(become_device, query=Nothing, body=PairingCode, answer=answers.NewDevice),
    ),
    Operation(
        method="POST",
        path="/api/1/pairings/session",
        summary="Sign in by a code",
        text="Gives a browser the cookie of the device that it becomes.",
        access="anyone",
        example=EXAMPLE,
        refusals=(403, 404, 413, 415),
        **by(sign_in, query=Nothing, body=PairingCode, answer=answers.User),
    ),
    Operation(
        method="GET",
        path="/api/1/pairings/{public_id}",
        summary="Has the device come?",
        text="Known for as long as the code is good, or would be.",
        of="Of a pairing",
        refusals=(404,),
        **by(pairing, query=Nothing, body=Nothing, answer=Pairing),
    ),
    Operation(
        method="DELETE",
        path="/api/1/pairings/{public_id}",
        summary="Withdraw a code",
        text="The device, if it has come, stays.",
        of="Of a pairing",
        refusals=(404,),
        **by(withdraw, query=Nothing, body=Nothing, answer=None),
    ),
)
