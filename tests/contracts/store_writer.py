"""A process that writes: argv is the database's address, a user, an application, a name, and how many messages."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from carillon.core.limits import Limits
from carillon.core.ports import Publication
from carillon.storage import open_store
from tests.builders import Clock, message


async def main(url: str, user: int, application: int, name: str, count: int) -> None:
    store = await open_store(url, Path(), announce=lambda _: None, limits=Limits(), clock=Clock())
    for start in range(0, count, 15):
        numbers = range(start, start + 15)
        new = [
            message(
                id=0,
                public_id=f"{name}{number:08}",
                application_id=application,
                title=f"{name}{number}",
                key=f"{name}k" if number % 15 == 0 else None,
            )
            for number in numbers
        ]
        await asyncio.gather(*(store.publish(Publication(one, (user,))) for one in new))
    await store.close()


if __name__ == "__main__":
    _, url, user, application, name, count = sys.argv
    asyncio.run(main(url, int(user), int(application), name, int(count)))
