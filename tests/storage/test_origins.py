"""What the contract of the store cannot see; the rest is in contracts/test_store_adoption.py."""

from __future__ import annotations

import pytest

from carillon.core.foreign import Arrivals, Mark, Tops
from carillon.storage import origins
from carillon.storage.sqlite import SqliteSession
from tests.builders import NOON
from tests.storage.rows import new_application, new_user

TOPS = Tops(user=5, application=4, device=3, message=9)


async def begun(tx: SqliteSession, *marks: Mark, tops: Tops = TOPS) -> origins.Origin:
    prospect = await origins.begin(tx, Arrivals([*marks], tops))
    assert prospect.origin_id is not None
    return await origins.by_id(tx, prospect.origin_id)


async def test_ids_are_kept_as_long_as_nothing_has_happened(tx: SqliteSession) -> None:
    origin = await begun(tx)
    assert origin.keeps_ids
    assert [origin.keeps(kind, 4) for kind in ("user", "application", "device")] == [True, True, False]


@pytest.mark.parametrize("what", ["user", "application", "group", "message", "origin"])
async def test_and_are_new_once_anything_has(tx: SqliteSession, what: str) -> None:
    user = await new_user(tx)
    match what:
        case "user":
            await new_user(tx, "second")
        case "application":
            await new_application(tx, user)
        case "group":
            await tx.run("INSERT INTO groups (name, created) VALUES ('g', ?)", NOON)
        case "message":
            await tx.run("UPDATE counters SET message = 1")
        case "origin":
            await begun(tx)
    assert not (await begun(tx)).keeps_ids


async def test_another_run_keeps_more_ids_only_while_none_was_drawn(tx: SqliteSession) -> None:
    mark = Mark("application", 1, "00")
    origin = await begun(tx, mark)
    await origins.note(tx, origin, mark, own_id=1)
    more = Tops(user=6, application=6, device=6, message=12)
    again = await begun(tx, mark, tops=more)
    assert again.id == origin.id
    assert (again.kept.message, again.kept.user) == (12, 5)
    await tx.run("UPDATE counters SET message = 13")
    assert (await begun(tx, mark, tops=Tops(user=6, message=20))).kept.message == 12
    assert await tx.row("SELECT message FROM counters") == (20,)


async def test_it_is_recognised_by_a_token_under_its_id(tx: SqliteSession) -> None:
    origin = await begun(tx)
    await origins.note(tx, origin, Mark("device", 7, "aa"), own_id=1)
    await origins.note(tx, origin, Mark("user", 1, "ada"), own_id=1)
    for mark, same in (
        (Mark("device", 7, "aa"), True),
        (Mark("device", 8, "aa"), False),
        (Mark("application", 7, "aa"), False),
        (Mark("device", 7, "ab"), False),
        (Mark("user", 1, "ada"), False),
    ):
        prospect = await origins.prospect(tx, Arrivals([mark], TOPS))
        assert (prospect.origin_id == origin.id) is same
