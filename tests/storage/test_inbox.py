"""That reading an inbox costs the same however full it is, counted in steps of SQLite's machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from carillon.core.models import Application, User
from carillon.storage import inbox, sqlite
from carillon.storage.sqlite import SqliteSession
from tests.builders import NOON
from tests.storage.rows import new_application, new_messages, new_user

FEW, MANY = 100, 5000


class Full:
    """A user with two applications, and what reading costs him."""

    def __init__(self, tx: SqliteSession, ada: User, applications: list[Application]) -> None:
        self.tx = tx
        self.ada = ada
        self.applications = applications
        self.steps = 0

    def count(self) -> int:
        self.steps += 1
        return 0

    async def cost(self, read: Callable[[], Awaitable[object]]) -> int:
        before = self.steps
        await read()
        return self.steps - before

    async def fill(self, count: int) -> None:
        for application in self.applications:
            await new_messages(self.tx, application, self.ada, count=count)

    async def costs(self) -> dict[str, int]:
        tx, user = self.tx, self.ada.id
        ((newest,),) = await tx.rows("SELECT changed FROM counters")
        ((middle,),) = await tx.rows("SELECT message - 40 FROM counters")
        first = self.applications[0].id
        return {
            "page": await self.cost(lambda: inbox.page(tx, user, limit=20)),
            "below": await self.cost(lambda: inbox.page(tx, user, limit=20, before=middle)),
            "application": await self.cost(lambda: inbox.page(tx, user, limit=20, application_id=first)),
            "item": await self.cost(lambda: inbox.item(tx, user, middle)),
            "first changes": await self.cost(lambda: inbox.changes(tx, user, after=0, limit=20)),
            "last changes": await self.cost(lambda: inbox.changes(tx, user, after=newest - 10, limit=20)),
            "mark": await self.cost(lambda: inbox.mark(tx, user, [middle, middle + 1], read=newest)),
            "public id": await self.cost(lambda: inbox.item_by_public_id(tx, user, "000000000001")),
            "read up to": await self.cost(lambda: inbox.read_up_to(tx, user, middle, now=NOON, limit=20)),
            "newest": await self.cost(lambda: inbox.newest(tx, user, before=middle, limit=20)),
            "clear up to": await self.cost(lambda: inbox.clear(tx, self.ada.id, None, now=NOON, up_to=1)),
            "clear": await self.cost(lambda: inbox.clear(tx, self.ada.id, first, now=NOON)),
        }


@pytest.fixture
async def full(database: Path) -> AsyncIterator[Full]:
    with closing(sqlite.connect(database)) as db:
        tx = SqliteSession(db)
        db.execute("BEGIN")
        ada, eve = await new_user(tx, "ada"), await new_user(tx, "eve")
        applications = [await new_application(tx, ada, token_digest=name) for name in (b"1", b"2")]
        full = Full(tx, ada, applications)
        await new_messages(tx, applications[0], eve, count=FEW)
        db.set_progress_handler(full.count, 1)
        yield full


def assert_alike(few: dict[str, int], many: dict[str, int]) -> None:
    assert {name: cost for name, cost in many.items() if cost > 1.5 * few[name] + 50} == {}


async def test_reading_costs_the_same_however_much_there_is(full: Full) -> None:
    await full.fill(FEW)
    few = await full.costs()
    assert min(few.values()) > 10  # the count counts
    await full.tx.run("UPDATE subscriptions SET cleared_to = 0")
    await full.fill(MANY)
    assert_alike(few, await full.costs())


async def test_reading_costs_the_same_however_much_waits_for_the_sweep(full: Full) -> None:
    costs: list[dict[str, int]] = []
    for count in (FEW, MANY):
        await full.fill(count)
        await inbox.clear(full.tx, full.ada.id, None, now=NOON)
        await full.fill(30)
        assert len(await inbox.page(full.tx, full.ada.id, limit=100)) == 60
        costs.append(await full.costs())
    assert_alike(*costs)


async def test_reading_costs_the_same_however_many_tombstones_there_are(full: Full) -> None:
    costs: list[dict[str, int]] = []
    for count in (FEW, MANY):
        ((first,),) = await full.tx.rows("SELECT message FROM counters")
        await full.fill(count)
        await inbox.delete(full.tx, full.ada.id, range(first, first + 2 * count + 1), now=NOON)
        await full.fill(30)
        assert len(await inbox.page(full.tx, full.ada.id, limit=100)) == 60
        costs.append(await full.costs())
        await full.tx.run("DELETE FROM entries WHERE deleted = 0")
        await full.tx.run("UPDATE subscriptions SET cleared_to = 0")
    assert_alike(*costs)


def test_only_numbers_that_can_be_stored_are_asked_for() -> None:
    assert inbox.storable([2**63, 2**62, 5, 0, -1, 2**70]) == [2**62, 5]
