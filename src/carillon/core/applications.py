"""Applications: create, change, delete. One the asking user has no tie to does not exist for him (NotFound)."""

from __future__ import annotations

from carillon.core.access import Access
from carillon.core.errors import BadInput, Forbidden, NotFound
from carillon.core.images import Pictures
from carillon.core.limits import INT32, Limits, clean, require
from carillon.core.models import Image, Subscription
from carillon.core.ports import Clock, Ids, NewApplication, Sender, Store
from carillon.core.tokens import Tokens


IMAGE_NAME = 25  # characters, as Gotify's


class Applications:
    def __init__(self, *, store: Store, access: Access, tokens: Tokens, clock: Clock, ids: Ids, limits: Limits) -> None:
        self._store = store
        self._access = access
        self._tokens = tokens
        self._clock = clock
        self._ids = ids
        self._limits = limits
        self._pictures = Pictures()

    async def of(self, user_id: int) -> list[Subscription]:
        """What the user owns, has joined or has received from, in his order."""
        return await self._store.subscriptions(user_id)

    async def get(self, user_id: int, application_id: int) -> Subscription:
        """Raises NotFound for an application that the user has no tie to."""
        subscription = await self._store.subscription(user_id, application_id)
        if subscription is None:
            raise NotFound("application does not exist")
        return subscription

    async def own(self, user_id: int, application_id: int) -> Subscription:
        """An application that the user may manage. Raises NotFound, and Forbidden for a member."""
        subscription = await self.get(user_id, application_id)
        if subscription.role != "owner":
            raise Forbidden("only owners may change an application")
        return subscription

    async def sender(self, user_id: int, application_id: int) -> Sender:
        """An application of the user's own, ready to publish. Raises NotFound."""
        subscription = await self.get(user_id, application_id)
        sender = await self._store.sender(application_id) if subscription.role == "owner" else None
        if sender is None:
            raise NotFound("application does not exist")
        return sender

    async def add(
        self,
        owner_id: int,
        name: str,
        *,
        description: str = "",
        default_priority: int = 0,
        sort_key: str | None = None,
    ) -> tuple[Subscription, str]:
        """The application as its owner sees it, and the secret of its first token, shown this once.

        Raises BadInput for what is empty, too long or no 32-bit number, Conflict for a sort key in use.
        """
        require("name", name, self._limits.name)
        clean("description", description, self._limits.description)
        clean("sortKey", sort_key or "", self._limits.short)
        if default_priority not in INT32:
            raise BadInput("defaultPriority must be a 32-bit number")
        token = self._tokens.mint("application")
        subscription = await self._store.add_application(
            NewApplication(
                owner_id=owner_id,
                name=name,
                description=description,
                default_priority=default_priority,
                created=self._clock.now(),
                token_digest=token.digest,
                token_sealed=token.sealed,
                sort_key=sort_key or None,
            )
        )
        self._access.forget()
        return subscription, token.secret

    async def set_image(self, user_id: int, application_id: int, data: bytes | None) -> Subscription:
        """Gives the application the picture in the bytes of a file, under a new name; None: it has none any more.

        Raises NotFound, Forbidden, BadInput for what is no picture, TooMany.
        """
        await self.own(user_id, application_id)
        image = None
        if data is not None:
            picture = await self._pictures.read(data)
            name = f"{self._ids.secret(IMAGE_NAME)}.{picture.extension}"
            image = Image(name, picture.media_type, picture.content)
        if not await self._store.set_image(application_id, image):
            raise NotFound("application does not exist")
        self._access.forget()
        return await self.get(user_id, application_id)

    async def image(self, name: str) -> Image | None:
        """A picture by its name, for anybody."""
        return await self._store.image(name)
