"""The Store port: users, applications, devices and tokens."""

from __future__ import annotations

import pytest
from msgspec import structs

from carillon.core.errors import Conflict, NotFound, Unauthenticated
from carillon.core.models import Application, User
from carillon.core.ports import Bearer, ChangedUser, Sender, Store, TokenInfo
from tests.builders import HOUR, NOON, SECOND
from tests.contracts.stores import add_application, add_user, count_rows, join, new_device, send, titles


async def test_a_user_is_found_by_id_and_by_name(store: Store) -> None:
    ada = await add_user(store, "ada", password_hash="argon", admin=True)
    eve = await add_user(store, "eve", initial_password=False)
    assert ada == User(id=1, name="ada", password_hash="argon", admin=True, initial_password=True, created=NOON)
    assert await store.user(ada.id) == ada == await store.user_by_name("ada")
    assert await store.user(99) is None is await store.user_by_name("Ada")
    assert await store.user_by_name("a\0da") is None
    assert await store.users() == [ada, eve]


async def test_a_user_name_is_taken_once(store: Store) -> None:
    ada = await add_user(store)
    with pytest.raises(Conflict):
        await add_user(store)
    assert await store.users() == [ada]


async def test_a_new_password_is_not_the_initial_one(store: Store) -> None:
    ada = await add_user(store)
    changed = structs.replace(ada, password_hash="new", initial_password=False)
    assert await store.update_user(ada.id, password_hash="new") == ChangedUser(changed, [])
    assert await store.user(ada.id) == changed
    assert await store.update_user(99, password_hash="new") is None


async def test_a_new_password_ends_sessions_and_elevation_but_for_one(store: Store) -> None:
    ada, eve = await add_user(store, "ada"), await add_user(store, "eve")
    until = NOON + HOUR
    elevated = await store.add_device(new_device(ada, token_digest=b"phone", elevated_until=until))
    phone = structs.replace(elevated, elevated_until=0)
    first, second, third = [
        await store.add_device(new_device(ada, kind="session", token_digest=token, elevated_until=until))
        for token in (b"1", b"2", b"3")
    ]
    others = await store.add_device(new_device(eve, kind="session", elevated_until=until))
    for fields in ({"name": "ada"}, {"admin": False}, {"keep": second.id}):
        assert await store.update_user(ada.id, **fields) == ChangedUser(ada, [])
    assert await store.devices(ada.id) == [elevated, first, second, third]
    changed = await store.update_user(ada.id, password_hash="new", keep=second.id)
    assert changed
    assert changed.ended == [first.id, third.id]
    assert await store.devices(ada.id) == [phone, second]
    assert await store.devices(eve.id) == [others]
    assert await store.bearer(b"1") is None is await store.bearer(b"3")
    assert await store.bearer(b"2") is not None
    # A number that is no session of his keeps none.
    changed = await store.update_user(ada.id, password_hash="newer", keep=others.id)
    assert changed
    assert changed.ended == [second.id]
    assert await store.devices(ada.id) == [phone]


async def test_a_user_changes_at_once_or_not_at_all(store: Store) -> None:
    ada, eve = await add_user(store, "ada", admin=True), await add_user(store, "eve")
    session = await store.add_device(new_device(ada, kind="session"))
    with pytest.raises(Conflict, match=r"^username already exists$"):
        await store.update_user(ada.id, name="eve", admin=True, password_hash="new")
    with pytest.raises(Conflict, match=r"^cannot delete last admin$"):
        await store.update_user(ada.id, name="else", admin=False, password_hash="new")
    assert await store.users() == [ada, eve]
    assert await store.devices(ada.id) == [session]

    changed = await store.update_user(eve.id, name="bob", admin=True, password_hash="new")
    bob = structs.replace(eve, name="bob", admin=True, password_hash="new", initial_password=False)
    assert changed == ChangedUser(bob, [])
    assert await store.users() == [ada, bob]
    assert await store.update_user(ada.id, name="ada", admin=False) == ChangedUser(
        structs.replace(ada, admin=False), []
    )
    with pytest.raises(Conflict, match=r"^cannot delete last admin$"):
        await store.delete_user(bob.id, now=NOON)
    assert await store.user_by_name("bob") == bob


async def test_an_application_comes_with_its_owner_and_a_token(store: Store) -> None:
    ada = await add_user(store)
    new = await add_application(store, ada, "Backup", description="at night", default_priority=5, token_digest=b"d")
    assert new == Application(id=1, name="Backup", description="at night", default_priority=5, created=NOON)
    subscription = await store.subscription(ada.id, new.id)
    assert subscription
    assert (subscription.application, subscription.role, subscription.sort_key) == (new, "owner", "a0")
    assert (subscription.cleared_to, subscription.changed) == (0, 0)
    bearer = await store.bearer(b"d")
    assert bearer
    assert (bearer.token.kind, bearer.token.subject_id) == ("application", new.id)
    assert bearer == Bearer(bearer.token, sender=Sender(new, (ada.id,), ada.id))


async def test_an_application_needs_its_owner_and_its_token_to_itself(store: Store) -> None:
    ada = await add_user(store)
    await add_application(store, ada, token_digest=b"d")
    with pytest.raises(Conflict):
        await add_application(store, ada, token_digest=b"d")
    await store.delete_user(ada.id, now=NOON)
    with pytest.raises(NotFound):
        await add_application(store, ada)
    assert await count_rows(store, "applications") == 0


async def test_subscriptions_are_listed_bytewise_by_sort_key(store: Store) -> None:
    ada = await add_user(store)
    for key in ("a1", "Zz", "a0V"):
        await add_application(store, ada, key, sort_key=key)
    await add_application(store, ada, "last")
    listed = await store.subscriptions(ada.id)
    assert [(row.application.name, row.sort_key) for row in listed] == [
        ("Zz", "Zz"),
        ("a0V", "a0V"),
        ("a1", "a1"),
        ("last", "a2"),
    ]


async def test_a_sort_key_is_the_users_own(store: Store) -> None:
    ada, eve = await add_user(store, "ada"), await add_user(store, "eve")
    await add_application(store, ada, sort_key="a5")
    await add_application(store, eve, sort_key="a5")
    with pytest.raises(Conflict, match="sort key is not unique"):
        await add_application(store, ada, sort_key="a5")
    assert await count_rows(store, "applications") == 2


async def test_a_message_reaches_owners_and_members(store: Store) -> None:
    ada, eve, bob = [await add_user(store, name) for name in ("ada", "eve", "bob")]
    backup = await add_application(store, ada)
    await join(store, eve, backup, "member")
    await join(store, bob, backup, "receiver")
    assert await store.sender(backup.id) == Sender(backup, (ada.id, eve.id), ada.id)
    assert await store.sender(99) is None
    assert await store.subscription(bob.id, 99) is None


async def test_a_device_comes_with_a_token(store: Store) -> None:
    ada = await add_user(store)
    phone = await store.add_device(new_device(ada, token_digest=b"phone"))
    await store.add_device(new_device(ada, name="desk"))
    assert [device.name for device in await store.devices(ada.id)] == ["phone", "desk"]
    bearer = await store.bearer(b"phone")
    assert bearer
    assert bearer == Bearer(bearer.token, device=phone, user=ada)
    with pytest.raises(Conflict):
        await store.add_device(new_device(ada, token_digest=b"phone"))
    await store.delete_user(ada.id, now=NOON)
    with pytest.raises(NotFound):
        await store.add_device(new_device(ada))


async def test_a_device_may_hang_on_the_password_that_was_shown(store: Store) -> None:
    ada = await add_user(store, password_hash="old")
    kept = await store.add_device(new_device(ada, password_hash="old"))
    await store.update_user(ada.id, password_hash="new")
    with pytest.raises(Unauthenticated):
        await store.add_device(new_device(ada, password_hash="old"))
    assert await store.devices(ada.id) == [kept]


async def test_a_device_is_found_and_changed_by_its_user_only(store: Store) -> None:
    ada, eve = await add_user(store, "ada"), await add_user(store, "eve")
    phone = await store.add_device(
        new_device(ada, kind="session", expires_after=60, elevated_until=NOON + HOUR, token_digest=b"phone")
    )
    assert (phone.kind, phone.expires_after, phone.elevated_until) == ("session", 60, NOON + HOUR)
    assert await store.device(ada.id, phone.id) == phone
    for user_id, device_id in ((eve.id, phone.id), (ada.id, 99)):
        assert await store.device(user_id, device_id) is None
        assert await store.update_device(user_id, device_id, name="else", expires_after=1, elevated_until=1) is None
        assert await store.delete_device(user_id, device_id) is False
    assert await store.devices(ada.id) == [phone]

    assert await store.update_device(ada.id, phone.id) == phone
    renamed = await store.update_device(ada.id, phone.id, name="desk")
    assert renamed == structs.replace(phone, name="desk")
    changed = await store.update_device(ada.id, phone.id, expires_after=0, elevated_until=0)
    assert changed == structs.replace(phone, name="desk", expires_after=0, elevated_until=0)
    assert await store.devices(ada.id) == [changed]
    assert await store.delete_device(ada.id, phone.id) is True
    assert await store.bearer(b"phone") is None
    assert await store.devices(ada.id) == []
    assert await count_rows(store, "tokens") == 0


async def test_devices_end_that_have_not_been_used_for_too_long(store: Store) -> None:
    ada = await add_user(store)
    longest = 2**31 - 1
    for name, expires_after in (("never", 0), ("new", 60), ("used", 60), ("longest", longest)):
        await store.add_device(new_device(ada, name=name, expires_after=expires_after))
    used = next(info.token for info in await store.tokens() if info.subject == "used")
    await store.touch_token(used.id, NOON + 30 * SECOND)

    async def expired(moment: int, limit: int = 100) -> list[str]:
        return [device.name for device in await store.expire_devices(moment, limit)]

    assert await expired(NOON + 60 * SECOND - 1) == []
    assert await expired(NOON + 60 * SECOND) == ["new"]
    assert await expired(NOON + 90 * SECOND - 1) == []
    assert await expired(NOON + longest * SECOND, 1) == ["used"]
    assert await expired(NOON + longest * SECOND, 1) == ["longest"]
    assert [device.name for device in await store.devices(ada.id)] == ["never"]
    assert await count_rows(store, "tokens") == 1


async def test_the_newest_use_of_its_tokens_keeps_a_device(store: Store) -> None:
    ada = await add_user(store)
    phone = await store.add_device(new_device(ada, expires_after=60))
    await store.add_token("device", phone.id, digest=b"second", now=NOON)
    first, second = [info.token for info in await store.tokens()]
    await store.touch_token(first.id, NOON + 30 * SECOND)
    await store.touch_token(second.id, NOON + 10 * SECOND)
    (stored,) = await store.devices(ada.id)
    assert (stored.last_used, stored.expires) == (NOON + 30 * SECOND, NOON + 90 * SECOND)
    assert await store.expire_devices(NOON + 89 * SECOND, 100) == []
    await store.touch_devices([phone.id], NOON + 40 * SECOND)
    assert await store.expire_devices(NOON + 99 * SECOND, 100) == []
    assert [device.id for device in await store.expire_devices(NOON + 100 * SECOND, 100)] == [phone.id]
    assert await store.bearer(b"second") is None


async def test_the_use_of_any_token_is_the_use_of_its_subject(store: Store) -> None:
    ada = await add_user(store)
    backup = await add_application(store, ada, token_digest=b"1")
    phone = await store.add_device(new_device(ada))
    tokens = [info.token for info in await store.tokens()]
    second = await store.add_token("application", backup.id, digest=b"2", now=NOON)
    await store.touch_token(second.id, NOON + HOUR)
    await store.touch_token(tokens[0].id, NOON)
    sender = await store.sender(backup.id)
    assert sender
    assert sender.application.last_used == NOON + HOUR
    (subscription,) = await store.subscriptions(ada.id)
    assert subscription.application.last_used == NOON + HOUR
    bearer = await store.bearer(b"1")
    assert bearer
    assert bearer.token.last_used == NOON
    assert phone.last_used is None
    await store.touch_token(tokens[1].id, NOON)
    assert [device.last_used for device in await store.devices(ada.id)] == [NOON]


async def test_tokens_are_listed_with_their_subjects(store: Store) -> None:
    ada, eve = await add_user(store, "ada"), await add_user(store, "eve")
    backup = await add_application(store, ada, "Backup")
    phone = await store.add_device(new_device(eve, name="phone"))
    listed = await store.tokens()
    assert [(info.subject, info.user) for info in listed] == [("Backup", "ada"), ("phone", "eve")]
    more = await store.add_token("device", phone.id, digest=b"more", now=NOON + 1)
    assert (await store.tokens())[2:] == [TokenInfo(more, "phone", "eve")]
    assert (more.kind, more.subject_id, more.created) == ("device", phone.id, NOON + 1)
    with pytest.raises(Conflict):
        await store.add_token("application", backup.id, digest=b"more", now=NOON)
    with pytest.raises(NotFound):
        await store.add_token("application", 99, digest=b"else", now=NOON)


async def test_a_deleted_token_opens_nothing(store: Store) -> None:
    ada = await add_user(store)
    await add_application(store, ada, token_digest=b"d")
    (info,) = await store.tokens()
    assert await store.delete_token(info.token.id) is True
    assert await store.delete_token(info.token.id) is False
    assert await store.bearer(b"d") is None
    assert await store.bearer(b"never") is None


async def test_a_deleted_user_takes_along_what_was_only_his(store: Store) -> None:
    ada, eve = await add_user(store, "ada"), await add_user(store, "eve")
    own, shared = await add_application(store, ada, token_digest=b"own"), await add_application(store, ada, "Shared")
    await join(store, eve, shared)
    await store.add_device(new_device(ada, token_digest=b"phone"))
    await send(store, own, ada, title="own")
    await send(store, shared, ada, eve, title="shared")

    assert await store.delete_user(ada.id, now=NOON) is True
    assert await store.delete_user(ada.id, now=NOON) is False
    assert await store.user(ada.id) is None
    assert await store.bearer(b"own") is None is await store.bearer(b"phone")
    assert await store.tokens() == []
    assert await titles(store, eve) == ["shared"]
    assert [row.application for row in await store.subscriptions(eve.id)] == [shared]
    assert await store.check() == []

    assert await store.sweep(100) == 2
    assert await store.sweep(100) == 0
    assert await titles(store, ada) == []
    assert await count_rows(store, "entries") == 1 == await count_rows(store, "messages")
    assert await count_rows(store, "applications") == 1
    assert await store.check() == []
