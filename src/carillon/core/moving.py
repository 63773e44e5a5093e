"""Another server moves in: its users, applications, devices and messages, in this order, some at a time.

A call takes what it is given whole or not at all. Whatever has come before is left as it is, so a move that was cut
short goes on when all is handed over again, and a second one brings only what is new. What is here stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec import Raw
from msgspec.structs import replace

from carillon.core.access import Access
from carillon.core.foreign import (
    Adopted,
    Arrivals,
    ForeignApplication,
    ForeignDevice,
    ForeignMessage,
    ForeignUser,
    Prospect,
    Settled,
    Tops,
)
from carillon.core.models import Image, Message
from carillon.core.ports import Clock, Hub, Ids, Store
from carillon.core.tokens import Tokens

IMAGE_NAME = 25  # characters: nobody finds one by guessing

T = TypeVar("T", ForeignApplication, ForeignDevice)


class Moving:
    def __init__(self, *, store: Store, hub: Hub, access: Access, tokens: Tokens, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._hub = hub
        self._access = access
        self._tokens = tokens
        self._clock = clock
        self._ids = ids

    async def prospect(self, arrivals: Arrivals) -> Prospect:
        """What would come of it. Changes nothing."""
        return await self._store.prospect(arrivals)

    async def begin(self, arrivals: Arrivals) -> Prospect:
        """With the number of the origin, which the others ask for."""
        prospect = await self._store.begin_adoption(arrivals)
        self._access.forget()
        return prospect

    async def users(self, origin_id: int, users: Sequence[ForeignUser]) -> list[Adopted]:
        adopted = await self._store.adopt_users(origin_id, users, now=self._clock.now())
        self._access.forget()
        return adopted

    async def applications(self, origin_id: int, applications: Sequence[ForeignApplication]) -> list[Adopted]:
        ready = [self._pictured(self._sealed(application)) for application in applications]
        adopted = await self._store.adopt_applications(origin_id, ready, now=self._clock.now())
        self._access.forget()
        return adopted

    async def devices(self, origin_id: int, devices: Sequence[ForeignDevice]) -> list[Adopted]:
        ready = [self._sealed(device) for device in devices]
        adopted = await self._store.adopt_devices(origin_id, ready, now=self._clock.now())
        self._access.forget()
        return adopted

    async def messages(self, origin_id: int, messages: Sequence[ForeignMessage]) -> Settled:
        """They are not announced, and arrive as read: nobody wants to hear of them again."""
        now = self._clock.now()
        return await self._store.adopt_messages(origin_id, [self._message(each, now) for each in messages], now=now)

    async def end(self, origin_id: int, tops: Tops) -> None:
        """Has the devices of those who got messages look anew, since none was told.

        Twice: a device may be told of something between its number being forgotten and its stream being cut off,
        and would go on from there.
        """
        for final in (False, True):
            for user_id in await self._store.end_adoption(origin_id, tops, final=final):
                self._hub.drop(user_id)

    def _sealed(self, subject: T) -> T:
        token = subject.token
        sealed = self._tokens.seal(token.secret) if token.secret else None
        return replace(subject, token=replace(token, secret=None, sealed=sealed))

    def _pictured(self, application: ForeignApplication) -> ForeignApplication:
        picture = application.picture
        if picture is None:
            return application
        name = f"{self._ids.secret(IMAGE_NAME)}.{picture.extension}"
        return replace(application, picture=None, image=Image(name, picture.media_type, picture.content))

    def _message(self, foreign: ForeignMessage, now: int) -> Message:
        return Message(
            id=foreign.id,
            public_id=self._ids.public_id(),
            application_id=foreign.application_id,
            title=foreign.title,
            body=foreign.body,
            content_type=foreign.content_type,
            dialect=foreign.dialect,
            priority=foreign.priority,
            level=foreign.level,
            created=foreign.created or now,
            extras=Raw(foreign.extras.encode()) if foreign.extras is not None else None,
        )
