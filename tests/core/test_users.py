from __future__ import annotations

import re

import pytest

from carillon.core.errors import BadInput, Conflict, NotFound, TooLarge, TooMany, Unauthenticated
from carillon.core.limits import Limits
from carillon.core.peers import Peer
from carillon.core.ports import Holdings
from carillon.core.priority import Scale
from carillon.core.publish import Draft
from carillon.core.users import REGISTRATIONS
from tests.builders import LOCAL, NOON, SECOND, House, Stream

NAME = Limits().name


async def test_an_empty_installation_gets_its_first_admin_once(house: House, caplog: pytest.LogCaptureFixture) -> None:
    await house.accounts.users.ensure_first(None)
    await house.accounts.users.ensure_first(None)
    (admin,) = await house.accounts.users.all()
    assert (admin.name, admin.admin, admin.initial_password, admin.created) == ("admin", True, True, NOON)
    assert (await house.access.password("admin", "admin", LOCAL)).user == admin
    assert caplog.text.count("still has the published password") == 2


async def test_a_password_of_ones_own_lifts_the_restriction_from_the_start(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.accounts.users.ensure_first("better")
    (admin,) = await house.accounts.users.all()
    assert not admin.initial_password
    assert (await house.access.password("admin", "better", LOCAL)).user == admin
    assert "published" not in caplog.text


async def test_the_published_password_is_restricted_also_when_it_was_asked_for(house: House) -> None:
    await house.accounts.users.ensure_first("admin")
    assert (await house.accounts.users.all())[0].initial_password


async def test_nobody_chooses_the_published_password(house: House) -> None:
    users = house.accounts.users
    await users.ensure_first(None)
    (admin,) = await users.all()
    for call in (
        users.set_password(admin.id, "admin"),
        users.update(admin.id, password="admin"),
        users.add("eve", "admin"),
        users.register("eve", "admin", LOCAL),
    ):
        with pytest.raises(BadInput, match=r"^password must not be the published one$"):
            await call
    assert await users.all() == [admin]
    assert admin.initial_password


async def test_where_there_are_users_no_admin_is_made(house: House) -> None:
    await house.user()
    await house.accounts.users.ensure_first("better")
    assert [user.name for user in await house.accounts.users.all()] == ["ada"]


async def test_a_user_is_found_by_his_name(house: House) -> None:
    ada = await house.user(admin=True)
    assert await house.accounts.users.named("ada") == ada
    assert (ada.admin, ada.initial_password) == (True, False)
    with pytest.raises(NotFound, match=r"'eve'"):
        await house.accounts.users.named("eve")


async def test_a_name_is_taken_once(house: House) -> None:
    await house.user()
    with pytest.raises(Conflict):
        await house.accounts.users.add("ada", "other")
    assert len(await house.accounts.users.all()) == 1


@pytest.mark.parametrize(
    ("name", "password", "text"),
    [
        ("", "secret", "name must not be empty"),
        ("ada", "", "password must not be empty"),
        ("a\0da", "secret", "name must not contain a zero byte"),
        ("ada", "sec\0ret", "password must not contain a zero byte"),
        ("ada\ud800", "secret", "name is not valid text"),
        ("ada", "\udfff", "password is not valid text"),
        ("ä" * (NAME // 2) + "x", "secret", f"name is longer than {NAME} bytes"),
        ("ada", "x" * (NAME + 1), f"password is longer than {NAME} bytes"),
    ],
)
async def test_a_user_needs_a_name_and_a_password_of_some_length(
    house: House, name: str, password: str, text: str
) -> None:
    with pytest.raises(BadInput, match=f"^{re.escape(text)}$") as caught:
        await house.accounts.users.add(name, password)
    assert isinstance(caught.value, TooLarge) == ("longer" in text)
    assert await house.accounts.users.all() == []


async def test_a_name_may_be_exactly_as_long_as_the_limit(house: House) -> None:
    ada = await house.accounts.users.add("ä" * (NAME // 2), "x" * NAME)
    assert (await house.access.password(ada.name, "x" * NAME, LOCAL)).user == ada


async def test_a_password_is_changed_for_who_exists(house: House) -> None:
    ada = await house.user()
    await house.accounts.users.set_password(ada.id, "new")
    assert (await house.access.password("ada", "new", LOCAL)).user.id == ada.id
    with pytest.raises(NotFound):
        await house.accounts.users.set_password(ada.id + 1, "new")
    for wrong in ("", "\0", "x" * (NAME + 1)):
        with pytest.raises(BadInput):
            await house.accounts.users.set_password(ada.id, wrong)
    assert (await house.access.password("ada", "new", LOCAL)).user.id == ada.id


async def test_the_last_admin_stays(house: House) -> None:
    root = await house.user("root", admin=True)
    ada = await house.user()
    with pytest.raises(Conflict, match=r"^cannot delete last admin$"):
        await house.accounts.users.delete(root.id)
    other = await house.user("other", admin=True)
    await house.accounts.users.delete(root.id)
    assert await house.accounts.users.all() == [ada, other]


async def test_a_user_who_does_not_exist_cannot_be_deleted(house: House) -> None:
    root = await house.user("root", admin=True)
    with pytest.raises(NotFound):
        await house.accounts.users.delete(root.id + 1)


async def test_with_a_user_his_streams_applications_and_devices_end(house: House) -> None:
    await house.user("root", admin=True)
    ada = await house.user()
    await house.sender(ada)
    await house.accounts.devices.add(ada.id, "phone")
    stream = Stream(None)
    house.hub.join(ada.id, stream)
    await house.accounts.users.delete(ada.id)
    assert stream.ended == [1008]
    assert await house.accounts.applications.of(ada.id) == []
    assert await house.accounts.devices.of(ada.id) == []
    assert await house.accounts.tokens.all() == []


async def test_a_new_password_ends_sessions_but_the_one_that_asks_and_no_devices(house: House) -> None:
    ada = await house.user()
    devices = house.accounts.devices
    phone, _ = await devices.add(ada.id, "phone")
    asking, kept = await devices.open_session(ada, "firefox")
    other, ended = await devices.open_session(ada, "chrome")
    for secret in (kept, ended):
        await house.access.device(secret, LOCAL)
    streams = {number: Stream(number) for number in (None, phone.id, asking.id, other.id)}
    for stream in streams.values():
        house.hub.join(ada.id, stream)
    await house.accounts.users.set_password(ada.id, "new", keep=asking.id)
    assert [number for number, stream in streams.items() if stream.ended] == [None, other.id]
    assert [device.id for device in await devices.of(ada.id)] == [phone.id, asking.id]
    assert (await house.access.device(kept, LOCAL)).user.id == ada.id
    with pytest.raises(Unauthenticated):
        await house.access.device(ended, LOCAL)
    await house.accounts.users.set_password(ada.id, "newer")
    assert [device.id for device in await devices.of(ada.id)] == [phone.id]
    assert streams[asking.id].ended == [1008]


async def test_a_user_is_changed_as_a_whole_or_not_at_all(house: House) -> None:
    users, root, ada = house.accounts.users, await house.user("root", admin=True), await house.user()
    for fields, text in (
        ({"name": "root", "password": "new"}, r"^username already exists$"),
        ({"name": "", "password": "new"}, r"^name must not be empty$"),
        ({"name": "eve", "password": ""}, r"^password must not be empty$"),
        ({"name": "eve", "admin": True, "password": "x" * (NAME + 1)}, r"^password is longer than 256 bytes$"),
    ):
        with pytest.raises((Conflict, BadInput), match=text):
            await users.update(ada.id, **fields)
    with pytest.raises(Conflict, match=r"^cannot delete last admin$"):
        await users.update(root.id, name="admin", admin=False, password="new")
    assert await users.all() == [root, ada]

    eve = await users.update(ada.id, name="eve", admin=True, password="new")
    assert (eve.id, eve.name, eve.admin) == (ada.id, "eve", True)
    assert (await house.access.password("eve", "new", LOCAL)).user == eve == (await users.all())[1]
    assert await users.update(root.id) == root
    with pytest.raises(NotFound):
        await users.update(99, name="bob")


async def test_what_a_user_may_changes_at_once_also_for_his_devices(house: House) -> None:
    await house.user("root", admin=True)
    ada = await house.user()
    _, secret = await house.accounts.devices.add(ada.id, "phone")
    for admin in (False, True, False):
        await house.accounts.users.update(ada.id, admin=admin)
        assert (await house.access.device(secret, LOCAL)).user.admin is admin


async def test_one_address_makes_a_bounded_number_of_accounts(house: House) -> None:
    users = house.accounts.users
    here, there = Peer("203.0.113.1", local=False), Peer("2001:db8::1", local=False)
    for number in range(REGISTRATIONS.burst):
        user = await users.register(f"ada {number}", "secret", here)
        assert (user.admin, user.initial_password) == (False, False)
    with pytest.raises(TooMany, match=r"^too many new accounts from this address; try again in 300 s$") as caught:
        await users.register("eve", "secret", here)
    assert caught.value.retry_after == 300
    await users.register("eve", "secret", there)
    with pytest.raises(Conflict, match=r"^username already exists$"):
        await users.register("eve", "secret", Peer("2001:db8::2", local=False))
    house.clock.advance(600 * SECOND)
    await users.register("bob", "secret", here)
    with pytest.raises(TooMany):
        await users.register("dan", "secret", here)
    assert len(await users.all()) == REGISTRATIONS.burst + 2


async def test_an_admin_sees_what_users_have_and_what_goes_with_them(house: House) -> None:
    users = house.accounts.users
    ada, eve = await house.user("ada", admin=True), await house.user("eve")
    sender, secret = await house.sender(eve, "Backup")
    shared, _ = await house.sender(ada, "Door")
    await house.accounts.applications.share(ada.id, shared.application.id, with_user=eve.id)
    _, key = await house.accounts.devices.add(eve.id, "phone")
    sender = await house.access.sender(secret, LOCAL)
    for _ in range(3):
        await house.publisher.publish(sender, Draft(body="done"), scale=Scale("gotify"))
    await house.access.device(key, LOCAL)
    await house.access.note_uses()
    assert [(info.user, info.applications, info.devices) for info in await users.infos()] == [(ada, 1, 0), (eve, 1, 1)]
    assert (await users.info(eve.id)).last_used == NOON
    assert await users.holdings(eve.id) == Holdings(["Backup"], 1, 3)
    assert await users.holdings(ada.id) == Holdings(["Door"], 0, 0)
    for call in (users.info(99), users.holdings(99)):
        with pytest.raises(NotFound, match="there is no such user"):
            await call


async def test_the_first_run_is_over_when_the_published_password_is_changed(house: House) -> None:
    await house.accounts.users.ensure_first(None)
    assert await house.accounts.users.first_run()
    (admin,) = await house.accounts.users.all()
    await house.accounts.users.set_password(admin.id, "better")
    assert not await house.accounts.users.first_run()
