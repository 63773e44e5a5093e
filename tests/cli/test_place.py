from __future__ import annotations

import asyncio
from pathlib import Path

from carillon.cli.place import backups_of, place_of
from carillon.ops.backups import Order
from carillon.settings import Settings
from tests.cli.program import Program


def test_where_it_is() -> None:
    here = place_of(Settings(data=Path("here")))
    assert (here.url, here.data) == (None, Path("here"))
    assert place_of(Settings(database="postgresql://host/db")).url == "postgresql://host/db"


def test_the_settings_in_force_are_in_it_without_their_secrets(program: Program) -> None:
    program.said("users", "list")
    settings = Settings(data=program.data, port=1234, token="Hush", sources={"port": "environment"})

    async def make() -> bytes:
        async with backups_of(settings, share=0)(Order()) as made:
            return b"".join(made.pieces)

    data = asyncio.run(make())
    assert b"CARILLON_PORT = 1234    (environment)\n" in data
    assert b"CARILLON_TOKEN = ***" in data
    assert b"Hush" not in data


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / "carillon.backup.part"
    left.write_text("half")
    backups_of(Settings(data=tmp_path))
    assert not left.exists()
