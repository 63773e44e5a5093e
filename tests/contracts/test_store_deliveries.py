"""The Store port: how deliveries are made, held, settled, shown and forgotten."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import structs

from carillon.core.models import Application, EntryChange, User
from carillon.core.outgoing import Attempt, Delivery, Health, LogQuery, Pace, Service, Settlement, Tick
from carillon.core.ports import Store
from tests.builders import DAY, HOUR, NOON
from tests.contracts.outgoing import LEASE, add_service, claim, ended, send_to, settle
from tests.contracts.stores import Home, add_application, add_user, count_rows, once, publication

START = NOON // HOUR


@pytest.fixture
async def ada(store: Store) -> User:
    return await add_user(store)


@pytest.fixture
async def backup(store: Store, ada: User) -> Application:
    return await add_application(store, ada)


@pytest.fixture
async def chat(store: Store, ada: User, backup: Application) -> Service:
    return await add_service(store, ada)


async def test_a_delivery_is_there_with_its_message(
    store: Store, ada: User, backup: Application, chat: Service
) -> None:
    mail = await add_service(store, ada, name="Mail", kind="email")
    message = await send_to(store, backup, ada, chat, mail, level=7, via="abc")
    await send_to(store, backup, ada)
    assert await store.work(NOON) == {chat.id: 0, mail.id: 0}
    (claimed,) = await claim(store, chat)
    assert (claimed.message, claimed.application) == (message, "Backup")
    assert claimed.delivery == Delivery(
        id=1,
        message_id=message.id,
        service_id=chat.id,
        application_id=backup.id,
        level=7,
        created=message.created,
        state="leased",
        lease=LEASE,
        via="abc",
    )


async def test_many_at_once_have_theirs(store: Store, ada: User, backup: Application, chat: Service) -> None:
    mail = await add_service(store, ada)
    sent = await asyncio.gather(*(send_to(store, backup, ada, chat, mail, title=str(at)) for at in range(150)))
    for service in (chat, mail):
        claimed = await claim(store, service, limit=200)
        assert [each.message for each in claimed] == list(sent)


async def test_a_repetition_makes_none(store: Store, ada: User, backup: Application, chat: Service) -> None:
    for _ in range(2):
        await store.publish(structs.replace(once(publication(backup, ada)), services=(chat.id,)))
    assert await count_rows(store, "deliveries") == 1


async def test_nobody_gets_what_somebody_holds(store: Store, ada: User, backup: Application, chat: Service) -> None:
    for _ in range(3):
        await send_to(store, backup, ada, chat)
    first = await claim(store, chat, limit=2)
    second = await claim(store, chat, limit=2)
    assert [each.delivery.id for each in (*first, *second)] == [1, 2, 3]
    assert await claim(store, chat, now=LEASE - 1) == []
    assert await store.work(NOON) == {chat.id: LEASE}
    assert await store.work(LEASE) == {chat.id: 0}
    again = await claim(store, chat, now=LEASE, lease=LEASE + HOUR)
    assert [(each.delivery.id, each.delivery.duplicate) for each in again] == [(1, True), (2, True), (3, True)]


async def test_two_stores_share_the_work(
    home: Home, store: Store, ada: User, backup: Application, chat: Service
) -> None:
    if home.url is None:
        pytest.skip("one process opens a SQLite folder")
    await asyncio.gather(*(send_to(store, backup, ada, chat) for _ in range(200)))
    other = await home.open()
    ids: list[int] = []
    for _ in range(10):
        found = await asyncio.gather(*(claim(each, chat, limit=10) for each in (store, other) * 2))
        ids += [each.delivery.id for claimed in found for each in claimed]
    assert sorted(ids) == list(range(1, 201))


async def test_what_waits_comes_when_it_is_due(store: Store, ada: User, backup: Application, chat: Service) -> None:
    for _ in range(2):
        await send_to(store, backup, ada, chat)
    first, second = await claim(store, chat)
    await settle(store, chat, ended(first, "retry", due=NOON + 20), ended(second, "held", due=NOON + 10))
    assert await store.work(NOON) == {chat.id: NOON + 10}
    assert await store.work(NOON + 10) == {chat.id: 0}
    assert await claim(store, chat, now=NOON + 9) == []
    assert [each.delivery.id for each in await claim(store, chat, now=NOON + 10)] == [2]
    assert [each.delivery.id for each in await claim(store, chat, now=NOON + 20)] == [1]


async def test_a_service_that_is_off_is_left_alone(store: Store, ada: User, backup: Application) -> None:
    off = await add_service(store, ada, enabled=False)
    await send_to(store, backup, ada, off)
    assert await store.work(NOON) == {}
    assert await claim(store, off) == []


async def test_a_message_that_is_deleted_is_none(store: Store, ada: User, backup: Application, chat: Service) -> None:
    message = await send_to(store, backup, ada, chat)
    await store.delete_entries(ada.id, [message.id], now=NOON)
    (claimed,) = await claim(store, chat)
    assert claimed.message is None
    (logged,) = (await store.log([chat.id], LogQuery())).deliveries
    assert (logged.title, logged.public_id) == (None, None)
    assert await store.requeue([claimed.delivery.id], now=LEASE) == []


async def test_a_settlement_is_kept(home: Home, store: Store, ada: User, backup: Application, chat: Service) -> None:
    for title in ("a", "b", "c"):
        await send_to(store, backup, ada, chat, title=title)
    sent, failed, retry = await claim(store, chat)
    health = Health(cause="failing", failures=1, text="away")
    home.lists.clear()
    settlements = (
        ended(sent, attempts=1, took=5, remote="r", receipt="x", follow=NOON + 9, status=200),
        ended(failed, "failed", attempts=1, code="rejected", text="no"),
        ended(retry, "retry", due=NOON + 5, attempts=1, code="timeout", progress="p", duplicate=True),
    )
    assert await settle(store, chat, *settlements, health=health, quota_left=7) == [1, 2, 3]
    for each in settlements:
        logged = await store.delivery(each.delivery.id)
        assert logged
        assert logged.delivery == structs.replace(each.delivery, lease=0)
        assert each.attempt
        assert logged.attempts == (structs.replace(each.attempt, number=1),)
    service = await store.service(chat.id)
    assert service
    assert service.health == health
    counters = service.counters
    assert (counters.sent, counters.failed, counters.retried, counters.used, counters.quota_left) == (1, 1, 1, 1, 7)
    assert (counters.last_sent, counters.last_failed) == (NOON, NOON)
    assert (counters.last_code, counters.last_text) == ("rejected", "no")
    assert await store.ticks([chat.id], since=START, until=START + 1) == [Tick(chat.id, START, 1, 1, 1)]
    assert await store.ticks([chat.id], since=START + 1, until=START + 2) == []
    assert [(change.user_id, change.lists) for change in home.lists] == [(ada.id, ("services",))]
    assert await store.check() == []
    assert [await store.forget_counts(hour, 9) for hour in (START, START + 1)] == [0, 1]
    assert await store.ticks([chat.id], since=START, until=START + 1) == []


async def test_who_has_lost_the_lease_changes_nothing(
    store: Store, ada: User, backup: Application, chat: Service
) -> None:
    mail = await add_service(store, ada)
    await send_to(store, backup, ada, chat)
    (lost,) = await claim(store, chat)
    (held,) = await claim(store, chat, now=LEASE, lease=LEASE + HOUR)
    late = ended(lost, "failed", handed=mail.id)
    assert await settle(store, chat, late, health=Health(failures=9), quota_left=1) == []
    assert await store.service(chat.id) == chat
    assert await count_rows(store, "attempts") == 0
    assert await count_rows(store, "deliveries") == 1
    assert await settle(store, chat, ended(held)) == [1]
    assert await settle(store, chat, ended(held)) == []
    assert await count_rows(store, "attempts") == 1


async def test_it_is_handed_on_once(store: Store, ada: User, backup: Application, chat: Service) -> None:
    mail = await add_service(store, ada)
    message = await send_to(store, backup, ada, chat, via="abc", level=6)
    for _ in range(2):
        (claimed,) = await claim(store, chat)
        await settle(store, chat, ended(claimed, "failed", at=NOON + 3, handed=mail.id))
        await store.requeue([claimed.delivery.id], now=NOON)
    (handed,) = await claim(store, mail)
    assert handed.message == message
    delivery = handed.delivery
    assert (delivery.via, delivery.level, delivery.created) == ("abc", 6, NOON + 3)
    (claimed,) = await claim(store, chat)
    assert await settle(store, chat, ended(claimed, "failed", handed=99)) == [1]
    assert await count_rows(store, "deliveries") == 2
    logged = await store.delivery(1)
    assert logged
    assert [attempt.number for attempt in logged.attempts] == [1, 2, 3]


async def test_the_month_begins_anew(store: Store, ada: User, backup: Application, chat: Service) -> None:
    for at in (NOON, NOON + 1, NOON + 40 * DAY):
        await send_to(store, backup, ada, chat)
        (claimed,) = await claim(store, chat)
        await settle(store, chat, ended(claimed, at=at))
    service = await store.service(chat.id)
    assert service
    assert (service.counters.sent, service.counters.used) == (3, 1)


async def test_again_and_never(store: Store, ada: User, backup: Application, chat: Service) -> None:
    for _ in range(4):
        await send_to(store, backup, ada, chat)
    failed, held, tried, _ = await claim(store, chat, limit=3) + [None]
    assert failed
    assert held
    assert tried
    await settle(
        store,
        chat,
        ended(failed, "failed", attempts=3, code="timeout", text="slow", progress="half"),
        ended(held, "held", due=NOON + HOUR),
    )
    assert await store.cancel([1, 2, 3, 4, 9], now=NOON + 1) == [2, 4]
    assert await store.requeue([1, 3, 9], now=NOON + 2) == [1]
    (again,) = await claim(store, chat)
    delivery = again.delivery
    assert (delivery.id, delivery.attempts, delivery.settled, delivery.code) == (1, 0, None, "ok")
    assert (delivery.progress, delivery.requeued) == ("half", NOON + 2)
    cancelled = await store.delivery(4)
    assert cancelled
    assert (cancelled.delivery.state, cancelled.delivery.settled) == ("cancelled", NOON + 1)
    assert [each.id for each in await store.pick([1, 2, 9], [chat.id])] == [1, 2]
    assert await store.pick([1, 2], [99]) == []


async def test_the_log_finds(store: Store, ada: User, backup: Application, chat: Service) -> None:
    mail = await add_service(store, ada, name="Post", kind="email")
    door = await add_application(store, ada, "Doorbell")
    await send_to(store, backup, ada, chat, title="ÄRGER 100%", level=2)
    await send_to(store, door, ada, chat, mail, title="ring", level=8, created=NOON + 5)
    (first, second) = await claim(store, chat)
    await settle(store, chat, ended(first, "failed", code="timeout", text="too Slow"), ended(second))
    everything = [chat.id, mail.id]

    async def found(**fields: object) -> list[int]:
        page = await store.log(everything, structs.replace(LogQuery(), **fields))
        assert page.next is None
        return [each.delivery.id for each in page.deliveries]

    assert await found() == [3, 2, 1]
    assert await found(text="ärger") == await found(text="0%") == await found(text="slow") == [1]
    assert await found(text="_") == await found(text="1%0") == []
    assert await found(text="post") == await found(text="EMAIL") == await found(kinds=("email",)) == [3]
    assert await found(states=("failed", "due")) == [3, 1]
    assert await found(codes=("timeout",)) == await found(applications=(backup.id,)) == await found(max_level=7) == [1]
    assert await found(min_level=8, services=(chat.id,)) == await found(since=NOON + 5, kinds=("matrix",)) == [2]
    assert await found(until=NOON + 5) == await found(before=2) == [1]
    assert await store.failed(everything, LogQuery(), limit=5) == [1]
    assert await store.failed([mail.id], LogQuery(), limit=5) == []
    assert (await store.log([], LogQuery())).deliveries == []
    pages = await store.log(everything, LogQuery(limit=2))
    assert [each.delivery.id for each in pages.deliveries] == [3, 2]
    assert pages.next == 2
    (ring,) = [each for each in pages.deliveries if each.delivery.id == 3]
    assert (ring.service, ring.kind, ring.application, ring.title) == ("Post", "email", "Doorbell", "ring")
    of_message = await store.deliveries_of(second.delivery.message_id, everything)
    assert [(each.delivery.id, len(each.attempts)) for each in of_message] == [(3, 0), (2, 1)]
    assert len(await store.deliveries_of(second.delivery.message_id, [mail.id])) == 1
    assert await store.delivery(99) is None


async def test_how_long_it_takes(store: Store, ada: User, backup: Application, chat: Service) -> None:
    mail = await add_service(store, ada)
    for _ in range(24):
        await send_to(store, backup, ada, chat)
    claimed = await claim(store, chat, limit=22)
    settlements = [ended(each, took=at) for at, each in enumerate(claimed[:20], 1)]
    held = ended(claimed[20], "held", due=NOON + DAY)
    await settle(store, chat, *settlements, held)
    assert await store.paces([chat.id, mail.id, 99]) == [
        Pace(chat.id, 10, 19, 3, 1),
        Pace(mail.id, None, None, 0, 0),
    ]


@pytest.mark.parametrize("scope", ["user", "group", "server"])
async def test_acknowledged_there_is_acknowledged_here(home: Home, store: Store, ada: User, scope: str) -> None:
    eve, bob = await add_user(store, "eve"), await add_user(store, "bob")
    family = await store.add_group("family", now=NOON)
    for user in (ada, eve):
        await store.add_member(family.id, user.id)
    door = await add_application(store, ada, "Doorbell")
    service = await add_service(store, ada, scope=scope, group_id=family.id if scope == "group" else None)
    for user in (eve, bob):
        await store.share(door.id, user_id=user.id)
    message = await store.publish(structs.replace(publication(door, ada, eve, bob), services=(service.id,)))
    (claimed,) = await claim(store, service)
    await settle(store, service, ended(claimed, receipt="r", follow=NOON + 5))
    assert await store.next_follow() == NOON + 5
    assert await store.following(NOON + 4, 9) == []
    (followed,) = await store.following(NOON + 5, 9)
    await store.followed(followed.id, follow=NOON + 8)
    assert await store.next_follow() == NOON + 8
    home.told.clear()
    await store.followed(followed.id, follow=None, acknowledged=NOON + 7, by="phone")
    assert await store.next_follow() is None
    logged = await store.delivery(followed.id)
    assert logged
    assert (logged.delivery.acknowledged, logged.delivery.acknowledged_by) == (NOON + 7, "phone")
    expected = {"user": [ada.id], "group": [ada.id, eve.id], "server": [ada.id, eve.id, bob.id]}[scope]
    assert [change.user_id for change in home.told] == expected
    assert all(isinstance(change, EntryChange) and change.entry.acknowledged == NOON + 7 for change in home.told)
    await store.followed(followed.id, follow=None, acknowledged=NOON + 9)
    assert len(home.told) == len(expected)
    item = await store.item(ada.id, message.id)
    assert item
    assert item.entry.acknowledged == NOON + 7
    await store.followed(99, follow=None)


async def test_old_ones_are_forgotten_in_slices(store: Store, ada: User, backup: Application, chat: Service) -> None:
    for _ in range(6):
        await send_to(store, backup, ada, chat)
    claimed = await claim(store, chat, limit=5)
    await settle(store, chat, *(ended(each, at=NOON + at) for at, each in enumerate(claimed)))
    assert [await store.forget_deliveries(NOON + 4, 3) for _ in range(3)] == [3, 1, 0]
    assert await count_rows(store, "deliveries") == 2
    assert await count_rows(store, "attempts") == 1
    assert await store.check() == []


async def test_an_attempt_may_be_missing(store: Store, ada: User, backup: Application, chat: Service) -> None:
    await send_to(store, backup, ada, chat)
    (claimed,) = await claim(store, chat)
    assert await settle(store, chat, Settlement(structs.replace(claimed.delivery, state="due"))) == [1]
    logged = await store.delivery(1)
    assert logged
    assert logged.attempts == tuple[Attempt, ...]()
    assert await store.ticks([chat.id], since=0, until=2**40) == []
