"""What the contract of the store cannot see; the rest is in contracts/test_store_adoption.py."""

from __future__ import annotations

from carillon.core.foreign import Arrivals, ForeignApplication, ForeignToken, ForeignUser, Tops
from carillon.storage import adopt, origins
from carillon.storage.sqlite import SqliteSession
from tests.builders import NOON, message


def application(number: int, sort_key: str | None) -> ForeignApplication:
    return ForeignApplication(
        id=number,
        user_id=1,
        token=ForeignToken(digest=bytes([number])),
        name="a",
        description="",
        default_priority=0,
        content_type="text/plain",
        sort_key=sort_key,
    )


async def moved_in(tx: SqliteSession, *applications: ForeignApplication) -> int:
    """The number of the origin."""
    prospect = await origins.begin(tx, Arrivals([], Tops(user=1, application=9, message=9)))
    number = prospect.origin_id or 0
    await adopt.adopt_users(tx, number, [ForeignUser(id=1, name="ada", password_hash="", admin=True)], now=NOON)
    await adopt.adopt_applications(tx, number, applications, now=NOON)
    return number


async def test_sort_keys_are_kept_where_they_can_be(tx: SqliteSession) -> None:
    wanted = ["a1", "a1", None, "~5", "Zz"]
    await moved_in(tx, *(application(number, key) for number, key in enumerate(wanted, 1)))
    rows = await tx.rows("SELECT sort_key FROM subscriptions ORDER BY application_id")
    assert [row[0] for row in rows] == ["a1", "a2", "a3", "a4", "Zz"]


async def test_a_batch_of_messages_is_a_few_statements(tx: SqliteSession) -> None:
    number = await moved_in(tx, application(2, None))
    told = [message(id=each, public_id=f"{each}", application_id=2) for each in (3, 4, 7)]
    settled = await adopt.adopt_messages(tx, number, told, now=NOON)
    assert settled.stored == 3
    assert await tx.rows("SELECT id, receivers FROM messages ORDER BY id") == [(3, 1), (4, 1), (7, 1)]
    assert await tx.rows("SELECT message_id, changed, read, deleted FROM entries ORDER BY message_id") == [
        (3, 1, NOON, 0),
        (4, 2, NOON, 0),
        (7, 3, NOON, 0),
    ]
    assert await tx.row("SELECT message, changed FROM counters") == (9, 3)
    assert (await origins.by_id(tx, number)).reached == 7
    assert tx.told == []
