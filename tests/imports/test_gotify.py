from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import bcrypt
import pytest

from carillon.core.errors import BadInput
from carillon.core.foreign import ForeignMessage, Tops
from carillon.core.secrets import digest
from carillon.imports import gotify
from carillon.imports.gotify import LARGEST_ID, Gotify
from carillon.imports.source import opened
from tests.imports.gotify_databases import (
    VERSIONS,
    Rows,
    extras,
    hashed,
    installation,
    keys,
    make_postgres,
    make_sqlite,
    message,
    microseconds,
    moment,
)
from tests.postgres import Cluster

Reading = Callable[[Rows, str], AbstractAsyncContextManager[Gotify]]


@pytest.fixture(params=["sqlite", "postgres"])
def reading(request: pytest.FixtureRequest, tmp_path: Path) -> Reading:
    """Builds a database and reads it."""

    @asynccontextmanager
    async def read(rows: Rows, version: str = "3.0") -> AsyncIterator[Gotify]:
        if request.param == "sqlite":
            name = str(make_sqlite(tmp_path / gotify.FILE, rows, version))
        else:
            server: Cluster = request.getfixturevalue("postgres")
            name = await make_postgres(await server.new_database(), rows, version)
        async with opened(name, file=gotify.FILE) as source:
            yield await Gotify.of(source)

    return read


async def all_messages(reader: Gotify, after: int = 0) -> list[ForeignMessage]:
    return [each async for each in reader.messages(after)]


@pytest.mark.parametrize("version", VERSIONS)
async def test_each_version(reading: Reading, version: str) -> None:
    async with reading(installation(), version) as reader:
        survey = await reader.survey()
        messages = await all_messages(reader)
    admin, eve = survey.users
    assert (admin.id, admin.name, admin.admin, admin.published_password) == (1, "admin", True, False)
    assert (eve.id, eve.name, eve.admin) == (3, "eve", False)
    assert bcrypt.checkpw(b"battery", eve.password_hash.encode())
    backup, doorbell = survey.applications
    assert (backup.id, backup.user_id, backup.name, backup.description) == (2, 1, "Backup", "at night")
    assert (backup.default_priority, backup.content_type) == (4, "text/plain")
    assert (doorbell.id, doorbell.user_id, doorbell.last_used) == (5, 3, None)
    phone, browser = survey.devices
    assert (phone.id, phone.user_id, phone.name) == (4, 1, "phone")
    assert phone.last_used == microseconds(moment(6))
    assert [each.id for each in messages] == [10, 12, 14, 16, 18, 20]
    assert messages[0].created == microseconds(moment(10))
    assert (messages[1].application_id, messages[1].title, messages[1].body) == (5, "title 12", "text 12")
    assert (messages[1].priority, messages[1].level, messages[1].dialect) == (2, 2, "gotify")
    assert survey.messages == {2: 3, 5: 3}
    assert survey.tops == Tops(user=3, application=5, device=7, message=20)
    assert survey.left == []
    assert survey.pictures == {}
    known = version == "3.0"
    assert eve.created == (microseconds(moment(1)) if known else None)
    assert backup.created == (microseconds(moment(2)) if known else None)
    assert (browser.expires_after, browser.elevated_until) == ((604_800, microseconds(moment(8))) if known else (0, 0))
    assert [each.sort_key for each in survey.applications] == (["a1", "a0"] if version >= "2.9" else [None, None])


async def test_tokens_of_both_kinds(reading: Reading) -> None:
    async with reading(installation(), "3.0") as reader:
        survey = await reader.survey()
    backup, doorbell = (each.token for each in survey.applications)
    assert backup.secret == "AbcDEF0123._-xy"
    assert backup.digest == digest("AbcDEF0123._-xy")
    assert doorbell.secret is None
    assert doorbell.digest == digest(keys("a", 5).private)
    phone, browser = (each.token for each in survey.devices)
    assert phone.digest == sha256(b"CbcDEF0123._-xy").digest()
    assert browser.digest == digest(keys("c", 7).private)


async def test_passwords(reading: Reading) -> None:
    rows = installation(0)
    rows["users"] = [
        {"id": 1, "name": "admin", "pass": hashed("admin"), "admin": True},
        {"id": 2, "name": "ida", "pass": None, "admin": False, "oidc_id": "https://idp.example.org#17"},
        {"id": 3, "name": "odd", "pass": b"md5:0000", "admin": False},
        {"id": 4, "name": "eve", "pass": hashed("admin"), "admin": False, "oidc_id": "https://idp.example.org#18"},
        {"id": 5, "name": "dear", "pass": b"$2a$31$" + b"." * 53, "admin": False},
    ]
    async with reading(rows, "3.0") as reader:
        survey = await reader.survey()
    assert [user.published_password for user in survey.users] == [True, False, False, False, False]
    assert [bool(user.password_hash) for user in survey.users] == [True, False, False, True, False], (
        "a check that takes days holds up all"
    )
    assert survey.left == [
        "the password of ida: he signs in by OIDC only (carillon users password ida)",
        "the password of odd: it is in no form that is known (carillon users password odd)",
        "the OIDC identity of eve",
        "the password of dear: it is in no form that is known (carillon users password dear)",
    ]


async def test_a_dear_published_password_is_not_tried(tmp_path: Path) -> None:
    rows = installation(0)
    rows["users"][0]["pass"] = b"$2a$31$" + b"." * 53  # would take days
    path = make_sqlite(tmp_path / "gotify.db", rows)
    async with opened(str(path), file="") as source:
        assert not (await (await Gotify.of(source)).survey()).users[0].published_password


async def test_extras_and_content_types(reading: Reading) -> None:
    markdown = extras(client__display={"contentType": "text/markdown"}, other={"a": 1.5})
    rows = installation(0)
    rows["messages"] = [
        message(1, extras=markdown),
        message(2, extras=extras(client__display={"contentType": "text/html"})),
        message(3, extras=b"{}"),
        message(4, extras=b"null"),
        message(5, extras=b"[1]"),
        message(6, extras=b'{"a"'),
        message(7, extras=b'{\n "a": [1,\r\n 2]}'),
        message(8, extras=b'{"client::display": "text/markdown"}'),
        message(9, extras=b'{"a":' * 100_000),
    ]
    async with reading(rows, "3.0") as reader:
        found = await all_messages(reader)
    assert found[0].extras == markdown.decode()
    assert [each.content_type for each in found] == ["text/markdown"] + ["text/plain"] * 8
    assert [each.extras is None for each in found] == [False, False, True, True, True, True, False, False, True]
    assert found[6].extras == '{"a":[1,2]}'
    assert reader.oddities == {"messages whose extras are no JSON object: they come without": 3}


async def test_odd_messages(reading: Reading) -> None:
    rows = installation(0)
    rows["messages"] = [
        message(1, title=None, message=None, priority=None),
        message(2, priority=2**40),
        message(3, priority=-5),
        message(4, date=None),
        message(5, message="x" * (gotify.LONGEST + 1)),
        message(6, message="ü" * 200_000),
    ]
    async with reading(rows, "3.0") as reader:
        found = await all_messages(reader)
    assert [each.id for each in found] == [1, 2, 3, 4, 6]
    assert (found[0].title, found[0].body, found[0].priority) == ("", "", 0)
    assert (found[1].priority, found[1].level) == (2**31 - 1, 10)
    assert (found[2].priority, found[2].level) == (-5, 0)
    assert found[3].created is None
    assert found[4].body == "ü" * 200_000
    assert reader.oddities == {
        "message 5: longer than 16 Mi characters, left out": 1,
        "messages without a readable date: they have the hour of the import": 1,
    }


async def test_from_a_message_on(reading: Reading) -> None:
    async with reading(installation(), "2.9") as reader:
        assert [each.id for each in await all_messages(reader, after=14)] == [16, 18, 20]


async def test_the_highest_ids_that_ever_were(reading: Reading) -> None:
    rows = installation(1)
    rows["messages"].append(message(500))
    async with reading(rows, "3.0") as reader:
        assert (await reader.survey()).tops.message == 500


@pytest.mark.parametrize("number", [0, -7, LARGEST_ID + 1, 2**63 - 1])
@pytest.mark.parametrize("table", ["users", "applications", "clients", "messages"])
async def test_an_id_behind_which_none_would_be_left_is_refused(reading: Reading, table: str, number: int) -> None:
    rows = installation()
    rows[table][-1]["id"] = number
    async with reading(rows, "3.0") as reader:
        with pytest.raises(BadInput, match=f"^{table}: there is an id that no Gotify gives"):
            await reader.survey()


@pytest.mark.parametrize("number", ["x", 1.5, None, b"\0"])
async def test_an_id_that_is_no_number_is_refused(tmp_path: Path, number: object) -> None:
    path = make_sqlite(tmp_path / "gotify.db", installation())
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE odd (id, name, pass, admin)")
        db.execute("INSERT INTO odd SELECT id, name, pass, admin FROM users")
        db.execute("UPDATE odd SET id = ? WHERE name = 'eve'", (number,))
        db.execute("DROP TABLE users")
        db.execute("ALTER TABLE odd RENAME TO users")
        db.commit()
    async with opened(str(path), file="") as source:
        with pytest.raises(BadInput, match=r"^users: there is an id that no Gotify gives"):
            await (await Gotify.of(source)).survey()


async def test_a_reference_that_is_no_number_leads_nowhere(tmp_path: Path) -> None:
    path = make_sqlite(tmp_path / "gotify.db", installation())
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE sqlite_sequence SET seq = 'x'")
        db.execute("UPDATE users SET pass = ? WHERE id = 1", (b"$2a$04$" + b"a" * 53,))
        db.execute("UPDATE applications SET user_id = 'x' WHERE id = 2")
        db.execute("UPDATE messages SET application_id = 'x' WHERE id = 10")
        db.commit()
    async with opened(str(path), file="") as source:
        reader = await Gotify.of(source)
        survey = await reader.survey()
        assert [each.user_id for each in survey.applications] == [0, 3]
        assert (await all_messages(reader))[0].application_id == 0


async def test_plugins_pictures_and_unknown_columns(tmp_path: Path) -> None:
    rows = installation(0)
    rows["applications"][0].update(internal=True, image="abc.png")
    rows["plugin_confs"] = [{"id": 1, "user_id": 1, "module_path": "x", "token": "Pabc", "enabled": True}]
    path = make_sqlite(tmp_path / gotify.FILE, rows)
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE messages ADD COLUMN colour TEXT")
        db.commit()
    async with opened(str(path), file="") as source:
        survey = await (await Gotify.of(source)).survey()
    assert survey.pictures == {2: "abc.png"}
    assert survey.left == [
        "that they belong to plugins: Backup become ordinary applications",
        "settings of plugins: 1",
        "the column messages.colour, unknown here",
    ]


async def test_sort_keys_that_cannot_be(reading: Reading) -> None:
    rows = installation(0)
    rows["applications"][0]["sort_key"] = b"a" * 300
    rows["applications"][1]["sort_key"] = b""
    async with reading(rows, "3.0") as reader:
        assert [each.sort_key for each in (await reader.survey()).applications] == [None, None]


async def test_names_and_descriptions_longer_than_they_may_be_here(reading: Reading) -> None:
    rows = installation(0)
    rows["users"][1]["name"] = "ü" * 128
    rows["applications"][0].update(name="ü" * 129, description="d" * 5000)
    rows["clients"][0]["name"] = "c" * 257
    async with reading(rows, "3.0") as reader:
        survey = await reader.survey()
    assert survey.users[1].name == "ü" * 128
    assert survey.applications[0].name == "ü" * 126 + "…"
    assert survey.applications[0].description == "d" * 4093 + "…"
    assert survey.devices[0].name == "c" * 253 + "…"
    assert survey.left == [
        f"{'ü' * 39}… is longer than 256 bytes, and cut",
        f"{'d' * 39}… is longer than 4096 bytes, and cut",
        f"{'c' * 39}… is longer than 256 bytes, and cut",
    ]


@pytest.mark.parametrize(
    ("table", "token"),
    [
        ("applications", "gtfyb." + "a" * 43),
        ("applications", "gtfya.short"),
        ("clients", "gtfya." + "a" * 43),
        ("clients", ""),
        ("clients", None),
    ],
)
async def test_tokens_of_a_newer_version(tmp_path: Path, table: str, token: str | None) -> None:
    rows = installation(0)
    rows[table][0]["token"] = token
    path = make_sqlite(tmp_path / gotify.FILE, rows)
    async with opened(str(path), file="") as source:
        reader = await Gotify.of(source)
        with pytest.raises(BadInput, match=r"was it a newer one\?"):
            await reader.survey()


async def read_columns(name: str) -> Any:
    async with opened(name, file="") as source:
        return await Gotify.of(source)


async def test_databases_of_others(tmp_path: Path, postgres_url: str) -> None:
    with closing(sqlite3.connect(tmp_path / "empty.db")):
        pass
    (tmp_path / "empty.db").touch()
    for name in (str(tmp_path / "empty.db"), postgres_url):
        with pytest.raises(BadInput, match="no database of Gotify: it has no table users"):
            await read_columns(name)
    with closing(sqlite3.connect(tmp_path / "other.db")) as db:
        for table in ("users", "applications", "messages", "clients"):
            db.execute(f"CREATE TABLE {table} (id INTEGER, name TEXT)")
        db.commit()
    with pytest.raises(BadInput, match="users has no admin, pass"):
        await read_columns(str(tmp_path / "other.db"))


async def test_one_state_while_gotify_goes_on(postgres: Cluster) -> None:
    url = await make_postgres(await postgres.new_database(), installation())
    writer = await asyncpg.connect(url)
    async with opened(url, file="") as source:
        reader = await Gotify.of(source)
        await reader.survey()
        await writer.execute("INSERT INTO messages (application_id, message) VALUES (2, 'new')")
        assert len(await all_messages(reader)) == 6
    await writer.close()
