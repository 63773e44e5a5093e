"""Applications: create, change, share, delete. One the asking user has no tie to does not exist for him (NotFound).

Its owners manage it, and nobody else, an admin neither: he has no tie to what others own (Forbidden for members).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from carillon.core.access import Access
from carillon.core.errors import BadInput, Forbidden, NotFound, TooMany
from carillon.core.images import Pictures
from carillon.core.limits import INT32, Limits, clean, require
from carillon.core.models import AUTO, MARKDOWN, PLAIN, Image, Share, Subscription
from carillon.core.ports import ApplicationChange, Clock, Ids, NewApplication, Sender, Store
from carillon.core.reasons import because
from carillon.core.tokens import Tokens

IMAGE_NAME = 25  # characters, as Gotify's
CONTENT_TYPES = (AUTO, PLAIN, MARKDOWN)
FOR_GOOD = 253_402_300_799_999_999  # µs: the end of the year 9999, beyond which no time can be written
LEVELS = range(11)
LINKS = ("http://", "https://")
EVERYBODYS = ("name", "description", "type", "url", "default_priority", "content_type")  # for its owners to change
GONE = because("no_application")
NOT_MEMBER = because("not_member")
NOT_OWNER = because("not_owner")


class Defaults(Struct):
    """What a new application has of what its maker does not say, as it is now."""

    priority: int = 0
    content_type: str = AUTO


class Applications:
    def __init__(
        self,
        *,
        store: Store,
        access: Access,
        tokens: Tokens,
        clock: Clock,
        ids: Ids,
        limits: Limits,
        defaults: Defaults | None = None,
    ) -> None:
        self._store = store
        self._access = access
        self._tokens = tokens
        self._clock = clock
        self._ids = ids
        self._limits = limits
        self._defaults = defaults or Defaults()
        self._pictures = Pictures()

    async def of(self, user_id: int) -> list[Subscription]:
        """What the user owns, has joined or has received from, in his order."""
        return await self._store.subscriptions(user_id)

    async def get(self, user_id: int, application_id: int) -> Subscription:
        """Raises NotFound for an application that the user has no tie to."""
        subscription = await self._store.subscription(user_id, application_id)
        if subscription is None:
            raise NotFound(GONE)
        return subscription

    async def own(self, user_id: int, application_id: int) -> Subscription:
        """An application that the user may manage. Raises NotFound, and Forbidden for a member."""
        subscription = await self.get(user_id, application_id)
        if subscription.role != "owner":
            raise Forbidden(NOT_OWNER)
        return subscription

    async def sender(self, user_id: int, application_id: int) -> Sender:
        """An application of the user's own, ready to publish. Raises NotFound, and Forbidden for a member."""
        await self.own(user_id, application_id)
        sender = await self._store.sender(application_id)
        if sender is None:
            raise NotFound(GONE)
        return sender

    async def shared_sender(self, user_id: int, application_id: int) -> Sender:
        """As `sender`, also for a member. Raises NotFound, and Forbidden where the messages reach him no more."""
        if (await self.get(user_id, application_id)).role == "receiver":
            raise Forbidden(NOT_MEMBER)
        sender = await self._store.sender(application_id)
        if sender is None:
            raise NotFound(GONE)
        return sender

    async def add(
        self,
        owner_id: int,
        name: str,
        *,
        description: str = "",
        kind: str = "",
        url: str = "",
        default_priority: int | None = None,
        content_type: str | None = None,
        sort_key: str | None = None,
        token_name: str = "",
    ) -> tuple[Subscription, str]:
        """The application as its owner sees it, and the secret of its first token, shown this once. None: as the
        defaults are. `kind` is its type.

        Raises BadInput for what is empty, too long or no 32-bit number, Conflict for a sort key in use, and TooMany
        for more than a user may have.
        """
        self._check(
            ApplicationChange(
                name=name,
                description=description,
                type=kind,
                url=url,
                default_priority=default_priority,
                content_type=content_type,
                sort_key=sort_key,
            )
        )
        clean("token_name", token_name, self._limits.name)
        if default_priority is None:
            default_priority = self._defaults.priority
        own = sum(tie.role == "owner" for tie in await self._store.subscriptions(owner_id))
        if own >= self._limits.applications_per_user:
            raise TooMany(because("too_many_applications", most=self._limits.applications_per_user))
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
                content_type=content_type or self._defaults.content_type,
                type=kind,
                url=url,
                token_name=token_name,
            )
        )
        self._access.forget()
        return subscription, token.secret

    async def update(self, user_id: int, application_id: int, change: ApplicationChange) -> Subscription:
        """The application as it is now. What is there already is left, and so is the sort key by an empty one.

        Raises NotFound, BadInput as `add`, Conflict for a sort key in use, and Forbidden: a member may change what is
        his own and nothing else; one who has left it not even that.
        """
        self._check(change)
        before = await self.get(user_id, application_id)
        stored = before.application
        if all(getattr(change, field) in (None, getattr(stored, field)) for field in EVERYBODYS):
            change = replace(change, **dict.fromkeys(EVERYBODYS))
        elif before.role != "owner":
            raise Forbidden(NOT_OWNER)
        if before.role == "receiver":
            raise Forbidden(NOT_OWNER)
        change = replace(change, sort_key=change.sort_key or None)
        after = await self._store.update_application(user_id, application_id, change=change)
        if after is None:
            raise NotFound(GONE)
        self._access.forget()
        return after

    async def order(self, user_id: int, ids: Sequence[int]) -> None:
        """The user's applications are in the order of the ids from now on; others of his follow, in theirs.

        Raises BadInput for an id that is there twice, NotFound for one that is not listed for him.
        """
        if len(set(ids)) < len(ids):
            raise BadInput("an id is there twice")
        if not await self._store.order_applications(user_id, ids):
            raise NotFound(GONE)

    async def regenerate(self, user_id: int, application_id: int) -> str:
        """The secret of a new token, shown this once; all others of the application are dead. Raises as `own`."""
        await self.own(user_id, application_id)
        token = self._tokens.mint("application")
        await self._store.replace_tokens(
            "application", application_id, digest=token.digest, sealed=token.sealed, now=self._clock.now()
        )
        self._access.forget()
        return token.secret

    async def delete(self, user_id: int, application_id: int) -> None:
        """An owner deletes it for all; what others have of it they keep, and see it listed while they do. Anybody
        else leaves it: its messages are gone from his inbox, and no more come. Raises NotFound.
        """
        subscription = await self.get(user_id, application_id)
        now = self._clock.now()
        if subscription.role == "owner":
            found = await self._store.delete_application(application_id, now=now)
        else:
            found = await self._store.leave(user_id, application_id, now=now)
        if not found:
            raise NotFound(GONE)
        self._access.forget()

    async def shares(self, user_id: int, application_id: int) -> list[Share]:
        """Whom its messages reach: owners and members by id, then groups. Raises as `own`."""
        await self.own(user_id, application_id)
        return await self._store.shares(application_id)

    async def share(
        self, user_id: int, application_id: int, *, with_user: int | None = None, with_group: int | None = None
    ) -> None:
        """With one of the two. From now on its messages reach him, or them, also who had left. Raises as `own`, and
        NotFound for who is not there.
        """
        await self.own(user_id, application_id)
        if not await self._store.share(application_id, user_id=with_user, group_id=with_group):
            raise NotFound(because("no_user_or_group"))
        self._access.forget()

    async def unshare(
        self, user_id: int, application_id: int, *, with_user: int | None = None, with_group: int | None = None
    ) -> None:
        """With one of the two. They keep what they have. Raises as `own`, and NotFound for who is no member so."""
        await self.own(user_id, application_id)
        now = self._clock.now()
        if not await self._store.unshare(application_id, user_id=with_user, group_id=with_group, now=now):
            raise NotFound(because("not_shared"))
        self._access.forget()

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
            raise NotFound(GONE)
        self._access.forget()
        return await self.get(user_id, application_id)

    async def image(self, name: str) -> Image | None:
        """A picture by its name, for anybody."""
        return await self._store.image(name)

    def _check(self, change: ApplicationChange) -> None:
        """Raises BadInput. None is nothing to check."""
        limits = self._limits
        if change.name is not None:
            require("name", change.name, limits.name)
        clean("description", change.description or "", limits.description)
        clean("type", change.type or "", limits.name)
        clean("url", change.url or "", limits.url)
        if change.url and not change.url.lower().startswith(LINKS):
            raise BadInput(because("no_web_address", field="url"))
        clean("sortKey", change.sort_key or "", limits.short)
        if change.default_priority is not None and change.default_priority not in INT32:
            raise BadInput("defaultPriority must be a 32-bit number")
        if change.content_type is not None and change.content_type not in CONTENT_TYPES:
            raise BadInput(f"content_type must be one of {', '.join(CONTENT_TYPES)}")
        if change.muted_until is not None and change.muted_until not in range(FOR_GOOD + 1):
            raise BadInput("muted_until must be a time until the year 9999")
        if change.min_level is not None and change.min_level not in LEVELS:
            raise BadInput(because("out_of_bounds", field="min_level", least=0, most=10))
