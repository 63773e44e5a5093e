from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from carillon.core.errors import BadInput
from carillon.imports.source import opened, pairs_of
from tests.postgres import Cluster


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (
            "host=localhost port=5432 user=gotify dbname=gotifydb password=secret sslmode=disable",
            {
                "host": "localhost",
                "port": "5432",
                "user": "gotify",
                "dbname": "gotifydb",
                "password": "secret",
                "sslmode": "disable",
            },
        ),
        (r" host = h  password='a \'b\\ c=d' ", {"host": "h", "password": r"a 'b\ c=d"}),
        (r"host=h password=a\ b", {"host": "h", "password": "a b"}),
        ("host=", {"host": ""}),
        ("data/gotify.db", None),
        ("/srv/a=b/gotify.db", None),
        ("/srv/gotify.db host=h", None),
        ("colour=red", None),
        ("host='h", None),
        ("", None),
    ],
)
def test_pairs_of_libpq(text: str, pairs: dict[str, str] | None) -> None:
    assert pairs_of(text) == pairs


async def test_a_file_or_the_folder_of_it(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        db.execute("CREATE TABLE t (x)")
    for name in (tmp_path, tmp_path / "a.db"):
        async with opened(str(name), file="a.db") as source:
            assert await source.columns("t") == {"x"}


async def test_postgresql_in_both_forms(postgres: Cluster) -> None:
    url = await postgres.new_database()
    place, _, database = url.removeprefix("postgresql://carillon@").partition("/")
    host, _, port = place.partition(":")
    pairs = f"host={host} port={port} user=carillon dbname={database} sslmode=disable TimeZone=UTC"
    for name in (url, pairs, url.replace("postgresql", "postgres")):
        async with opened(name, file="") as source:
            assert [tuple(row) for row in await source.rows("SELECT current_database()::text")] == [(database,)]


@pytest.mark.parametrize(
    "name",
    [
        "gotify:secret@tcp(localhost:3306)/gotifydb?charset=utf8&parseTime=True",
        "gotify:secret@unix(/run/mysqld.sock)/gotifydb",
        "gotify@/gotifydb",
        "mysql://gotify:secret@host/gotifydb",
    ],
)
async def test_mysql_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="MySQL") as told:
        async with opened(name, file=""):
            pass
    assert "secret" not in str(told.value)


async def test_a_port_that_is_none() -> None:
    with pytest.raises(BadInput, match="port"):
        async with opened("host=localhost port=x", file=""):
            pass
