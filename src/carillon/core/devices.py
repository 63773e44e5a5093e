"""Devices: create, change, delete."""

from __future__ import annotations

from carillon.core.limits import Limits, require
from carillon.core.models import Device
from carillon.core.ports import Clock, NewDevice, Store
from carillon.core.tokens import Tokens


class Devices:
    def __init__(self, *, store: Store, tokens: Tokens, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._limits = limits

    async def of(self, user_id: int) -> list[Device]:
        return await self._store.devices(user_id)

    async def add(self, user_id: int, name: str) -> tuple[Device, str]:
        """The device and the secret of its token, shown this once. Raises BadInput."""
        require("name", name, self._limits.name)
        token = self._tokens.mint("device")
        device = await self._store.add_device(
            NewDevice(
                user_id=user_id,
                name=name,
                created=self._clock.now(),
                token_digest=token.digest,
                token_sealed=token.sealed,
            )
        )
        return device, token.secret
