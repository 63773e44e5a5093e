"""What changed in the inbox, in a list; with `wait`, as soon as there is something."""

from __future__ import annotations

import asyncio

from starlette.types import Receive

from carillon.core.errors import Unauthenticated
from carillon.core.kit import Kit
from carillon.core.models import Change, ChangePage, Lists
from carillon.dialects._http import Disconnected, gone
from carillon.dialects.native import answers, asks, render
from carillon.dialects.native.operation import Call, Nothing, Operation, by
from carillon.dialects.native.parse import at_most

REVOKED = 1008  # how the hub ends the listeners of a device that has lost its token


async def changes(kit: Kit, call: Call[asks.ChangesQuery, Nothing]) -> answers.Changes:
    query, user_id = call.query, call.actor.user.id
    limit = at_most("limit", query.limit or kit.limits.changes, kit.limits.changes)

    async def look() -> ChangePage:
        return await kit.inbox.changes(user_id, after=query.after, limit=limit)

    page = await look()
    if query.wait and not _says_something(page):
        waiter = _Waiter(call.actor.device.id if call.actor.device else None)
        kit.hub.join(user_id, waiter)
        try:
            page = await look()  # once more: what came before the waiter had joined was not told to it
            if not _says_something(page):
                await waiter.told(call.receive, query.wait)
                page = await look()
        finally:
            kit.hub.leave(user_id, waiter)
        if waiter.ended == REVOKED:
            raise Unauthenticated("the token has been revoked")
    return render.changes(page)


def _says_something(page: ChangePage) -> bool:
    return bool(page.changes) or page.hole or page.more


def _anything(change: Change) -> bytes | None:
    """But for what no list of changes has."""
    return None if isinstance(change, Lists) else b"."


class _Waiter:
    """A listener that only wants to know that there is something. `ended` is the code if the hub ended it."""

    render = staticmethod(_anything)

    def __init__(self, device_id: int | None) -> None:
        self.device_id = device_id
        self.ended: int | None = None
        self._woken = asyncio.Event()

    def push(self, frame: bytes, first: int, last: int) -> None:
        self._woken.set()

    def end(self, code: int) -> None:
        self.ended = code
        self._woken.set()

    async def told(self, receive: Receive, seconds: int) -> None:
        """Returns when something was told, or after so many seconds. Raises Disconnected when nobody waits any more."""
        woken = asyncio.create_task(self._woken.wait())
        left = asyncio.create_task(gone(receive))
        try:
            await asyncio.wait((woken, left), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if left.done() and not woken.done():
                raise Disconnected
        finally:
            woken.cancel()
            left.cancel()
            await asyncio.gather(woken, left, return_exceptions=True)


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/changes",
        summary="List what has changed",
        text="In the order in which it changed. A message that changed twice is there once, as it is now.",
        **by(changes, query=asks.ChangesQuery, body=Nothing, answer=answers.Changes),
    ),
)
