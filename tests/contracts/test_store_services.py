"""The Store port: services, who sees them, which messages they take, and who agreed to get them."""

from __future__ import annotations

import pytest
from msgspec import structs

from carillon.core.errors import NotFound
from carillon.core.models import User
from carillon.core.outbox import ServiceChange
from carillon.core.outgoing import Confirmation, Health, Quiet, Route, Rules, Window
from carillon.core.ports import Store
from tests.builders import NOON
from tests.contracts.outgoing import add_service, claim, new_service, send_to
from tests.contracts.stores import Home, add_application, add_user, count_rows

RULES = Rules(
    applications=(3, 1),
    without=(2,),
    min_level=4,
    quiet=Quiet(zone="Europe/Berlin", windows=(Window((0, 6), 1320, 360),), policy="drop"),
    fallback=9,
    quota=100,
    retry="quick",
    title_template="{{ title }}",
)


@pytest.fixture
async def ada(store: Store) -> User:
    return await add_user(store, admin=True)


async def test_a_service_comes_back_as_it_was_added(store: Store, ada: User) -> None:
    added = await add_service(store, ada, rules=RULES, options=b"\0\xff")
    assert added.rules == RULES
    assert await store.service(added.id) == added
    assert await store.services() == [added] == await store.services_of(ada.id)
    assert await store.service(99) is None


async def test_what_it_is_for_has_to_be_there(store: Store, ada: User) -> None:
    for new in (new_service(structs.replace(ada, id=99)), new_service(ada, scope="group", group_id=99)):
        with pytest.raises(NotFound):
            await store.add_service(new)
    assert await store.services() == []


async def test_a_change_of_one_thing_leaves_the_others(home: Home, store: Store, ada: User) -> None:
    service = await add_service(store, ada)
    told = len(home.lists)
    for fields in (
        {"name": "Other"},
        {"enabled": False},
        {"rules": RULES},
        {"options": b"new"},
        {"health": Health(cause="failing", failures=3, since=NOON, code="timeout")},
    ):
        service = structs.replace(service, **fields)
        assert await store.update_service(service.id, ServiceChange(**fields)) == service
        assert await store.service(service.id) == service
    assert [change.lists for change in home.lists[told:]] == [("services",)] * 5
    assert await store.update_service(service.id, ServiceChange()) == service
    assert len(home.lists) == told + 5
    assert await store.update_service(99, ServiceChange(name="x")) is None


async def test_who_sees_it_is_told(home: Home, store: Store, ada: User) -> None:
    eve, bob = await add_user(store, "eve"), await add_user(store, "bob")
    family = await store.add_group("family", now=NOON)
    await store.add_member(family.id, eve.id)
    own = await add_service(store, bob)
    theirs = await add_service(store, eve, scope="group", group_id=family.id)
    everyones = await add_service(store, ada, scope="server")
    assert await store.audience(own.id) == [bob.id]
    assert await store.audience(theirs.id) == [ada.id, eve.id]
    assert await store.audience(everyones.id) == [ada.id]
    assert await store.audience(99) == []
    assert await store.services_of(bob.id) == [own]
    assert await store.services_of(eve.id) == [theirs]
    assert await store.services_of(ada.id) == []
    home.lists.clear()
    assert await store.delete_service(theirs.id)
    assert [(change.user_id, change.lists) for change in home.lists] == [
        (ada.id, ("services",)),
        (eve.id, ("services",)),
    ]
    await store.tell([bob.id], ["deliveries"])
    assert (home.lists[-1].user_id, home.lists[-1].lists) == (bob.id, ("deliveries",))


async def test_a_new_member_is_told_of_the_services_of_the_group(home: Home, store: Store, ada: User) -> None:
    family = await store.add_group("family", now=NOON)
    await add_service(store, ada, scope="group", group_id=family.id)
    await store.add_member(family.id, ada.id)
    assert home.lists[-1].lists == ("applications", "services")
    await store.remove_member(family.id, ada.id, now=NOON)
    assert home.lists[-1].lists == ("applications", "services")


async def test_a_deleted_service_is_nobodys_fallback(store: Store, ada: User) -> None:
    last = await add_service(store, ada)
    first = await add_service(store, ada, rules=Rules(fallback=last.id, quota=5))
    assert await store.delete_service(last.id)
    assert await store.delete_service(last.id) is False
    (left,) = await store.services()
    assert (left.id, left.rules) == (first.id, Rules(quota=5))


async def test_services_go_with_their_user_or_group(home: Home, store: Store, ada: User) -> None:
    eve = await add_user(store, "eve")
    family = await store.add_group("family", now=NOON)
    await store.add_member(family.id, ada.id)
    everyones = await add_service(store, ada, scope="server")
    await add_service(store, eve)
    await add_service(store, eve, scope="group", group_id=family.id)
    home.lists.clear()
    await store.delete_user(eve.id, now=NOON)
    assert len(await store.services()) == 2
    await store.delete_group(family.id, now=NOON)
    assert await store.services() == [everyones]
    assert (ada.id, ("services",)) in [(change.user_id, change.lists) for change in home.lists]
    assert await store.check() == []


async def test_messages_go_where_they_are_wanted(store: Store, ada: User) -> None:
    eve = await add_user(store, "eve")
    family = await store.add_group("family", now=NOON)
    backup, door = await add_application(store, ada), await add_application(store, ada)
    await store.share(door.id, group_id=family.id)
    own = await add_service(store, ada, rules=Rules(min_level=8))
    await add_service(store, eve)
    group = await add_service(store, ada, scope="group", group_id=family.id)
    server = await add_service(store, ada, scope="server", rules=Rules(without=(door.id,)))
    await add_service(store, ada, scope="server", enabled=False)
    only = await add_service(store, ada, rules=Rules(applications=(door.id,)))
    sender = await store.sender(backup.id)
    assert sender
    assert sender.routes == (Route(own.id, 8), Route(server.id, 0))
    sender = await store.sender(door.id)
    assert sender
    assert sender.routes == (Route(own.id, 8), Route(group.id, 0), Route(only.id, 0))


async def test_a_recipient_agrees_once(store: Store, ada: User) -> None:
    service = await add_service(store, ada)
    first = Confirmation(service_id=service.id, address="a@example.org", digest=b"1", asked=NOON)
    again = structs.replace(first, digest=b"2", asked=NOON + 1)
    for asked in (first, again):
        await store.ask_confirmation(asked)
    assert await store.confirmations(service.id) == [again]
    assert await store.confirm(b"1", now=NOON + 2) is None
    agreed = structs.replace(again, confirmed=NOON + 2)
    assert await store.confirm(b"2", now=NOON + 2) == agreed
    assert await store.confirm(b"2", now=NOON + 3) == agreed
    assert await store.confirmations(service.id) == [agreed]
    with pytest.raises(NotFound):
        await store.ask_confirmation(structs.replace(first, service_id=99))
    await store.delete_service(service.id)
    assert await store.confirm(b"2", now=NOON) is None


async def test_what_is_left_of_a_deleted_service_is_swept(store: Store, ada: User) -> None:
    backup = await add_application(store, ada)
    service, other = await add_service(store, ada), await add_service(store, ada)
    for _ in range(5):
        await send_to(store, backup, ada, service, other)
    await store.delete_service(service.id)
    assert await claim(store, service) == []
    assert await store.work(NOON) == {other.id: 0}
    assert await store.check() == []
    assert [await store.forget_deliveries(NOON, 3) for _ in range(3)] == [3, 2, 0]
    assert await count_rows(store, "deliveries") == 5
