"""An installation of either engine to back up and to restore into."""

from __future__ import annotations

import asyncio
from pathlib import Path

from carillon.core.models import User
from carillon.core.ports import Store
from carillon.ops.system import SystemClock
from carillon.storage.backup.archive import KeyState
from carillon.storage.backup.make import Order, Place, backup
from tests.contracts.stores import Home, add_application, add_user, send

SETTINGS = "CARILLON_PORT = 8080    (default)\n"


def order(key: KeyState = "left out", passphrase: str = "") -> Order:
    return Order(settings=SETTINGS, key=key, passphrase=passphrase)


async def fill(store: Store, *, messages: int = 3) -> User:
    ada = await add_user(store)
    application = await add_application(store, ada)
    for number in range(messages):
        await send(store, application, ada, title=f"{number}")
    return ada


async def save(place: Place, target: Path, *, key: KeyState = "left out", passphrase: str = "") -> Path:
    """A backup, as a file."""
    async with backup(place, order(key, passphrase), SystemClock()) as packed:
        data = b"".join(packed.pieces)
    assert len(data) == packed.size
    await asyncio.to_thread(target.write_bytes, data)
    return target


async def filled(place: Place, *, messages: int = 3) -> User:
    """Somebody with messages, in a store that is closed again."""
    home = Home(place.url, place.data)
    user = await fill(await home.open(), messages=messages)
    await home.close()
    return user
