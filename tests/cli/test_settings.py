from __future__ import annotations

import asyncio
import json

import httpx

from carillon.core.limits import Limits
from carillon.ops.system import SystemClock
from carillon.settings import Settings
from carillon.storage import open_store
from tests.cli.program import Program


def decide(program: Program, **stored: str) -> None:
    """As a server that is gone has left it; values are JSON."""

    async def store_them() -> None:
        store = await open_store(None, program.data, announce=lambda _: None, limits=Limits(), clock=SystemClock())
        await store.decide(stored)
        await store.close()

    program.data.mkdir(mode=0o700, exist_ok=True)
    asyncio.run(store_them())


def rows_of(text: str) -> dict[str, tuple[str, str]]:
    return {row["name"]: (row["value"], row["source"]) for row in json.loads(text)}


def test_every_setting_with_its_source(program: Program) -> None:
    lines = program.said("settings", CARILLON_PORT="81", CARILLON_TOKEN="Hush").splitlines()
    assert lines[0].split() == ["SETTING", "VALUE", "FROM"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[1:]}
    assert rows["CARILLON_PORT"] == ["81", "environment"]
    assert rows["CARILLON_TOKEN"] == ["***", "environment"]
    assert rows["CARILLON_LOG_LEVEL"] == ["info", "default"]


def test_as_json(program: Program) -> None:
    program.data.mkdir()
    (program.data / "carillon.env").write_text("CARILLON_ADMIN_PASSWORD=Hush")
    text = program.said("settings", "--json")
    assert "Hush" not in text
    rows = {row["name"]: row for row in json.loads(text)}
    assert rows["CARILLON_ADMIN_PASSWORD"] == {
        "name": "CARILLON_ADMIN_PASSWORD",
        "value": "***",
        "source": str(program.data / "carillon.env"),
    }


def test_what_admins_have_decided(program: Program) -> None:
    decide(program, registration="true", publish_rate="7", of_tomorrow="1", publish_burst="0")
    asked = program("settings", "--json", CARILLON_PUBLISH_RATE="9")
    rows = rows_of(asked.stdout)
    assert rows["CARILLON_REGISTRATION"] == ("true", "database")
    assert rows["CARILLON_PUBLISH_RATE"] == ("9", "environment")
    assert rows["CARILLON_PUBLISH_BURST"] == ("5000", "default")
    assert "ignored: of_tomorrow: this version has no such setting" in asked.stderr
    assert "ignored: publish_burst must be a whole number from 1 to 1000000" in asked.stderr


def test_what_the_running_server_says(beside: Program) -> None:
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(Settings(data=beside.data).socket))) as client:
        changed = client.patch("http://carillon/api/1/settings", json={"session_days": 4})
    assert changed.status_code == 200, changed.text
    assert rows_of(beside.said("settings", "--json"))["CARILLON_SESSION_DAYS"] == ("4", "database")


def test_looking_makes_nothing(program: Program) -> None:
    program.said("settings")
    assert not program.data.exists()


def test_a_database_that_is_away_is_told_and_the_rest_is_shown(program: Program) -> None:
    asked = program("settings", CARILLON_DATABASE="postgresql://carillon:Hush@127.0.0.1:1/carillon")
    assert asked.exit_code == 0
    assert "the database cannot be looked at" in asked.stderr
    assert "CARILLON_PORT" in asked.stdout
    assert "Hush" not in asked.output


def test_the_doctor_tells_them_too(program: Program) -> None:
    program.said("users", "list", CARILLON_ADMIN_PASSWORD="better")
    decide(program, snapshot="true", of_tomorrow="1")
    found = program.said("doctor")
    assert "ok    setting snapshot = true (database)" in found
    assert "warn  a setting in the database is ignored: of_tomorrow: this version has no such setting" in found
    assert "warn  there is no snapshot" in found


def test_a_backup_and_what_is_restored_from_it_have_them(program: Program) -> None:
    program.said("users", "list")
    decide(program, publish_rate="7")
    backup = program.data.parent / "backup.tar"
    assert program("backup", str(backup)).exit_code == 0
    assert b"CARILLON_PUBLISH_RATE = 7    (database)\n" in backup.read_bytes()
    other = Program(program.data.parent / "other")
    assert other("restore", str(backup)).exit_code == 0
    assert rows_of(other.said("settings", "--json"))["CARILLON_PUBLISH_RATE"] == ("7", "database")
