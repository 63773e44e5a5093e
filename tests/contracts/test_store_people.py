"""The Store port: users, applications, devices and tokens."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest
from msgspec import structs

from carillon.core.errors import Conflict, NotFound, Unauthenticated
from carillon.core.models import Application, Cleared, User
from carillon.core.ports import (
    ApplicationChange,
    Bearer,
    ChangedUser,
    Holdings,
    KeptToken,
    Sender,
    Store,
    TokenInfo,
    UserInfo,
)
from tests.builders import HOUR, NOON, SECOND
from tests.contracts.stores import (
    Home,
    add_application,
    add_user,
    count_rows,
    drawn,
    join,
    new_device,
    send,
    titles,
)


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


async def test_a_token_keeps_its_name_and_its_place_when_its_secret_changes(store: Store) -> None:
    ada = await add_user(store)
    backup = await add_application(store, ada, token_digest=b"1", token_sealed=b"sealed", token_name="laptop")
    other = await add_application(store, ada, "Other", token_digest=b"3")
    second = await store.add_token("application", backup.id, digest=b"2", now=NOON, name="NAS")
    first, kept = await store.kept_tokens("application", backup.id)
    assert (first.token.name, first.sealed) == ("laptop", b"sealed")
    assert kept == KeptToken(second)
    assert (second.name, second.kind, second.subject_id) == ("NAS", "application", backup.id)

    renamed = structs.replace(second, name="old NAS")
    assert await store.rename_token(second.id, "old NAS") == renamed
    await store.touch_token(second.id, NOON + HOUR)
    rotated = structs.replace(renamed, created=NOON + 1)
    assert await store.rotate_token(second.id, digest=b"new", sealed=b"copy", now=NOON + 1) == rotated
    assert (await store.kept_tokens("application", backup.id))[1] == KeptToken(rotated, b"copy")
    assert await store.bearer(b"2") is None
    bearer = await store.bearer(b"new")
    assert bearer
    assert bearer.token == rotated

    with pytest.raises(Conflict):
        await store.rotate_token(second.id, digest=b"3", now=NOON)
    assert await store.rename_token(99, "none") is None
    assert await store.rotate_token(99, digest=b"else", now=NOON) is None
    assert await store.bearer(b"else") is None
    assert len(await store.kept_tokens("application", other.id)) == 1
    assert await store.kept_tokens("device", other.id) == []


async def test_users_are_listed_with_what_they_have(store: Store) -> None:
    ada, eve = await add_user(store, "ada"), await add_user(store, "eve")
    backup, shared = await add_application(store, ada, "Backup"), await add_application(store, ada, "Shared")
    await join(store, eve, shared, role="owner")
    phone = await store.add_device(new_device(ada))
    await store.add_device(new_device(ada, kind="session"))
    await store.touch_devices([phone.id], NOON + HOUR)
    for _ in range(3):
        await send(store, backup, ada)
    assert await store.user_infos() == [UserInfo(ada, 2, 2, NOON + HOUR), UserInfo(eve, 1, 0)]
    assert await store.holdings(ada.id, 2) == Holdings(["Backup"], 2, 2)
    assert await store.holdings(eve.id, 2) == Holdings([], 0, 0)
    await store.clear(ada.id, backup.id, now=NOON)
    await send(store, backup, ada)
    assert await store.holdings(ada.id, 10) == Holdings(["Backup"], 2, 1)


async def test_an_order_is_kept_and_what_is_not_listed_is_refused(store: Store) -> None:
    ada, eve = await add_user(store, "ada"), await add_user(store, "eve")
    first, second, third = [await add_application(store, ada, name) for name in ("1", "2", "3")]
    theirs = await add_application(store, eve)
    before = await store.subscriptions(ada.id)
    for ids in ([third.id, theirs.id], [third.id, 99], [-1]):
        assert await store.order_applications(ada.id, ids) is False
        assert await store.subscriptions(ada.id) == before
    for ids, order in (
        ([third.id], [third, first, second]),
        ([second.id, first.id], [second, first, third]),
        ([], [second, first, third]),
    ):
        assert await store.order_applications(ada.id, ids)
        assert [tie.application for tie in await store.subscriptions(ada.id)] == order
    fourth = await add_application(store, ada, "4")
    assert [tie.application for tie in await store.subscriptions(ada.id)] == [second, first, third, fourth]


async def test_who_is_told_that_a_list_changed(home: Home, store: Store) -> None:
    """By what was done to it; nothing of it is in a replay."""

    async def told(doing: Awaitable[object]) -> set[tuple[int, tuple[str, ...]]]:
        home.lists.clear()
        await doing
        return {(one.user_id, one.lists) for one in home.lists}

    ada, eve, bob = [await add_user(store, name) for name in ("ada", "eve", "bob")]
    people = {(user.id, ("people",)) for user in (ada, eve, bob)}
    apps, user, phones, browsers = ("applications",), ("user", "sessions"), ("devices",), ("sessions",)
    backup = await add_application(store, ada)
    number = backup.id
    assert await told(store.share(number, user_id=eve.id)) == {(ada.id, apps), (eve.id, apps)}
    both = {(ada.id, apps), (eve.id, apps)}
    assert await told(store.update_application(ada.id, number, change=ApplicationChange(name="Night"))) == both
    assert await told(store.update_application(ada.id, number, change=ApplicationChange(name="Night"))) == set()
    assert await told(store.update_application(eve.id, number, change=ApplicationChange(min_level=8))) == {
        (eve.id, apps)
    }
    assert await told(store.order_applications(eve.id, [number])) == {(eve.id, apps)}
    assert await told(store.set_image(number, None)) == both
    token = await store.add_token("application", number, digest=b"more", now=NOON)
    assert await told(store.rename_token(token.id, "NAS")) == {(ada.id, apps)}
    assert await told(store.rotate_token(token.id, digest=b"other", now=NOON)) == {(ada.id, apps)}
    assert await told(store.touch_token(token.id, NOON)) == set()
    assert await told(store.delete_token(token.id)) == {(ada.id, apps)}
    assert await told(store.leave(eve.id, number, now=NOON)) == {(eve.id, apps)}
    assert await told(store.delete_application(number, now=NOON)) == both

    group = await store.add_group("family", now=NOON)
    assert await told(store.rename_group(group.id, "home")) == people
    assert await told(store.add_member(group.id, bob.id)) == {(bob.id, apps)}
    assert await told(store.delete_group(group.id, now=NOON)) == people

    services = (eve.id, ("services",))
    assert await told(store.update_user(eve.id, admin=True)) == {(eve.id, user), services} | people
    assert await told(store.update_user(eve.id, admin=True)) == {(eve.id, user)} | people

    phone = await store.add_device(new_device(ada, expires_after=1))
    browser = await store.add_device(new_device(ada, kind="session", expires_after=1))
    assert await told(store.update_device(ada.id, phone.id, name="desk")) == {(ada.id, phones)}
    assert await told(store.update_device(ada.id, browser.id, elevated_until=NOON)) == {(ada.id, ("user",))}
    assert await told(store.expire_devices(NOON + HOUR, 9)) == {(ada.id, phones), (ada.id, browsers)}
    assert await told(store.update_user(ada.id, password_hash="new")) == {(ada.id, user), *people}
    assert await told(store.delete_user(bob.id, now=NOON)) == people - {(bob.id, ("people",))}
    page = await store.changes(ada.id, after=0, limit=100)
    assert [type(change) for change in page.changes] == [Cleared]
    assert page.cursor == await drawn(store)
