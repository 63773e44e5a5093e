"""Levels 0…10, on which the product compares messages, and the scales that dialects use instead."""

from __future__ import annotations

from msgspec import Struct

from carillon.core.models import Message

LOWEST, HIGHEST = 0, 10


class Scale(Struct, frozen=True):
    """The numbers of one dialect. Those of Gotify and of our own API are the levels, without a bound."""

    dialect: str

    def level(self, priority: int) -> int:
        if LOWEST <= priority <= HIGHEST:
            return priority
        return LOWEST if priority < LOWEST else HIGHEST

    def of(self, message: Message) -> int:
        """The number this dialect shows: the sender's own if it was of this dialect, else by the level."""
        return message.priority if message.dialect == self.dialect else message.level
