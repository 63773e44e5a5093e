"""Databases as Gotify makes them: tables as gorm lays them out, values as its drivers write them."""

from __future__ import annotations

import json
import sqlite3
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import asyncpg
import bcrypt
from msgspec import Struct
from nacl.bindings import crypto_sign_seed_keypair

VERSIONS = ("2.6", "2.9", "3.0")
Version = str

BERLIN = timezone(timedelta(hours=2))
LONG_AGO = datetime(2026, 5, 1, 8, 30, 15, 123456, tzinfo=BERLIN)

# Column, type in SQLite, type in PostgreSQL, first version.
Column = tuple[str, str, str, Version]
TABLES: dict[str, Sequence[Column]] = {
    "users": (
        ("id", "integer PRIMARY KEY AUTOINCREMENT", "bigserial PRIMARY KEY", "2.6"),
        ("name", "varchar(180)", "varchar(180)", "2.6"),
        ("pass", "blob", "bytea", "2.6"),
        ("admin", "numeric", "boolean", "2.6"),
        ("created_at", "datetime", "timestamptz", "3.0"),
        ("oidc_id", "varchar(255)", "varchar(255)", "3.0"),
    ),
    "applications": (
        ("id", "integer PRIMARY KEY AUTOINCREMENT", "bigserial PRIMARY KEY", "2.6"),
        ("token", "varchar(180)", "varchar(180)", "2.6"),
        ("user_id", "integer", "bigint", "2.6"),
        ("name", "text", "text", "2.6"),
        ("description", "text", "text", "2.6"),
        ("internal", "numeric", "boolean", "2.6"),
        ("image", "text", "text", "2.6"),
        ("default_priority", "integer", "bigint", "2.6"),
        ("created_at", "datetime", "timestamptz", "3.0"),
        ("last_used", "datetime", "timestamptz", "2.6"),
        ("sort_key", "bytes", "bytea", "2.9"),
    ),
    "messages": (
        ("id", "integer PRIMARY KEY AUTOINCREMENT", "bigserial PRIMARY KEY", "2.6"),
        ("application_id", "integer", "bigint", "2.6"),
        ("message", "text", "text", "2.6"),
        ("title", "text", "text", "2.6"),
        ("priority", "integer", "bigint", "2.6"),
        ("extras", "blob", "bytea", "2.6"),
        ("date", "datetime", "timestamptz", "2.6"),
    ),
    "clients": (
        ("id", "integer PRIMARY KEY AUTOINCREMENT", "bigserial PRIMARY KEY", "2.6"),
        ("token", "varchar(180)", "varchar(180)", "2.6"),
        ("user_id", "integer", "bigint", "2.6"),
        ("name", "text", "text", "2.6"),
        ("created_at", "datetime", "timestamptz", "3.0"),
        ("last_used", "datetime", "timestamptz", "2.6"),
        ("elevated_until", "datetime", "timestamptz", "3.0"),
        ("expires_after_inactivity_seconds", "integer NOT NULL DEFAULT 0", "bigint NOT NULL DEFAULT 0", "3.0"),
        ("expires_at", "datetime", "timestamptz", "3.0"),
    ),
    "plugin_confs": (
        ("id", "integer PRIMARY KEY AUTOINCREMENT", "bigserial PRIMARY KEY", "2.6"),
        ("user_id", "integer", "bigint", "2.6"),
        ("module_path", "text", "text", "2.6"),
        ("token", "varchar(180)", "varchar(180)", "2.6"),
        ("application_id", "integer", "bigint", "2.6"),
        ("enabled", "numeric", "boolean", "2.6"),
        ("config", "blob", "bytea", "2.6"),
        ("storage", "blob", "bytea", "2.6"),
    ),
}

Rows = dict[str, list[dict[str, Any]]]


class Keys(Struct, frozen=True):
    """A token of Gotify 3 as its holder has it, and as the database does."""

    private: str
    public: str


def keys(kind: str, number: int) -> Keys:
    """`kind` is a or c."""
    seed = bytes([number]) * 32
    public, _ = crypto_sign_seed_keypair(seed)
    return Keys(*(f"gtfy{kind}.{urlsafe_b64encode(part).rstrip(b'=').decode()}" for part in (seed, public)))


def hashed(password: str) -> bytes:
    """At bcrypt's cheapest, in the form that Go writes."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4, prefix=b"2a"))


def moment(minutes: int) -> datetime:
    return LONG_AGO + timedelta(minutes=minutes)


def installation(messages: int = 6) -> Rows:
    """Two users with an application and a client each; the messages are theirs in turn, with gaps in the ids."""
    return {
        "users": [
            {"id": 1, "name": "admin", "pass": hashed("correct horse"), "admin": True, "created_at": LONG_AGO},
            {"id": 3, "name": "eve", "pass": hashed("battery"), "admin": False, "created_at": moment(1)},
        ],
        "applications": [
            {
                "id": 2,
                "token": "AbcDEF0123._-xy",
                "user_id": 1,
                "name": "Backup",
                "description": "at night",
                "internal": False,
                "image": "",
                "default_priority": 4,
                "created_at": moment(2),
                "last_used": moment(3),
                "sort_key": b"a1",
            },
            {
                "id": 5,
                "token": keys("a", 5).public,
                "user_id": 3,
                "name": "Doorbell",
                "description": "",
                "internal": False,
                "image": "",
                "default_priority": 0,
                "created_at": moment(4),
                "last_used": None,
                "sort_key": b"a0",
            },
        ],
        "messages": [message(10 + 2 * number, 5 if number % 2 else 2) for number in range(messages)],
        "clients": [
            {
                "id": 4,
                "token": "CbcDEF0123._-xy",
                "user_id": 1,
                "name": "phone",
                "created_at": moment(5),
                "last_used": moment(6),
                "expires_after_inactivity_seconds": 0,
            },
            {
                "id": 7,
                "token": keys("c", 7).public,
                "user_id": 3,
                "name": "chrome 139.0",
                "created_at": moment(7),
                "last_used": None,
                "elevated_until": moment(8),
                "expires_after_inactivity_seconds": 604_800,
                "expires_at": moment(9),
            },
        ],
        "plugin_confs": [],
    }


def message(number: int, application_id: int = 2, **fields: Any) -> dict[str, Any]:
    row = {
        "id": number,
        "application_id": application_id,
        "message": f"text {number}",
        "title": f"title {number}",
        "priority": number % 10,
        "extras": None,
        "date": moment(number),
    }
    return {**row, **fields}


def extras(**found: Any) -> bytes:
    """With :: for __ in the names."""
    return json.dumps({name.replace("__", "::"): value for name, value in found.items()}).encode()


def written(value: Any) -> Any:
    """As mattn/go-sqlite3 stores it: times as text, to the nanosecond, without zeros at the end."""
    if not isinstance(value, datetime):
        return value
    fraction = f".{value.microsecond:06}789".rstrip("0") if value.microsecond else ""
    offset = value.strftime("%z")
    return f"{value:%Y-%m-%d %H:%M:%S}{fraction}{offset[:3]}:{offset[3:]}"


def columns_of(table: str, version: Version) -> list[Column]:
    return [column for column in TABLES[table] if column[3] <= version]


def make_sqlite(path: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]], version: Version = "3.0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        for table in TABLES:
            columns = columns_of(table, version)
            db.execute(f"CREATE TABLE `{table}` ({', '.join(f'`{name}` {kind}' for name, kind, *_ in columns)})")
            add_sqlite(db, table, rows.get(table, ()), version)
        db.commit()
    return path


def add_sqlite(db: sqlite3.Connection, table: str, rows: Sequence[Mapping[str, Any]], version: Version = "3.0") -> None:
    for row in rows:
        names = [name for name, *_ in columns_of(table, version) if name in row]
        marks = ", ".join("?" * len(names))
        values = [written(row[name]) for name in names]
        db.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", values)  # noqa: S608  # names of the tests' own


async def make_postgres(url: str, rows: Mapping[str, Sequence[Mapping[str, Any]]], version: Version = "3.0") -> str:
    connection = await asyncpg.connect(url)
    for table in TABLES:
        columns = columns_of(table, version)
        await connection.execute(
            f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, _, kind, _ in columns)})"
        )
        await add_postgres(connection, table, rows.get(table, ()), version=version)
        await connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest((SELECT max(id) FROM {table}), 1))"  # noqa: S608  # as above
        )
    await connection.close()
    return url


async def add_postgres(
    connection: asyncpg.Connection, table: str, rows: Sequence[Mapping[str, Any]], *, version: Version = "3.0"
) -> None:
    for row in rows:
        names = [name for name, *_ in columns_of(table, version) if name in row]
        marks = ", ".join(f"${number}" for number, _ in enumerate(names, 1))
        sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608  # as above
        await connection.execute(sql, *(row[name] for name in names))


def microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
