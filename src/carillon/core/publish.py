"""The one way in: fill in defaults, check limits, store, and by storing announce."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from hashlib import sha256

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from carillon.core.errors import BadInput, TooLarge, Unavailable
from carillon.core.limits import INT32, Limits, bounded
from carillon.core.markdown import is_markdown
from carillon.core.models import AUTO, MARKDOWN, PLAIN, Message
from carillon.core.ports import Clock, Idempotency, Ids, Publication, Sender, Store
from carillon.core.priority import Scale
from carillon.core.reasons import because

IDEMPOTENCY_MICROSECONDS = 24 * 3600 * 1_000_000
LONGEST_TTL = 10 * 365 * 24 * 3600  # seconds
HOPS = 3  # Carillons after which a message is not passed on any more

CONTENT_TYPES = frozenset({PLAIN, MARKDOWN})

log = logging.getLogger("carillon.publish")

_encode = msgspec.json.Encoder().encode


class Draft(Struct, kw_only=True, omit_defaults=True, gc=False):
    """What a dialect understood of a request. None: not said, so the application's default applies.

    `priority` is a number of the dialect's scale, `ttl` in seconds. `tags`, `actions` and `extras` are JSON.
    """

    body: str
    title: str | None = None
    priority: int | None = None
    content_type: str | None = None
    extras: Raw | None = None
    url: str | None = None
    url_title: str | None = None
    sound: str | None = None
    icon: str | None = None
    tags: Raw | None = None
    actions: Raw | None = None
    key: str | None = None
    ttl: int | None = None
    encrypted: bool = False

    @property
    def detailed(self) -> bool:
        """Whether more is said than most messages say."""
        given = self.url or self.url_title or self.sound or self.icon or self.key
        return bool(given) or not (self.tags is self.actions is None and self.ttl is None)


def again(message: Message) -> Draft:
    """The same content, for the scale of the message's dialect. Without its key: what has that now stays."""
    return Draft(
        body=message.body,
        title=message.title,
        priority=message.priority,
        content_type=message.content_type,
        extras=message.extras,
        url=message.url,
        url_title=message.url_title,
        sound=message.sound,
        icon=message.icon,
        tags=message.tags,
        actions=message.actions,
        ttl=None if message.expires is None else max(1, (message.expires - message.created) // 1_000_000),
        encrypted=message.encrypted,
    )


class Publisher:
    """`installation` is the id of this Carillon, by which it knows its own messages when they come back."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, limits: Limits, installation: str = "") -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._limits = limits
        self._installation = installation
        self._posted: Callable[[Collection[int]], None] | None = None
        self._stopping = False

    def let(self, posted: Callable[[Collection[int]], None]) -> None:
        """This hears for which services deliveries have been stored."""
        self._posted = posted

    def stop(self) -> None:
        """From now on every publish raises Unavailable; what was accepted before is stored and answered."""
        self._stopping = True

    def publish(
        self, sender: Sender, draft: Draft, *, scale: Scale, idempotency_key: str | None = None, via: str = ""
    ) -> Awaitable[Message]:
        """The stored message, to be awaited: it is there after COMMIT, and every listener is told then.

        `via` are the ids of the Carillons that it has been through: it is not passed on where it was before.

        The same `idempotency_key` from the same application within 24 hours stores nothing and answers with the
        id of the first. Raises BadInput, TooLarge, Conflict (the key came with another message) and Unavailable.
        """
        if self._stopping:
            raise Unavailable(because("stopping"))
        now = self._clock.now()
        message = self._message(sender, draft, scale=scale, now=now)
        idempotency = None
        if idempotency_key is not None:
            bounded("Idempotency-Key", idempotency_key, self._limits.short)
            idempotency = Idempotency(idempotency_key, sha256(_encode(draft)).digest(), now + IDEMPOTENCY_MICROSECONDS)
        if not sender.routes:
            return self._store.publish(Publication(message, sender.receivers, idempotency))
        services = self._services(sender, message, via)
        stored = self._store.publish(Publication(message, sender.receivers, idempotency, services, via))
        return self._and_post(stored, services) if services else stored

    def _services(self, sender: Sender, message: Message, via: str) -> tuple[int, ...]:
        services = tuple(route.service_id for route in sender.routes if message.level >= route.min_level)
        if services and via and self._loops(via):
            log.warning("a message of %s goes in circles and is not passed on", sender.application.name)
            return ()
        return services

    def _loops(self, via: str) -> bool:
        been = via.split(",", HOPS)
        return len(been) >= HOPS or self._installation in map(str.strip, been)

    async def _and_post(self, stored: Awaitable[Message], services: tuple[int, ...]) -> Message:
        """Should nobody wait for it any more, whoever delivers looks by himself a little later."""
        message = await stored
        if self._posted is not None:
            self._posted(services)
        return message

    def _message(self, sender: Sender, draft: Draft, *, scale: Scale, now: int) -> Message:
        application = sender.application
        title = draft.title
        if title is None or not title.strip():
            title = application.name
        priority = application.default_priority if draft.priority is None else draft.priority
        if priority not in INT32:
            raise BadInput("priority must be a 32-bit number")
        content_type = draft.content_type
        if content_type is None:
            content_type = application.content_type
            if content_type == AUTO:
                markdown = "\n" in draft.body and not draft.encrypted and is_markdown(draft.body)
                content_type = MARKDOWN if markdown else PLAIN
        elif content_type not in CONTENT_TYPES:
            raise BadInput(f"content_type must be one of {', '.join(sorted(CONTENT_TYPES))}")
        message = Message(
            id=0,
            public_id=self._ids.public_id(),
            application_id=application.id,
            title=self._text("title", title, self._limits.title),
            body=self._text("message", draft.body, self._limits.text),
            content_type=content_type,
            dialect=scale.dialect,
            priority=priority,
            level=scale.level(priority),
            created=now,
            extras=self._json("extras", draft.extras),
            encrypted=draft.encrypted,
        )
        return self._with_details(message, draft) if draft.detailed else message

    def _with_details(self, message: Message, draft: Draft) -> Message:
        limits = self._limits
        expires = None
        if draft.ttl is not None:
            if not 0 < draft.ttl <= LONGEST_TTL:
                raise BadInput(f"ttl must be from 1 to {LONGEST_TTL} seconds")
            expires = message.created + draft.ttl * 1_000_000
        return replace(
            message,
            sound=self._optional("sound", draft.sound, limits.short),
            url=self._optional("url", draft.url, limits.url),
            url_title=self._optional("url_title", draft.url_title, limits.title),
            icon=self._optional("icon", draft.icon, limits.url),
            tags=self._json("tags", draft.tags),
            actions=self._json("actions", draft.actions),
            key=self._optional("key", draft.key, limits.short),
            expires=expires,
        )

    def _text(self, field: str, text: str, limit: int) -> str:
        if not (text.isascii() and len(text) <= limit):
            bounded(field, text, limit)
        # PostgreSQL stores no zero byte; an alarm that carries one by accident must still arrive.
        return text.replace("\0", "\ufffd") if "\0" in text else text

    def _optional(self, field: str, text: str | None, limit: int) -> str | None:
        return self._text(field, text, limit) if text else None

    def _json(self, field: str, raw: Raw | None) -> Raw | None:
        if raw is None:
            return None
        data = bytes(raw)
        if len(data) > self._limits.json:
            raise TooLarge(f"{field} is longer than {self._limits.json} bytes")
        # msgspec checks the structure of what it keeps raw, not its encoding, and other clients will read it.
        try:
            data.decode()
        except UnicodeDecodeError:
            raise BadInput(f"{field} is not valid UTF-8") from None
        return raw
