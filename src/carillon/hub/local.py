"""The hub of one process: who listens, and what each of them is told."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from carillon.core.errors import TooMany, Unavailable
from carillon.core.models import Change
from carillon.core.ports import Listener

# Pushes between two turns of the loop: about half a millisecond.
SLICE = 256

# What may wait in slices: pushes, and bytes of frames. Beyond it an announcement works the queue off before it
# returns, so that publishing slows down to what can be told.
WAITING_PUSHES = 64 * 1024
WAITING_BYTES = 64 * 1024 * 1024

Render = Callable[[Change], bytes | None]
Group = dict[Listener, None]

log = logging.getLogger(__name__)


class _FanOut(Struct):
    """A frame on its way: `rest` are those who had joined when it was announced and have not got it yet."""

    group: Group
    rest: Iterator[Listener]
    left: int
    frame: bytes
    first: int
    last: int


class LocalHub:
    """Implements the Hub port. Every method is called on the event loop.

    An announcement reaches the listeners that have joined before it and have not left meanwhile, each in the
    order of announcements; it never reaches one that joins later, even while the announcement still waits for
    its turn. So what a listener is not told has been committed before it joined, and whoever reads storage after
    joining misses nothing. He may be told what he has read already, and tells by the numbers given to `push`.
    """

    def __init__(self, *, streams_per_user: int) -> None:
        self.streams_per_user = streams_per_user
        self._users: dict[int, dict[Render, Group]] = {}
        self._queue: deque[_FanOut] = deque()
        self._pushes = 0
        self._bytes = 0
        self._turning = False
        self._closed = False

    def join(self, user_id: int, listener: Listener) -> None:
        """Raises TooMany beyond the bound of streams a user, and Unavailable once the hub is closed."""
        if self._closed:
            raise Unavailable("the server is shutting down")
        groups = self._users.get(user_id, {})
        if sum(map(len, groups.values())) >= self.streams_per_user:
            raise TooMany(f"no more than {self.streams_per_user} open streams a user")
        self._users.setdefault(user_id, groups).setdefault(listener.render, {})[listener] = None

    def leave(self, user_id: int, listener: Listener) -> None:
        """Harmless for one who is not there."""
        groups = self._users.get(user_id, {})
        group = groups.get(listener.render, {})
        group.pop(listener, None)
        if not group:
            groups.pop(listener.render, None)
        if not groups:
            self._users.pop(user_id, None)

    def drop(self, user_id: int, device_id: int | None = None) -> None:
        for listener in self._of(user_id):
            if device_id is None or listener.device_id == device_id:
                listener.end(1008)

    def drop_without_device(self, user_id: int) -> None:
        for listener in self._of(user_id):
            if listener.device_id is None:
                listener.end(1008)

    def _of(self, user_id: int) -> list[Listener]:
        return [listener for group in self._users.get(user_id, {}).values() for listener in group]

    def devices(self) -> set[int]:
        groups = (group for groups in self._users.values() for group in groups.values())
        return {listener.device_id for group in groups for listener in group if listener.device_id is not None}

    def count(self) -> int:
        """How many listen."""
        return sum(len(group) for groups in self._users.values() for group in groups.values())

    def close(self) -> None:
        self._closed = True
        for groups in list(self._users.values()):
            for group in list(groups.values()):
                for listener in list(group):
                    listener.end(1001)

    def announce(self, changes: Sequence[Change]) -> None:
        """All changes for a user in one write a listener. The first and last of them bound their numbers."""
        users = self._users
        if not users:
            return
        told: dict[int, list[Change]] = {}
        for change in changes:
            user_id = change.user_id
            if user_id in users:
                told.setdefault(user_id, []).append(change)
        for user_id, batch in told.items():
            for render, group in users[user_id].items():
                frame = _render(render, batch)
                if frame:
                    self._tell(_FanOut(group, iter(()), 0, frame, batch[0].changed, batch[-1].changed))

    def _tell(self, fan_out: _FanOut) -> None:
        group = fan_out.group
        if not self._queue and len(group) <= SLICE:
            for listener in list(group):
                listener.push(fan_out.frame, fan_out.first, fan_out.last)
            return
        fan_out.rest, fan_out.left = iter(list(group)), len(group)
        self._queue.append(fan_out)
        self._pushes += fan_out.left
        self._bytes += len(fan_out.frame)
        while self._pushes > WAITING_PUSHES or self._bytes > WAITING_BYTES:
            self._work_off()
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        if self._queue:
            self._work_off()
        self._turning = bool(self._queue)
        if self._turning:
            asyncio.get_running_loop().call_soon(self._turn)

    def _work_off(self) -> None:
        """One slice of the oldest fan-out."""
        fan_out = self._queue[0]
        group, frame, first, last = fan_out.group, fan_out.frame, fan_out.first, fan_out.last
        for listener in islice(fan_out.rest, SLICE):
            if listener in group:
                listener.push(frame, first, last)
        done = min(SLICE, fan_out.left)
        fan_out.left -= done
        self._pushes -= done
        if not fan_out.left:
            self._queue.popleft()
            self._bytes -= len(frame)


def _render(render: Render, batch: list[Change]) -> bytes:
    """What can be rendered, joined; a change that cannot be is logged and left out."""
    parts = []
    for change in batch:
        try:
            part = render(change)
        except Exception:
            log.exception("change %d of user %d cannot be rendered", change.changed, change.user_id)
            continue
        if part:
            parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
