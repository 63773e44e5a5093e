"""Backups of the installation that the settings name."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from carillon.ops.backups import Archive, Backups, Order
from carillon.ops.system import SystemClock
from carillon.settings import Settings
from carillon.storage.backup import make
from carillon.storage.backup.make import Place

SHARE = 1.0  # beside a server the work rests half of the time: somebody waits for it, and publishing goes on


def place_of(settings: Settings) -> Place:
    return Place(settings.database or None, settings.data)


def backups_of(settings: Settings, *, share: float = SHARE) -> Backups:
    """`share`: how many times as long as it works it rests. What a killed process has left is cleared away."""
    make.clear_away(settings.data)
    shown = "".join(f"{each.name} = {each.value}    ({each.source})\n" for each in settings.effective())

    def start(order: Order) -> AbstractAsyncContextManager[Archive]:
        whole = make.Order(settings=shown, key=order.key, passphrase=order.passphrase, share=share)
        return make.backup(place_of(settings), whole, SystemClock())

    return start
