from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.cli.program import Program
from tests.imports.gotify_databases import (
    Rows,
    add_sqlite,
    hashed,
    installation,
    make_postgres,
    make_sqlite,
    message,
)
from tests.postgres import Cluster
from tests.walks.server import NOBODY, Server


@pytest.fixture
def gotify(tmp_path: Path) -> Path:
    """A data folder of Gotify's."""
    rows = installation()
    rows["applications"][0]["image"] = "picture.png"
    make_sqlite(tmp_path / "gotify/gotify.db", rows)
    (tmp_path / "gotify/images").mkdir()
    Image.new("RGB", (8, 8), (200, 0, 0)).save(tmp_path / "gotify/images/picture.png")
    return tmp_path / "gotify"


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """One that nobody else uses."""
    server = Server(tmp_path / "data", tmp_path / "log")
    try:
        asyncio.run(server.start())
        yield server
    finally:
        server.end()


def stored(data: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(data / "carillon.db")) as db:
        return db.execute(sql).fetchall()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_whole_installation(program: Program, gotify: Path) -> None:
    before = contents(gotify)
    assert program.said("import", "gotify", str(gotify)).splitlines() == [
        "users: 2 new",
        "applications: 2 new",
        "clients: 2 new",
        "messages: 6 new, all of them read",
        "ids: the same as there",
        "",
        "USER        APPLICATIONS  CLIENTS  MESSAGES THERE",
        "admin  new  1             1        3",
        "eve    new  1             1        3",
    ]
    assert contents(gotify) == before
    assert stored(program.data, "SELECT id FROM messages ORDER BY id") == [(number,) for number in range(10, 21, 2)]
    ((name,),) = stored(program.data, "SELECT image FROM applications WHERE image IS NOT NULL")
    assert stored(program.data, "SELECT name, media_type FROM images") == [(name, "image/png")]
    again = program.said("import", "gotify", str(gotify / "gotify.db"))
    assert "users: 2 came before\napplications: 2 came before\nclients: 2 came before\nmessages: none that" in again
    assert len(stored(program.data, "SELECT 1 FROM messages")) == 6
    assert len(stored(program.data, "SELECT 1 FROM images")) == 1


def test_what_would_come(program: Program, gotify: Path) -> None:
    result = program("import", "gotify", str(gotify), "--dry-run")
    assert (result.exit_code, result.stderr) == (0, "nothing was changed\n")
    assert "users: 2 new" in result.stdout
    assert "messages: 6 new" in result.stdout
    assert "ids: the same as there" in result.stdout
    assert not program.data.exists()
    program.said("users", "add", "eve", "--password-stdin", stdin="mine\n")
    before = stored(program.data, "SELECT * FROM users")
    dry = program.said("import", "gotify", str(gotify), "--dry-run")
    assert "users: 2 already here, and added to" in dry
    assert "ids: new ones, since this installation is in use" in dry
    assert "- user eve: he is here already, and keeps the password that he has set here" in dry
    assert stored(program.data, "SELECT * FROM users") == before
    assert stored(program.data, "SELECT * FROM origins") == []
    program.said("import", "gotify", str(gotify))
    assert "messages: none that are new" in program.said("import", "gotify", str(gotify), "--dry-run")


def test_what_has_other_ids_here(program: Program, gotify: Path) -> None:
    program.said("users", "add", "eve", "--password-stdin", stdin="mine\n")
    said = program.said("import", "gotify", str(gotify)).partition("Ids, there → here:\n")[2].splitlines()
    assert said == [
        "- user eve: 3 → 2",
        "- application Backup: 2 → 1",
        "- application Doorbell: 5 → 2",
        "- client phone: 4 → 1",
        "- client chrome 139.0: 7 → 2",
    ]
    assert "- application Doorbell: 5 → 2" in program.said("import", "gotify", str(gotify))


def test_a_picture_that_was_not_found_comes_with_the_next_import(program: Program, gotify: Path) -> None:
    (gotify / "images").rename(gotify / "elsewhere")
    assert "- the picture of Backup: " in program.said("import", "gotify", str(gotify))
    said = program.said("import", "gotify", str(gotify), "--images", str(gotify / "elsewhere"))
    assert "the picture of" not in said
    assert len(stored(program.data, "SELECT 1 FROM applications JOIN images ON image = images.name")) == 1


def test_a_dry_run_migrates_nothing(program: Program, gotify: Path) -> None:
    program.said("users", "list")
    with closing(sqlite3.connect(program.data / "carillon.db")) as db:
        db.execute("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")
        db.commit()
    assert "carillon migrate" in program.refused("import", "gotify", str(gotify), "--dry-run")


def test_through_a_running_server(own_server: Server, gotify: Path) -> None:
    beside = Program(own_server.data)
    assert "ids: the same as there" in beside.said("import", "gotify", str(gotify), "--dry-run")
    assert "messages: 6 new" in beside.said("import", "gotify", str(gotify))
    with httpx.Client(base_url=own_server.url, trust_env=False) as client:
        sent = client.post("/message", params={"token": "AbcDEF0123._-xy"}, data={"message": "on"}, auth=NOBODY)
        assert sent.json()["id"] == 21
        listed = client.get("/message", headers={"X-Gotify-Key": "CbcDEF0123._-xy"}).json()["messages"]
        assert [each["id"] for each in listed] == [21, 18, 14, 10]


def test_from_one_postgresql_into_another(program: Program, postgres: Cluster) -> None:
    theirs, ours = (asyncio.run(postgres.new_database()) for _ in range(2))
    asyncio.run(make_postgres(theirs, installation()))
    said = program.said("import", "gotify", theirs, CARILLON_DATABASE=ours)
    assert "messages: 6 new" in said
    dry = program.said("import", "gotify", theirs, "--dry-run", CARILLON_DATABASE=ours)
    assert "users: 2 came before" in dry


def test_all_that_is_worth_a_word(program: Program, tmp_path: Path) -> None:
    rows: Rows = installation(0)
    rows["users"] = [
        {"id": 1, "name": "admin", "pass": hashed("admin"), "admin": True},
        {"id": 3, "name": "eve", "pass": None, "admin": False, "oidc_id": "idp#1"},
    ]
    rows["applications"][0].update(image="gone.png", internal=True)
    rows["applications"][1].update(image="../../etc/passwd", user_id=77)
    rows["plugin_confs"] = [{"id": 1, "user_id": 1, "token": "P"}]
    rows["messages"] = [message(1), message(2, 5), message(3, 99), message(4, extras=b"[]"), message(5, date=None)]
    path = str(make_sqlite(tmp_path / "g.db", rows))
    foreseen = program("import", "gotify", path, "--dry-run")
    assert (foreseen.exit_code, foreseen.stderr) == (0, "nothing was changed\n")
    result = program("import", "gotify", path)
    assert result.exit_code == 0
    assert result.stdout == foreseen.stdout
    assert "applications: 1 new, 1 refused" in result.stdout
    assert "messages: 3 new, all of them read, 2 of applications that do not come" in result.stdout
    assert result.stdout.partition("Not as it was there:\n")[2].splitlines() == [
        "- application Doorbell: its user is not here",
        "- the password of eve: he signs in by OIDC only (carillon users password eve)",
        "- that they belong to plugins: Backup become ordinary applications",
        "- settings of plugins: 1",
        f"- the picture of Backup: {tmp_path}/images/gone.png: No such file or directory",
        "- messages whose extras are no JSON object: they come without (1)",
        "- messages without a readable date: they have the hour of the import (1)",
    ]
    assert "everybody knows the password of admin: carillon users password admin" in result.stderr


def test_what_cannot_be_read_changes_nothing(program: Program, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database " * 1000)
    (tmp_path / "empty.db").touch()
    newer = installation(0)
    newer["clients"][1]["token"] = "gtfyz." + "a" * 43
    make_sqlite(tmp_path / "newer.db", newer)
    for name, told in (
        (str(tmp_path / "nowhere.db"), "no such file"),
        (str(tmp_path / "text"), "not a database"),
        (str(tmp_path / "empty.db"), "no database of Gotify: it has no table users"),
        (str(tmp_path / "newer.db"), "was it a newer one?"),
        ("gotify:secret@tcp(localhost)/gotify", "MySQL"),
        ("postgresql://nobody:secret@127.0.0.1:1/none", "cannot be reached"),
    ):
        refusal = program.refused("import", "gotify", name)
        assert told in refusal
        assert "secret" not in refusal
    assert not program.data.exists()


def test_what_comes_later_and_what_was_cut_short(program: Program, gotify: Path) -> None:
    program.said("import", "gotify", str(gotify))
    with closing(sqlite3.connect(program.data / "carillon.db")) as db:  # as if it had ended after 14
        db.execute("DELETE FROM messages WHERE id > 14")
        db.execute("DELETE FROM entries WHERE message_id > 14")
        db.execute("UPDATE origins SET reached = 14")
        db.commit()
    with closing(sqlite3.connect(gotify / "gotify.db")) as db:
        add_sqlite(db, "messages", [message(33)])
        db.commit()
    assert "messages: 4 new" in program.said("import", "gotify", str(gotify))
    ids = [row[0] for row in stored(program.data, "SELECT id FROM messages ORDER BY id")]
    assert ids == [10, 12, 14, 16, 18, 20, 33]


def test_a_failure_half_way_says_that_it_may_be_called_again(program: Program, gotify: Path) -> None:
    program.said("users", "list")
    with closing(sqlite3.connect(program.data / "carillon.db")) as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'no more'); END")
        db.commit()
    told = program.refused("import", "gotify", str(gotify))
    assert "it is not done: what has come over stays, and the same command goes on from there" in told
    assert "no more" in told
    with closing(sqlite3.connect(program.data / "carillon.db")) as db:
        db.execute("DROP TRIGGER full")
        db.commit()
    assert "messages: 6 new" in program.said("import", "gotify", str(gotify))
