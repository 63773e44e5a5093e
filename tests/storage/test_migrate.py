from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from carillon.core.errors import Unavailable
from carillon.core.matching import Wanted
from carillon.core.models import Cleared, EntryChange, Image, Share
from carillon.core.outgoing import LogQuery, Rules
from carillon.core.ports import Store
from carillon.core.query import parse
from carillon.storage import NewerSchema, StoreLocked
from carillon.storage.lock import FolderLock
from carillon.storage.migrate import (
    DATABASE,
    FOLDER,
    Step,
    apply_postgres,
    apply_sqlite,
    engine_of,
    migrate,
    pending,
    steps,
)
from tests.builders import DAY, HOUR, NOON
from tests.contracts.stores import Home, add_user, once, publication, titles
from tests.postgres import Cluster

SCHEMAS = Path(__file__).parents[1] / "data/schemas"

# A step that was released is never edited. Its sum is added here together with the file, and stays.
RELEASED = {
    "0001_initial.postgres.sql": "d8d74d40ba2cd9aa539736a97557847855fbf290978182febf720b5968ea80b3",
    "0001_initial.sqlite.sql": "e89662723b2841a18cb33ad1db7ce0701bff4a3ef70975e5b20df7e9e0570445",
    "0002_sharing.postgres.sql": "7037868795a1b7063f8ccd7e4ecf9476ddb9ade73ee165592258796dc0835e81",
    "0002_sharing.sqlite.sql": "8a3fe127cfd3f4d3ca5b1b7f6666098ef5533d39843a248172d00519c2fb1f0b",
    "0003_origins.sql": "caefe4fcb87a718f61f50a0e8db91328d74dfd8c944218b400c8c48bc3261311",
    "0004_preferences.sql": "52091f7d5fc2fcc0cacab5986ff5487f24fc14c3b014e13fd8bd6c1a4c1b4bf4",
    "0005_search.postgres.sql": "7b1de8a7c47556e3dffba099b698ee10c262d81aed25faff247cbdf2a2240cba",
    "0005_search.sqlite.sql": "0bd131523ebd1d32164151d63c4c10acac3788e352146599e718c15106f65324",
    "0006_statistics.postgres.sql": "d1d2d6acb93b1fae6c036a8e780f4da63afa54f8f032f239fc2b40c3b115d374",
    "0006_statistics.sqlite.sql": "c4aeefcf90dce39a925af4d9f0b8219f2024f6fae7ffed21d9385988907a377a",
    "0007_services.postgres.sql": "c2d81c312d9db1875e5d09caf36e58c864f6493ea906d63f7cee061045edbf28",
    "0007_services.sqlite.sql": "736c19092407658e7936acd3ff16ebb2bb4d9cd0eb8d038086ab206b470a47f2",
    "0008_spans.postgres.sql": "d4f17c8d3e937b9808516edd21bd4e606a2af2b212a959af9550440821af8f8d",
    "0008_spans.sqlite.sql": "72db2169465f185cd99b177a8b472ee5d34b744b96a4fb38bdbe801b63e8319f",
}

LAST = len(steps("sqlite"))
NAMES = [step.name for step in steps("sqlite")]
MORE = Step(
    LAST + 1, f"{LAST + 1:04}_more", "CREATE TABLE more (number INTEGER);\nINSERT INTO more (number) VALUES (5);"
)
BROKEN = Step(LAST + 2, f"{LAST + 2:04}_broken", "CREATE TABLE most (number INTEGER);\nINSERT INTO nowhere VALUES (1);")


def test_no_step_was_edited() -> None:
    assert {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in FOLDER.iterdir()} == RELEASED


def test_both_engines_take_the_same_steps_without_a_gap() -> None:
    names = [step.name for step in steps("sqlite")]
    assert names == [step.name for step in steps("postgres")]
    assert [step.number for step in steps("sqlite")] == list(range(1, len(names) + 1))


def test_what_a_database_address_may_be() -> None:
    assert engine_of(None) == "sqlite"
    assert engine_of("postgres://h/d") == "postgres" == engine_of("postgresql://h/d")
    with pytest.raises(ValueError, match="starts with"):
        engine_of("sqlite:///x")


async def test_what_is_pending_is_told_and_nothing_done(tmp_path: Path) -> None:
    assert await pending(None, tmp_path) == NAMES
    assert [*tmp_path.iterdir()] == []  # noqa: ASYNC240  # an empty folder
    assert await migrate(None, tmp_path) == NAMES
    assert await pending(None, tmp_path) == []
    assert await migrate(None, tmp_path) == []


async def test_the_same_on_postgres(postgres_url: str) -> None:
    assert await pending(postgres_url, Path()) == NAMES
    assert await pending(postgres_url, Path()) == NAMES
    assert await migrate(postgres_url, Path()) == NAMES
    assert await pending(postgres_url, Path()) == []
    assert await migrate(postgres_url, Path()) == []


async def test_a_database_that_is_away_is_said_to_be(unused_tcp_port: int) -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        await pending(f"postgresql://carillon@127.0.0.1:{unused_tcp_port}/x", Path())


async def test_nothing_is_migrated_under_a_running_server(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    with pytest.raises(StoreLocked):
        await migrate(None, tmp_path)
    lock.release()
    assert await migrate(None, tmp_path) == NAMES


def test_before_a_step_what_is_stored_is_saved(database: Path) -> None:
    with closing(sqlite3.connect(database)) as db:
        db.execute("UPDATE counters SET message = 77")
        db.commit()
    assert apply_sqlite(database, [*steps("sqlite"), MORE]) == [MORE]
    saved = database.with_name(f"carillon.db.before-{MORE.number:04}")
    assert saved.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(saved)) as db:
        assert db.execute("SELECT message FROM counters").fetchall() == [(77,)]
        assert db.execute("SELECT name FROM sqlite_master WHERE name = 'more'").fetchall() == []
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("SELECT number FROM more").fetchall() == [(5,)]
        assert db.execute("SELECT * FROM migrations").fetchall() == [*enumerate(NAMES, 1), (MORE.number, MORE.name)]


def test_a_new_database_needs_no_copy(database: Path) -> None:
    assert [path.name for path in database.parent.glob("*before*")] == []


def test_a_step_that_fails_leaves_those_before_it(database: Path) -> None:
    known = [*steps("sqlite"), MORE, BROKEN]
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            apply_sqlite(database, known)
    with closing(sqlite3.connect(database)) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE name IN ('more', 'most')")]
        assert names == ["more"]
    assert apply_sqlite(database, known[:-1]) == []
    with pytest.raises(NewerSchema, match=f"schema {MORE.number}, this Carillon knows {LAST}"):
        apply_sqlite(database, known[:LAST])


async def test_a_step_that_fails_leaves_those_before_it_on_postgres(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    known = [*steps("postgres"), MORE, BROKEN]
    with pytest.raises(asyncpg.UndefinedTableError):
        await apply_postgres(connection, known)
    assert await connection.fetchval("SELECT to_regclass('most')") is None
    assert await connection.fetchval("SELECT number FROM more") == 5
    assert await apply_postgres(connection, known[:-1]) == []
    with pytest.raises(NewerSchema):
        await apply_postgres(connection, known[:LAST])
    await connection.close()


@pytest.fixture(params=["sqlite", "postgres"])
async def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _dumps(*, since: int) -> list[str]:
    """The numbers of the schemas that were released."""
    return sorted({path.name[:4] for path in SCHEMAS.iterdir() if int(path.name[:4]) >= since})


@pytest.fixture(params=_dumps(since=1))
async def left_behind(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> AsyncIterator[Home]:
    """The database that an older version left behind."""
    home = await _home(request, engine, tmp_path)
    dump = (SCHEMAS / f"{request.param}.{engine}.sql").read_text()
    if home.url is None:
        with closing(sqlite3.connect(tmp_path / DATABASE)) as db:
            db.executescript(dump)
    else:
        connection = await asyncpg.connect(home.url)
        await connection.execute(dump)
        await connection.close()
    yield home
    await home.close()


@pytest.fixture
async def fresh(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> AsyncIterator[Home]:
    home = await _home(request, engine, tmp_path / "fresh")
    yield home
    await home.close()


async def _home(request: pytest.FixtureRequest, engine: str, folder: Path) -> Home:
    if engine == "sqlite":
        return Home(None, folder)
    server: Cluster = request.getfixturevalue("postgres")
    return Home(await server.new_database(), folder)


async def test_what_an_older_version_stored_is_there(left_behind: Home) -> None:
    store = await left_behind.open()
    assert await store.check() == []
    ada, eve = await store.users()
    assert (ada.name, ada.admin, ada.initial_password) == ("ada", True, True)
    assert (eve.name, eve.admin, eve.initial_password) == ("eve", False, False)
    assert [(row.application.name, row.role) for row in await store.subscriptions(ada.id)] == [
        ("Backup", "owner"),
        ("Doorbell", "owner"),
    ]
    assert await titles(store, ada) == ["once", "2 %", "ring"]
    assert await titles(store, eve) == ["ring"]
    progress, ring = [await store.item(ada.id, number) for number in (6, 4)]
    assert progress
    assert ring
    assert bytes(progress.message.extras or b"") == b'{"a":  1.50}'
    assert (progress.message.encrypted, progress.message.expires) == (True, NOON + DAY)
    assert (ring.entry.read, ring.entry.dismissed) == (NOON + 1, NOON + 2)
    phone = await store.bearer(b"phone")
    assert phone
    assert phone.user == ada
    assert phone.token.last_used == NOON + HOUR
    await _check_changes(store)


@pytest.mark.parametrize("left_behind", _dumps(since=2), indirect=True)
async def test_who_shares_what_is_there(left_behind: Home) -> None:
    store = await left_behind.open()
    assert await store.shares(2) == [
        Share(role="owner", name="ada", user_id=1),
        Share(role="member", name="eve", user_id=2),
        Share(role="member", name="family", group_id=1),
    ]
    assert [user.name for user in await store.group_members(1)] == ["ada", "eve"]
    door = await store.subscription(1, 2)
    assert door
    assert (door.application.content_type, door.application.image) == ("text/markdown", "bell.png")
    assert await store.image("bell.png") == Image("bell.png", "image/png", b"\x89PNG")
    (session,) = await store.devices(2)
    assert (session.kind, session.expires_after, session.elevated_until) == ("session", 3600, NOON + HOUR)
    assert await store.sealed_tokens("device", [session.id]) == {session.id: b"sealed"}


@pytest.mark.parametrize("left_behind", _dumps(since=7), indirect=True)
async def test_what_goes_out_is_there(left_behind: Home) -> None:
    store = await left_behind.open()
    (chat,) = await store.services()
    assert (chat.rules, chat.counters.retried) == (Rules(quota=100), 1)
    assert [confirmation.address for confirmation in await store.confirmations(chat.id)] == ["eve@example.org"]
    assert await store.work(NOON) == {chat.id: NOON + HOUR}
    (logged,) = (await store.log([chat.id], LogQuery())).deliveries
    assert (logged.title, logged.delivery.state, logged.delivery.code) == ("once", "retry", "timeout")


async def test_it_is_found_and_counted(left_behind: Home) -> None:
    """Whether the older version had indexed it or knew nothing of that."""
    store = await left_behind.open()

    async def found(text: str) -> list[str]:
        page = await store.search(1, Wanted(query=parse(text, now=NOON)), limit=9)
        return [item.message.title for item in page.items]

    for _ in range(2):
        assert await found("") == ["once", "2 %", "ring"]
        assert await found("done") == ["once", "ring"]
        assert await found("since:1d priority:>=8") == ["ring"]
        while (await store.fill(2)).more:
            continue
    tally = await store.tally(1, since=0, until=2**40, before=0, before_until=0)
    assert sum(sent.messages for sent in tally.applications) >= 4
    assert await store.check() == []


async def _more_drawn(store: Store) -> int:
    """How many more changes than the first version a later one has told of, before those that are looked at."""
    return (await store.changes(1, after=2**60, limit=1)).cursor - 13


async def _check_changes(store: Store) -> None:
    more = await _more_drawn(store)
    assert (await store.changes(1, after=3 + more, limit=99)).hole
    page = await store.changes(1, after=5 + more, limit=99)
    assert [change.changed - more for change in page.changes] == [6, 9, 11, 12, 13]
    cleared, *entries = page.changes
    assert cleared == Cleared(user_id=1, changed=6 + more, application_id=1, cleared_to=3)
    assert [change.entry.deleted for change in entries if isinstance(change, EntryChange)] == [None, NOON, None, None]


async def test_it_goes_on_from_there(left_behind: Home) -> None:
    store = await left_behind.open()
    backup = await store.sender(1)
    assert backup
    more = await _more_drawn(store)
    ada = (await store.users())[0]
    again = await store.publish(once(publication(backup.application, ada)))
    assert again.id == 7
    new = await store.publish(publication(backup.application, ada, title="3 %", key="progress"))
    assert new.id == 8
    assert [change.changed - more for change in left_behind.told] == [14, 15]
    assert await titles(store, ada) == ["3 %", "once", "ring"]
    assert await store.sweep(10) == 1
    assert await store.forget(tombstones_before=NOON + 2 * DAY, now=NOON + DAY, limit=10) == 4
    assert (await add_user(store, "bob")).id == 3
    assert await store.check() == []


async def test_its_schema_is_that_of_a_new_one(left_behind: Home, fresh: Home) -> None:
    for home in (left_behind, fresh):
        await home.open()
        await home.close()
    assert await _schema(left_behind) == await _schema(fresh) != []


async def _schema(home: Home) -> list[Any]:
    if home.url is None:
        with closing(sqlite3.connect(home.data / DATABASE)) as db:
            tables = db.execute("SELECT name, type, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()
            return [(*row[:-1], " ".join((row[-1] or "").replace('"', "").split())) for row in tables]
    connection = await asyncpg.connect(home.url)
    found = []
    for query in (
        "SELECT table_name, column_name, ordinal_position, data_type, is_nullable, column_default, collation_name,"
        " is_identity FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 3",
        "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    ):
        found += [tuple(row) for row in await connection.fetch(query)]
    await connection.close()
    return found
