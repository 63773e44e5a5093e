from __future__ import annotations

import platform
from pathlib import Path

import pytest
from msgspec.structs import replace

from carillon import __version__
from carillon.core.backstage import Address
from carillon.core.decisions import Decisions
from carillon.core.errors import Unavailable
from carillon.ops.report import Folder, Reporter
from carillon.settings import Settings
from tests.builders import NOON, House, opened


def reporter_of(house: House, data: Path, **changed: object) -> Reporter:
    folder = Folder(path=data, database=data / "carillon.db", snapshot=data / "gotify.db", proxies=[])
    decisions = Decisions(house.store, Settings().decidable())
    return Reporter(
        replace(folder, **changed), store=house.store, decisions=decisions, streams=house.hub.count, clock=house.clock
    )


async def test_how_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        reporter = reporter_of(house, tmp_path)
        house.clock.advance(5_000_000)
        ada = await house.user()
        await house.sender(ada)
        reporter.listeners = [Address("*:8080", "http")]
        report = await reporter.report()
    assert (report.version, report.python, report.started) == (__version__, platform.python_version(), NOON)
    assert (report.engine, report.path) == ("SQLite", str(tmp_path / "carillon.db"))
    assert report.schema >= 4
    assert (report.users, report.applications, report.messages, report.streams) == (1, 1, 0, 0)
    assert report.listeners == [Address("*:8080", "http")]
    assert (report.queued_writes, report.queued_bytes) == (0, 0)
    assert min(report.database_bytes, report.data_free_bytes) > 0


async def test_what_is_wrong_with_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await house.accounts.users.ensure_first(None)
        await house.store.decide({"of_tomorrow": "1", "snapshot": "true"})
        decisions = Decisions(house.store, Settings().decidable())
        await decisions.load(lambda policy: None)
        reporter = Reporter(
            Folder(path=tmp_path, database=tmp_path / "carillon.db", snapshot=tmp_path / "gotify.db", proxies=["::/0"]),
            store=house.store,
            decisions=decisions,
            streams=lambda: 3,
            clock=house.clock,
        )
        report = await reporter.report()
    found = {check.name: check.verdict for check in report.checks if check.verdict != "ok"}
    assert found.items() >= {"proxies": "warn", "snapshot": "warn", "passwords": "fail", "settings": "warn"}.items()
    assert report.streams == 3


async def test_in_postgresql_there_is_no_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        assert (await reporter_of(house, tmp_path, database=None).report()).path is None


async def test_it_is_well_while_storage_answers(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        reporter = reporter_of(house, tmp_path)
        assert await reporter.healthy()
        await house.store.close()
        assert not await reporter.healthy()
        with pytest.raises(Unavailable):
            await reporter.report()
