"""Users, applications, devices and tokens: create, change, delete."""

from __future__ import annotations

import logging

from carillon.core.access import Access, digest
from carillon.core.errors import BadInput, Conflict, NotFound
from carillon.core.limits import INT32, Limits, bounded
from carillon.core.models import Device, Subscription, Token, TokenKind, User
from carillon.core.passwords import Passwords
from carillon.core.ports import (
    Clock,
    Hub,
    Ids,
    NewApplication,
    NewDevice,
    NewUser,
    Sender,
    Store,
    TokenInfo,
)

log = logging.getLogger("carillon.accounts")

FIRST_NAME = "admin"
PUBLISHED_PASSWORD = "admin"  # noqa: S105  # as every Gotify recipe has it; restricted while it stands

# Gotify's shape, because clients check for it: 15 characters, the first telling an application from a device.
# 14 random characters of 62 are 83 bits.
SECRET_LENGTH = 14
SECRET_PREFIX: dict[TokenKind, str] = {"application": "A", "device": "C"}


class Accounts:
    """Every change ends what `access` remembers. Foreign ids answer as if they did not exist (NotFound)."""

    def __init__(
        self, *, store: Store, hub: Hub, access: Access, passwords: Passwords, clock: Clock, ids: Ids, limits: Limits
    ) -> None:
        self._store = store
        self._hub = hub
        self._access = access
        self._passwords = passwords
        self._clock = clock
        self._ids = ids
        self._limits = limits

    # Users

    async def ensure_first_user(self, password: str | None) -> None:
        """In an empty installation makes the first admin, with the published password unless another is given."""
        if not await self._store.users():
            await self._add_user(
                FIRST_NAME, password or PUBLISHED_PASSWORD, admin=True, initial=password in (None, PUBLISHED_PASSWORD)
            )
        for user in await self._store.users():
            if user.initial_password:
                log.warning(
                    "user %r still has the published password, so from other machines it may only sign in; "
                    "to change it: carillon users password %s",
                    user.name,
                    user.name,
                )

    async def users(self) -> list[User]:
        return await self._store.users()

    async def user(self, name: str) -> User:
        """Raises NotFound."""
        user = await self._store.user_by_name(name)
        if user is None:
            raise NotFound(f"there is no user {name!r}")
        return user

    async def add_user(self, name: str, password: str, *, admin: bool = False) -> User:
        """Raises BadInput, and Conflict when the name is taken."""
        return await self._add_user(name, password, admin=admin, initial=False)

    async def set_password(self, user_id: int, password: str) -> None:
        self._require("password", password)
        if not await self._store.set_password(user_id, await self._passwords.hash(password)):
            raise NotFound("there is no such user")
        self._access.forget()

    async def delete_user(self, user_id: int) -> None:
        """With everything that is his alone. Raises Conflict for the last admin."""
        users = await self._store.users()
        if not any(user.admin for user in users if user.id != user_id):
            raise Conflict("cannot delete last admin")
        if not await self._store.delete_user(user_id):
            raise NotFound("there is no such user")
        self._access.forget()
        self._hub.drop(user_id)

    # Applications

    async def applications(self, user_id: int) -> list[Subscription]:
        """What the user owns, has joined or has received from, in his order."""
        return await self._store.subscriptions(user_id)

    async def application(self, user_id: int, application_id: int) -> Subscription:
        """Raises NotFound for an application that the user has no tie to."""
        subscription = await self._store.subscription(user_id, application_id)
        if subscription is None:
            raise NotFound("application does not exist")
        return subscription

    async def sender(self, user_id: int, application_id: int) -> Sender:
        """An application of the user's own, ready to publish. Raises NotFound."""
        subscription = await self.application(user_id, application_id)
        sender = await self._store.sender(application_id) if subscription.role == "owner" else None
        if sender is None:
            raise NotFound("application does not exist")
        return sender

    async def add_application(
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
        self._require("name", name)
        self._bound("description", description, self._limits.description)
        self._bound("sortKey", sort_key or "", self._limits.short)
        if default_priority not in INT32:
            raise BadInput("defaultPriority must be a 32-bit number")
        secret = self._secret("application")
        subscription = await self._store.add_application(
            NewApplication(
                owner_id=owner_id,
                name=name,
                description=description,
                default_priority=default_priority,
                created=self._clock.now(),
                token_digest=digest(secret),
                sort_key=sort_key or None,
            )
        )
        self._access.forget()
        return subscription, secret

    # Devices

    async def devices(self, user_id: int) -> list[Device]:
        return await self._store.devices(user_id)

    async def add_device(self, user_id: int, name: str) -> tuple[Device, str]:
        """The device and the secret of its token, shown this once. Raises BadInput."""
        self._require("name", name)
        secret = self._secret("device")
        device = await self._store.add_device(
            NewDevice(user_id=user_id, name=name, created=self._clock.now(), token_digest=digest(secret))
        )
        return device, secret

    # Tokens

    async def tokens(self) -> list[TokenInfo]:
        return await self._store.tokens()

    async def add_token(self, kind: TokenKind, subject_id: int) -> tuple[Token, str]:
        """One more token for an application or device that exists."""
        secret = self._secret(kind)
        return await self._store.add_token(kind, subject_id, digest=digest(secret), now=self._clock.now()), secret

    async def revoke(self, token_id: int) -> None:
        """The token is dead at once; open streams of its device end. Raises NotFound."""
        device = next((info for info in await self._store.tokens() if info.token.id == token_id), None)
        if device is None or not await self._store.delete_token(token_id):
            raise NotFound(f"there is no token {token_id}")
        self._access.forget()
        if device.token.kind == "device":
            user = await self._store.user_by_name(device.user)
            if user is not None:
                self._hub.drop(user.id, device.token.subject_id)

    async def _add_user(self, name: str, password: str, *, admin: bool, initial: bool) -> User:
        self._require("name", name)
        self._require("password", password)
        return await self._store.add_user(
            NewUser(
                name=name,
                password_hash=await self._passwords.hash(password),
                admin=admin,
                initial_password=initial,
                created=self._clock.now(),
            )
        )

    def _secret(self, kind: TokenKind) -> str:
        return SECRET_PREFIX[kind] + self._ids.secret(SECRET_LENGTH)

    def _require(self, field: str, value: str) -> None:
        if not value:
            raise BadInput(f"{field} must not be empty")
        self._bound(field, value, self._limits.name)

    def _bound(self, field: str, value: str, limit: int) -> None:
        if "\0" in bounded(field, value, limit):
            raise BadInput(f"{field} must not contain a zero byte")
