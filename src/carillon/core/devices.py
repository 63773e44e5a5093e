"""Devices, and the sessions of browsers, which are devices too: create, change, elevate, delete."""

from __future__ import annotations

from carillon.core.access import Access
from carillon.core.errors import BadInput, NotFound, TooMany
from carillon.core.limits import Limits, require
from carillon.core.models import Device, DeviceKind, User
from carillon.core.ports import Clock, Hub, NewDevice, Store
from carillon.core.reasons import because
from carillon.core.tokens import Tokens

SECOND = 1_000_000  # µs
LONGEST = 2**31 - 1  # seconds: 68 years
SESSION_ELEVATED = 3600  # seconds for which a session may do what needs the password it began with


class Devices:
    """One that has not been used for too long is gone, also while it is still stored."""

    def __init__(self, *, store: Store, hub: Hub, access: Access, tokens: Tokens, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._hub = hub
        self._access = access
        self._tokens = tokens
        self._clock = clock
        self._limits = limits

    async def of(self, user_id: int) -> list[Device]:
        devices = [self._access.seen(device) for device in await self._store.devices(user_id)]
        return [device for device in devices if self._alive(device)]

    async def get(self, user_id: int, device_id: int) -> Device:
        """Raises NotFound for one that is not the user's."""
        device = await self._store.device(user_id, device_id)
        if device is None:
            raise NotFound(because("no_device"))
        device = self._access.seen(device)
        if not self._alive(device):
            raise NotFound(because("no_device"))
        return device

    async def admit(self, user_id: int, name: str, *, expires_after: int) -> None:
        """Whether he may have such a device. Raises BadInput, and TooMany for more than a user may have."""
        require("name", name, self._limits.name)
        _check_seconds("expires_after", expires_after)
        if len(await self._of_kind(user_id, "device")) >= self._limits.devices_per_user:
            raise TooMany(because("too_many_devices", most=self._limits.devices_per_user))

    async def add(
        self, user_id: int, name: str, *, expires_after: int = 0, password_hash: str | None = None
    ) -> tuple[Device, str]:
        """The device and the secret of its token, shown this once. `expires_after` in seconds without use; 0: never.

        Raises BadInput, TooMany, NotFound for the user; and, if `password_hash` is given and not that of his password
        any more, Unauthenticated.
        """
        await self.admit(user_id, name, expires_after=expires_after)
        token = self._tokens.mint("device")
        device = await self._store.add_device(
            NewDevice(
                user_id=user_id,
                name=name,
                created=self._clock.now(),
                token_digest=token.digest,
                token_sealed=token.sealed,
                expires_after=expires_after,
                password_hash=password_hash,
            )
        )
        return device, token.secret

    async def open_session(self, user: User, name: str) -> tuple[Device, str]:
        """A session of a user who has just shown his password, and the secret of its token, which no list shows.

        Beyond the bound the one that was not used for longest ends: a script that always signs in and never out must
        not keep its user out. Raises BadInput, and Unauthenticated when that is not his password any more.
        """
        require("name", name, self._limits.name)
        token = self._tokens.mint("device")
        now = self._clock.now()
        session = await self._store.add_device(
            NewDevice(
                user_id=user.id,
                name=name,
                created=now,
                token_digest=token.digest,
                kind="session",
                expires_after=self._limits.session,
                elevated_until=now + SESSION_ELEVATED * SECOND,
                password_hash=user.password_hash,
            )
        )
        await self._end_oldest_sessions(user.id)
        return session, token.secret

    async def update(
        self, user_id: int, device_id: int, *, name: str | None = None, expires_after: int | None = None
    ) -> Device:
        """None leaves. Raises BadInput, NotFound."""
        if name is not None:
            require("name", name, self._limits.name)
        _check_seconds("expires_after", expires_after or 0)
        await self.get(user_id, device_id)
        return self._changed(
            await self._store.update_device(user_id, device_id, name=name, expires_after=expires_after)
        )

    async def elevate(self, user_id: int, device_id: int, seconds: int) -> Device:
        """For so long from now it may do what needs a password; below 0: not any more. Raises BadInput, NotFound."""
        _check_seconds("seconds", max(seconds, 0))
        await self.get(user_id, device_id)
        until = self._clock.now() + seconds * SECOND if seconds > 0 else 0
        return self._changed(await self._store.update_device(user_id, device_id, elevated_until=until))

    async def delete(self, user_id: int, device_id: int) -> None:
        """Its token is dead at once, and its streams end. Raises NotFound."""
        await self.get(user_id, device_id)
        if not await self._store.delete_device(user_id, device_id):
            raise NotFound(because("no_device"))
        self._access.forget()
        self._hub.drop(user_id, device_id)

    async def end_sessions(self, user_id: int, *, but: int | None = None) -> None:
        """Signs the user out of all browsers but the one with that session."""
        for session in await self._of_kind(user_id, "session"):
            if session.id != but:
                await self._end(session)

    async def _of_kind(self, user_id: int, kind: DeviceKind) -> list[Device]:
        return [device for device in await self.of(user_id) if device.kind == kind]

    async def _end_oldest_sessions(self, user_id: int) -> None:
        sessions = await self._of_kind(user_id, "session")
        sessions.sort(key=lambda session: max(session.last_used or 0, session.created), reverse=True)
        for session in sessions[self._limits.sessions_per_user :]:
            await self._end(session)

    async def _end(self, session: Device) -> None:
        await self._store.delete_device(session.user_id, session.id)
        self._access.forget()
        self._hub.drop(session.user_id, session.id)

    def _changed(self, device: Device | None) -> Device:
        if device is None:
            raise NotFound(because("no_device"))
        self._access.forget()
        return self._access.seen(device)

    def _alive(self, device: Device) -> bool:
        return device.expires is None or device.expires > self._clock.now()


def _check_seconds(field: str, seconds: int) -> None:
    if not 0 <= seconds <= LONGEST:
        raise BadInput(f"{field} must be from 0 to {LONGEST} seconds")
