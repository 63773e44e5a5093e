"""Writes the dumps of the current schema in tests/data/schemas: `python -m tests.storage.dump_schemas`.

Run it once, when a migration is added and before it is released; what older versions have left behind stays as it is.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Raw, structs

from carillon.core.models import Application, Image, User
from carillon.core.outgoing import Confirmation, Rules
from carillon.core.ports import ApplicationChange, Store
from carillon.storage.migrate import DATABASE, steps
from tests.builders import DAY, HOUR, NOON
from tests.contracts.outgoing import add_service, claim, ended, settle
from tests.contracts.stores import Home, add_application, add_user, join, new_device, once, publication, send
from tests.postgres import cluster, program

# What a full-text table shows as rows is kept in its own tables, which are dumped too.
SHADOWED = ('INSERT INTO "search" VALUES', 'INSERT INTO "search_words" VALUES')

FOLDER = Path(__file__).parents[1] / "data/schemas"


async def fill(store: Store) -> None:
    """Something of everything."""
    ada = await add_user(store, "ada", admin=True)
    eve = await add_user(store, "eve", initial_password=False)
    backup = await add_application(store, ada, "Backup", description="at night", token_digest=b"backup")
    door = await add_application(store, ada, "Doorbell", default_priority=8, token_digest=b"door")
    await join(store, eve, door)
    await store.add_device(new_device(ada, token_digest=b"phone"))
    await store.touch_token(3, NOON + HOUR)
    await fill_sharing(store, ada, eve, door)
    chat = await add_service(store, ada, rules=Rules(quota=100))
    await store.ask_confirmation(
        Confirmation(service_id=chat.id, address="eve@example.org", digest=b"code", asked=NOON)
    )

    for title in ("gone", "gone too", "cleared"):
        await send(store, backup, ada, title=title)
    await store.delete_entries(ada.id, [1], now=NOON)
    await store.forget(tombstones_before=NOON + 1, now=NOON, limit=10)
    await store.delete_entries(ada.id, [2], now=NOON + DAY)
    await store.clear(ada.id, backup.id, now=NOON)
    await send(store, door, ada, eve, title="ring", priority=8, level=8)
    await store.mark(ada.id, [4], read=NOON + 1, dismissed=NOON + 2)
    await send(store, backup, ada, title="1 %", key="progress")
    await send(
        store,
        backup,
        ada,
        title="2 %",
        key="progress",
        expires=NOON + DAY,
        sound="bell",
        url="https://example.org/",
        url_title="look",
        icon="https://example.org/i.png",
        tags=Raw(b'["a"]'),
        actions=Raw(b"[]"),
        extras=Raw(b'{"a":  1.50}'),
        encrypted=True,
    )
    await store.fill(100)
    await store.publish(structs.replace(once(publication(backup, ada, title="once")), services=(chat.id,)))
    await settle(
        store, chat, ended((await claim(store, chat))[0], "retry", due=NOON + HOUR, attempts=1, code="timeout")
    )


async def fill_sharing(store: Store, ada: User, eve: User, door: Application) -> None:
    family = await store.add_group("family", now=NOON)
    for user in (ada, eve):
        await store.add_member(family.id, user.id)
    await store.share(door.id, group_id=family.id)
    await store.set_image(door.id, Image("bell.png", "image/png", b"\x89PNG"))
    await store.update_application(ada.id, door.id, change=ApplicationChange(content_type="text/markdown"))
    session = new_device(
        eve,
        name="browser",
        token_digest=b"browser",
        token_sealed=b"sealed",
        kind="session",
        expires_after=3600,
        elevated_until=NOON + HOUR,
    )
    await store.add_device(session)


async def filled(url: str | None, folder: Path) -> None:
    home = Home(url, folder)
    await fill(await home.open())
    await home.close()


def dump_sqlite(folder: Path) -> str:
    asyncio.run(filled(None, folder))
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        return "\n".join(line for line in db.iterdump() if not line.startswith(SHADOWED)) + "\n"


def dump_postgres(folder: Path) -> str:
    with cluster() as server:
        url = asyncio.run(server.new_database())
        asyncio.run(filled(url, folder))
        command = [program("pg_dump"), "--inserts", "--no-owner", "--no-privileges", url]
        dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line for line in dump.splitlines() if line and not line.startswith(("--", "\\"))]
    return re.sub(r"^SET (?!search_path).*\n", "", "\n".join(lines) + "\n", flags=re.MULTILINE)


def main() -> None:
    number = steps("sqlite")[-1].number
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        (FOLDER / f"{number:04}.sqlite.sql").write_text(dump_sqlite(Path(first)))
        (FOLDER / f"{number:04}.postgres.sql").write_text(dump_postgres(Path(second)))


if __name__ == "__main__":
    main()
