from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from carillon.core.errors import BadInput, Conflict, NotFound, TooLarge, Unauthenticated
from carillon.core.limits import Limits
from carillon.core.models import Change, Subscription
from tests.builders import NOON, House, build

NAME = Limits().name


class Stream:
    """A listener that only remembers how it ended."""

    def __init__(self, device_id: int | None) -> None:
        self.device_id = device_id
        self.render: Callable[[Change], bytes | None] = lambda change: None
        self.ended: list[int] = []

    def push(self, frame: bytes, first: int, last: int) -> None:
        raise AssertionError("nothing is told here")

    def end(self, code: int) -> None:
        self.ended.append(code)


# Users


async def test_an_empty_installation_gets_its_first_admin_once(house: House, caplog: pytest.LogCaptureFixture) -> None:
    await house.accounts.ensure_first_user(None)
    await house.accounts.ensure_first_user(None)
    (admin,) = await house.accounts.users()
    assert (admin.name, admin.admin, admin.initial_password, admin.created) == ("admin", True, True, NOON)
    assert (await house.access.password("admin", "admin")).user == admin
    assert caplog.text.count("still has the published password") == 2


async def test_a_password_of_ones_own_lifts_the_restriction_from_the_start(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.accounts.ensure_first_user("better")
    (admin,) = await house.accounts.users()
    assert not admin.initial_password
    assert (await house.access.password("admin", "better")).user == admin
    assert "published" not in caplog.text


async def test_the_published_password_is_restricted_also_when_it_was_asked_for(house: House) -> None:
    await house.accounts.ensure_first_user("admin")
    assert (await house.accounts.users())[0].initial_password


async def test_where_there_are_users_no_admin_is_made(house: House) -> None:
    await house.user()
    await house.accounts.ensure_first_user("better")
    assert [user.name for user in await house.accounts.users()] == ["ada"]


async def test_a_user_is_found_by_his_name(house: House) -> None:
    ada = await house.user(admin=True)
    assert await house.accounts.user("ada") == ada
    assert (ada.admin, ada.initial_password) == (True, False)
    with pytest.raises(NotFound, match=r"'eve'"):
        await house.accounts.user("eve")


async def test_a_name_is_taken_once(house: House) -> None:
    await house.user()
    with pytest.raises(Conflict):
        await house.accounts.add_user("ada", "other")
    assert len(await house.accounts.users()) == 1


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
        await house.accounts.add_user(name, password)
    assert isinstance(caught.value, TooLarge) == ("longer" in text)
    assert await house.accounts.users() == []


async def test_a_name_may_be_exactly_as_long_as_the_limit(house: House) -> None:
    ada = await house.accounts.add_user("ä" * (NAME // 2), "x" * NAME)
    assert (await house.access.password(ada.name, "x" * NAME)).user == ada


async def test_a_password_is_changed_for_who_exists(house: House) -> None:
    ada = await house.user()
    await house.accounts.set_password(ada.id, "new")
    assert (await house.access.password("ada", "new")).user.id == ada.id
    with pytest.raises(NotFound):
        await house.accounts.set_password(ada.id + 1, "new")
    for wrong in ("", "\0", "x" * (NAME + 1)):
        with pytest.raises(BadInput):
            await house.accounts.set_password(ada.id, wrong)
    assert (await house.access.password("ada", "new")).user.id == ada.id


async def test_the_last_admin_stays(house: House) -> None:
    root = await house.user("root", admin=True)
    ada = await house.user()
    with pytest.raises(Conflict, match=r"^cannot delete last admin$"):
        await house.accounts.delete_user(root.id)
    other = await house.user("other", admin=True)
    await house.accounts.delete_user(root.id)
    assert await house.accounts.users() == [ada, other]


async def test_a_user_who_does_not_exist_cannot_be_deleted(house: House) -> None:
    root = await house.user("root", admin=True)
    with pytest.raises(NotFound):
        await house.accounts.delete_user(root.id + 1)


async def test_with_a_user_his_streams_applications_and_devices_end(house: House) -> None:
    await house.user("root", admin=True)
    ada = await house.user()
    await house.sender(ada)
    await house.accounts.add_device(ada.id, "phone")
    stream = Stream(None)
    house.hub.join(ada.id, stream)
    await house.accounts.delete_user(ada.id)
    assert stream.ended == [1008]
    assert await house.accounts.applications(ada.id) == []
    assert await house.accounts.devices(ada.id) == []
    assert await house.accounts.tokens() == []


# Applications


async def test_an_application_is_listed_for_its_owner_in_his_order(house: House) -> None:
    ada = await house.user()
    first, one = await house.accounts.add_application(ada.id, "Backup", description="nightly", default_priority=4)
    second, two = await house.accounts.add_application(ada.id, "Door")
    ahead, _ = await house.accounts.add_application(ada.id, "Alarm", sort_key="Zz")
    assert [subscription.sort_key for subscription in (first, second, ahead)] == ["a0", "a1", "Zz"]
    assert await house.accounts.applications(ada.id) == [ahead, first, second]
    stored = first.application
    assert (stored.name, stored.description, stored.default_priority, stored.created, stored.last_used) == (
        "Backup",
        "nightly",
        4,
        NOON,
        None,
    )
    assert (first.role, first.cleared_to) == ("owner", 0)
    assert one != two


async def test_an_application_token_has_the_shape_that_clients_check_for(house: House) -> None:
    ada = await house.user()
    _, application = await house.accounts.add_application(ada.id, "Backup")
    _, device = await house.accounts.add_device(ada.id, "phone")
    assert re.fullmatch("A[0-9A-Za-z]{14}", application)
    assert re.fullmatch("C[0-9A-Za-z]{14}", device)


async def test_a_sort_key_serves_one_application_of_a_user(house: House) -> None:
    ada, eve = await house.user("ada"), await house.user("eve")
    await house.accounts.add_application(ada.id, "Backup", sort_key="a5")
    with pytest.raises(Conflict, match=r"sort key is not unique"):
        await house.accounts.add_application(ada.id, "Door", sort_key="a5")
    await house.accounts.add_application(eve.id, "Door", sort_key="a5")
    assert len(await house.accounts.applications(ada.id)) == 1


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": ""}, "name must not be empty"),
        ({"name": "x" * (NAME + 1)}, f"name is longer than {NAME} bytes"),
        ({"name": "a\0"}, "name must not contain a zero byte"),
        ({"description": "\0"}, "description must not contain a zero byte"),
        ({"description": "x" * (Limits().description + 1)}, "description is longer than 4096 bytes"),
        ({"sort_key": "x" * (Limits().short + 1)}, "sortKey is longer than 256 bytes"),
        ({"default_priority": 2**31}, "defaultPriority must be a 32-bit number"),
        ({"default_priority": -(2**31) - 1}, "defaultPriority must be a 32-bit number"),
    ],
)
async def test_what_an_application_cannot_be(house: House, fields: dict[str, str | int], text: str) -> None:
    ada = await house.user()
    with pytest.raises(BadInput, match=f"^{re.escape(text)}$"):
        await house.accounts.add_application(ada.id, **{"name": "Backup", **fields})  # type: ignore[arg-type]  # by case
    assert await house.accounts.applications(ada.id) == []


async def test_an_application_of_another_is_as_one_that_does_not_exist(house: House) -> None:
    ada, eve = await house.user("ada"), await house.user("eve")
    sender, _ = await house.sender(ada)
    own = sender.application.id
    assert (await house.accounts.application(ada.id, own)).application == sender.application
    assert await house.accounts.sender(ada.id, own) == sender
    texts = set()
    for user_id, application_id in ((eve.id, own), (ada.id, own + 1), (ada.id, 0), (ada.id, -1)):
        for look_up in (house.accounts.application, house.accounts.sender):
            with pytest.raises(NotFound) as caught:
                await look_up(user_id, application_id)
            texts.add(str(caught.value))
    assert texts == {"application does not exist"}


async def test_who_only_receives_from_an_application_does_not_send_for_it(house: House) -> None:
    ada = await house.user()
    sender, _ = await house.sender(ada)

    class Received:
        """A store in which every tie is that of a receiver."""

        def __getattr__(self, name: str) -> Any:
            return getattr(house.store, name)

        async def subscription(self, user_id: int, application_id: int) -> Subscription | None:
            found = await house.store.subscription(user_id, application_id)
            return msgspec.structs.replace(found, role="receiver") if found else None

    accounts = build(Received(), hub=house.hub, clock=house.clock, limits=Limits()).accounts
    assert (await accounts.application(ada.id, sender.application.id)).role == "receiver"
    with pytest.raises(NotFound):
        await accounts.sender(ada.id, sender.application.id)


# Devices and tokens


async def test_devices_are_listed_for_their_user_only(house: House) -> None:
    ada, eve = await house.user("ada"), await house.user("eve")
    phone, _ = await house.accounts.add_device(ada.id, "phone")
    desk, _ = await house.accounts.add_device(ada.id, "desk")
    assert await house.accounts.devices(ada.id) == [phone, desk]
    assert await house.accounts.devices(eve.id) == []
    assert (phone.user_id, phone.created, phone.last_used) == (ada.id, NOON, None)


@pytest.mark.parametrize("name", ["", "a\0", "x" * (NAME + 1), "\ud800"])
async def test_what_a_device_cannot_be_called(house: House, name: str) -> None:
    ada = await house.user()
    with pytest.raises(BadInput, match=r"^name "):
        await house.accounts.add_device(ada.id, name)
    assert await house.accounts.devices(ada.id) == []


async def test_one_more_token_acts_as_the_same_and_ends_alone(house: House) -> None:
    ada = await house.user()
    sender, first = await house.sender(ada)
    token, second = await house.accounts.add_token("application", sender.application.id)
    assert (await house.access.sender(second)).application.id == sender.application.id
    await house.accounts.revoke(token.id)
    with pytest.raises(Unauthenticated):
        await house.access.sender(second)
    assert (await house.access.sender(first)).application.id == sender.application.id


@pytest.mark.parametrize("kind", ["application", "device"])
async def test_a_token_for_nothing_is_not_made(house: House, kind: str) -> None:
    await house.user()
    with pytest.raises(NotFound):
        await house.accounts.add_token(kind, 99)  # type: ignore[arg-type]  # one of the two, by case
    assert await house.accounts.tokens() == []


async def test_the_list_of_tokens_names_what_they_act_as(house: House) -> None:
    ada = await house.user()
    await house.sender(ada)
    await house.accounts.add_device(ada.id, "phone")
    assert [(info.token.kind, info.subject, info.user) for info in await house.accounts.tokens()] == [
        ("application", "Backup", "ada"),
        ("device", "phone", "ada"),
    ]


async def test_revoking_a_devices_token_ends_its_streams_only(house: House) -> None:
    ada = await house.user()
    phone, key = await house.accounts.add_device(ada.id, "phone")
    desk, _ = await house.accounts.add_device(ada.id, "desk")
    streams = {device.id: Stream(device.id) for device in (phone, desk)}
    for stream in streams.values():
        house.hub.join(ada.id, stream)
    token = next(info.token for info in await house.accounts.tokens() if info.subject == "phone")
    await house.accounts.revoke(token.id)
    assert (streams[phone.id].ended, streams[desk.id].ended) == ([1008], [])
    with pytest.raises(Unauthenticated):
        await house.access.device(key)


async def test_a_token_that_does_not_exist_cannot_be_revoked(house: House) -> None:
    with pytest.raises(NotFound, match=r"^there is no token 99$"):
        await house.accounts.revoke(99)
