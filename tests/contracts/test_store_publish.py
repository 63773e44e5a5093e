"""The Store port: what goes in, together with what, in which order, and what it costs when something is wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from msgspec import Raw, structs

from carillon.core.errors import Conflict, Unavailable
from carillon.core.limits import Limits
from carillon.core.models import EntryChange, User
from carillon.core.ports import Store
from tests.builders import HOUR, NOON
from tests.contracts.stores import (
    Home,
    add_application,
    add_user,
    count_rows,
    drawn,
    join,
    once,
    publication,
    send,
    stall,
    titles,
    write,
)

UNSTORABLE = "\ud800"  # half a character: no encoding has it
Fault = (UnicodeEncodeError, asyncpg.DataError)


@pytest.fixture
async def ada(store: Store) -> User:
    return await add_user(store)


async def test_a_message_comes_back_as_it_was_sent(store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    sent = publication(
        backup,
        ada,
        title="Fertig ✓",
        body="done\nwell",
        content_type="text/markdown",
        dialect="native",
        priority=-(2**31),
        level=0,
        sound="bell",
        url="https://example.org/",
        url_title="look",
        icon="https://example.org/i.png",
        tags=Raw(b'["a", "b"]'),
        actions=Raw(b"[]"),
        extras=Raw(b'{"k":  [1.50, null, "\xc3\xa4"]}'),
        key="nightly",
        expires=NOON + HOUR,
        encrypted=True,
    )
    stored = await store.publish(sent)
    assert stored == structs.replace(sent.message, id=1)
    (item,) = await store.page(ada.id, limit=10)
    assert item.message == stored
    assert bytes(item.message.extras or b"") == b'{"k":  [1.50, null, "\xc3\xa4"]}'


async def test_each_receiver_has_his_entry_and_is_told(home: Home, store: Store, ada: User) -> None:
    eve = await add_user(store, "eve")
    backup = await add_application(store, ada)
    newest = await drawn(store)
    stored = await send(store, backup, eve, ada)
    told = [change for change in home.told if isinstance(change, EntryChange)]
    assert [(change.user_id, change.changed, change.message, change.arrival) for change in told] == [
        (eve.id, newest + 1, stored, True),
        (ada.id, newest + 2, stored, True),
    ]
    assert [item.entry for item in await store.page(ada.id, limit=1)] == [told[1].entry]


async def test_a_message_may_have_no_receiver(home: Home, store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    stored = await send(store, backup)
    assert stored.id == 1
    assert home.told == []
    assert await titles(store, ada) == []
    assert await store.check() == []


async def test_many_at_once_keep_their_order(home: Home, store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    begun = await drawn(store)
    sent = [publication(backup, ada, title=str(number)) for number in range(2500)]
    stored = await asyncio.gather(*(store.publish(one) for one in sent))
    assert [message.id for message in stored] == list(range(1, 2501))
    assert [message.title for message in stored] == [str(number) for number in range(2500)]
    assert [change.changed - begun for change in home.told] == list(range(1, 2501))


async def test_announcements_rise_whatever_is_written(home: Home, store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    begun = await drawn(store)
    writes: list[asyncio.Future[Any]] = []
    for number in range(100):
        writes.append(asyncio.ensure_future(store.publish(publication(backup, ada, key=f"k{number % 7}"))))
        writes.append(asyncio.ensure_future(store.publish(publication(backup, ada))))
        writes.append(asyncio.ensure_future(store.mark(ada.id, [number], read=NOON)))
        writes.append(asyncio.ensure_future(store.delete_entries(ada.id, [number // 2], now=NOON)))
        if number % 30 == 29:
            writes.append(asyncio.ensure_future(store.clear(ada.id, None, now=NOON)))
    await asyncio.gather(*writes)
    numbers = [change.changed - begun for change in home.told]
    assert numbers == list(range(1, len(numbers) + 1))
    assert await store.check() == []


async def test_the_answer_comes_before_the_announcement(home: Home, store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    future = asyncio.ensure_future(store.publish(publication(backup, ada)))
    await future
    assert len(home.told) == 1


async def test_a_key_replaces_what_had_it(home: Home, store: Store, ada: User) -> None:
    eve = await add_user(store, "eve")
    backup, other = await add_application(store, ada), await add_application(store, ada, "Other")
    await join(store, eve, backup)
    await send(store, other, ada, title="elsewhere", key="k")
    first = await send(store, backup, ada, eve, title="first", key="k")
    home.told.clear()
    second = await send(store, backup, ada, title="second", key="k", created=NOON + 5)
    assert await titles(store, ada) == ["second", "elsewhere"]
    assert await titles(store, eve) == []
    assert await store.item(ada.id, first.id) is None
    told = [change for change in home.told if isinstance(change, EntryChange)]
    assert [(change.user_id, change.entry.message_id, change.entry.deleted, change.arrival) for change in told] == [
        (ada.id, first.id, NOON + 5, False),
        (eve.id, first.id, NOON + 5, False),
        (ada.id, second.id, None, True),
    ]
    assert await count_rows(store, "messages") == 2
    assert await store.check() == []


async def test_a_key_in_one_batch_is_held_by_the_last(store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    await asyncio.gather(write(store, stall), *(send(store, backup, ada, title=str(n), key="k") for n in range(5)))
    assert await titles(store, ada) == ["4"]


async def test_a_key_frees_itself_when_its_holder_is_deleted(store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    first = await send(store, backup, ada, key="k")
    await store.delete_entries(ada.id, [first.id], now=NOON)
    await send(store, backup, ada, title="again", key="k")
    assert await titles(store, ada) == ["again"]


async def test_a_repetition_is_answered_with_the_first(home: Home, store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    first = await store.publish(once(publication(backup, ada, title="first")))
    home.told.clear()
    sent = once(publication(backup, ada, title="again", created=NOON + 7))
    again = await store.publish(sent)
    assert again == structs.replace(sent.message, id=first.id, public_id=first.public_id, created=NOON)
    assert home.told == []
    assert await titles(store, ada) == ["first"]


async def test_two_equal_ones_in_one_batch_store_one(store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    sent = [once(publication(backup, ada)) for _ in range(2)]
    stalling = asyncio.ensure_future(write(store, stall))
    stored = await asyncio.gather(*(store.publish(one) for one in sent))
    await stalling
    assert len({message.id for message in stored}) == 1
    assert await count_rows(store, "messages") == 1


async def test_another_request_under_the_same_key_is_refused_alone(store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    other = await add_application(store, ada, "Other")
    outcomes = await asyncio.gather(
        store.publish(once(publication(backup, ada, title="first"))),
        store.publish(once(publication(backup, ada, title="else"), fingerprint=b"else")),
        store.publish(once(publication(other, ada, title="other"), fingerprint=b"else")),
        store.publish(publication(backup, ada, title="plain")),
        return_exceptions=True,
    )
    assert [isinstance(outcome, Conflict) for outcome in outcomes] == [False, True, False, False]
    assert await titles(store, ada) == ["plain", "other", "first"]


async def test_an_idempotency_key_counts_until_its_hour(store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    first = await store.publish(once(publication(backup, ada)))
    late = await store.publish(once(publication(backup, ada, created=NOON + HOUR), fingerprint=b"else"))
    assert late.id == first.id + 1


async def test_a_bad_write_fails_alone(home: Home, store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    begun = await drawn(store)
    _, first, bad, last = await asyncio.gather(
        write(store, stall),
        send(store, backup, ada, title="first"),
        send(store, backup, ada, title="bad", body=UNSTORABLE),
        send(store, backup, ada, title="last"),
        return_exceptions=True,
    )
    assert not isinstance(first, BaseException)
    assert isinstance(bad, Fault)
    assert not isinstance(last, BaseException)
    assert await titles(store, ada) == ["last", "first"]
    assert [change.changed - begun for change in home.told] == [1, 2]
    assert await store.check() == []


async def test_a_number_is_not_spent_on_what_failed(store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    with pytest.raises(Fault):
        await send(store, backup, ada, body=UNSTORABLE)
    assert (await send(store, backup, ada)).id == 1


async def test_what_was_accepted_is_stored_though_its_caller_went_away(home: Home, store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    callers = [asyncio.ensure_future(store.publish(publication(backup, ada, title=str(n)))) for n in range(3)]
    callers[1].cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    assert callers[1].cancelled()
    assert await titles(store, ada) == ["2", "1", "0"]
    assert len(home.told) == 3


@pytest.mark.parametrize("limits", [Limits(queued_writes=3), Limits(queued_bytes=3 * 300)], ids=["writes", "bytes"])
async def test_a_full_queue_refuses_at_once_and_stores_nothing(home: Home, limits: Limits) -> None:
    store = await home.open(limits)
    ada = await add_user(store)
    backup = await add_application(store, ada)
    accepted = [store.publish(publication(backup, ada, title="in")) for _ in range(3)]
    with pytest.raises(Unavailable):
        store.publish(publication(backup, ada, title="out"))
    await asyncio.gather(*accepted)
    assert await titles(store, ada) == ["in"] * 3
    await send(store, backup, ada, title="room again")


async def test_closing_stores_first_what_was_accepted(home: Home) -> None:
    store = await home.open()
    ada = await add_user(store)
    backup = await add_application(store, ada)
    accepted = [asyncio.ensure_future(store.publish(publication(backup, ada))) for _ in range(50)]
    await asyncio.sleep(0)
    await store.close()
    assert [message.id for message in await asyncio.gather(*accepted)] == list(range(1, 51))
    with pytest.raises(Unavailable):
        await send(store, backup, ada)
    assert len(await titles(await home.open(), ada)) == 50


async def test_numbers_are_not_used_again_after_the_newest_is_deleted(home: Home) -> None:
    store = await home.open()
    ada = await add_user(store)
    backup = await add_application(store, ada)
    newest = await send(store, backup, ada)
    await store.delete_entries(ada.id, [newest.id], now=NOON)
    await store.forget(tombstones_before=NOON + 1, now=NOON, limit=10)
    assert await count_rows(store, "entries") == 0 == await count_rows(store, "messages")
    await store.delete_user(ada.id, now=NOON)
    await store.close()
    home.told.clear()
    store = await home.open()
    eve = await add_user(store, "eve")
    backup = await add_application(store, eve)
    assert (eve.id, backup.id) == (2, 2)
    begun = await drawn(store)
    assert (await send(store, backup, eve)).id == newest.id + 1
    assert [change.changed - begun for change in home.told] == [1]
