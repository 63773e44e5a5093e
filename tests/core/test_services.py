from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from carillon.core.errors import BadInput, Forbidden, NotFound
from carillon.core.forms import BadOption
from carillon.core.models import User
from carillon.core.outbox import ServiceChange
from carillon.core.outgoing import Health, Quiet, Rules, Window
from carillon.core.services import BadRule, Change, New, Services, View
from tests.builders import LOCAL, House, opened

SECRET = "hush-hush-hush-hush"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        yield house


@pytest.fixture
def services(house: House) -> Services:
    return house.kit.ways_out.services


@pytest.fixture
async def admin(house: House) -> User:
    return await house.user("root", admin=True)


@pytest.fixture
async def ada(house: House, admin: User) -> User:
    return await house.user("ada")


def new(**given: Any) -> New:
    options: dict[str, Any] = given.pop("options", {"secret": SECRET})
    return New(**{"kind": "bell", "name": "Phone", "options": options} | given)


async def seen(services: Services, user: User) -> list[str]:
    return [view.service.name for view in await services.of(user)]


def test_the_gallery_has_what_forms_need(services: Services) -> None:
    (kind,) = services.kinds()
    assert (kind.kind, kind.title, kind.checks, kind.available) == ("bell", ("Bell", "Glocke"), True, True)
    assert [(field.name, field.look.kind, field.required) for field in kind.fields] == [
        ("secret", "secret", True),
        ("place", "text", False),
        ("to", "list", False),
    ]


async def test_a_secret_is_shown_at_its_ends_only(services: Services, ada: User) -> None:
    view = await services.add(ada, new())
    assert view.options == {"secret": {"set": True, "hint": "hush…hush"}, "place": "tower", "to": []}
    assert (view.readable, view.manageable, view.user, view.used) == (True, True, "ada", 0)
    short = await services.add(ada, new(name="Short", options={"secret": "hush"}))
    assert short.options["secret"] == {"set": True, "hint": ""}


async def test_one_sees_his_own_and_those_of_his_groups(
    services: Services, house: House, admin: User, ada: User
) -> None:
    bob = await house.user("bob")
    group = await house.accounts.groups.add("home")
    await house.accounts.groups.join(group.id, ada.id)
    await services.add(ada, new(name="Ada's"))
    await services.add(admin, new(name="Home", scope="group", group="home"))
    await services.add(admin, new(name="All", scope="server"))
    assert await seen(services, ada) == ["Ada's", "Home"]
    assert await seen(services, bob) == []
    assert await seen(services, admin) == ["Home", "All"]
    (mine, home) = await services.of(ada)
    assert (mine.manageable, home.manageable, home.group) == (True, False, "home")
    for change in (services.update(ada, home.service.id, Change(enabled=False)), services.delete(ada, home.service.id)):
        with pytest.raises(Forbidden):
            await change
    with pytest.raises(NotFound):
        await services.get(bob, mine.service.id)
    with pytest.raises(NotFound):
        await services.delete(admin, mine.service.id)


async def test_only_admins_make_those_of_groups_and_of_the_server(services: Services, admin: User, ada: User) -> None:
    for scope in ("group", "server"):
        with pytest.raises(Forbidden):
            await services.add(ada, new(scope=scope, group="home"))
    with pytest.raises(BadOption) as caught:
        await services.add(admin, new(scope="group", group="nobody"))
    assert caught.value.field == "group"


@pytest.mark.parametrize(
    ("options", "field"),
    [({}, "secret"), ({"secret": "x"}, "secret"), ({"secret": SECRET, "plaice": "x"}, "plaice")],
)
async def test_an_option_at_fault_is_named(services: Services, ada: User, options: dict[str, Any], field: str) -> None:
    with pytest.raises(BadOption) as caught:
        await services.add(ada, new(options=options))
    assert caught.value.field == field
    assert await seen(services, ada) == []


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        (Rules(min_level=11), "min_level"),
        (Rules(quota=-1), "quota"),
        (Rules(fallback=99), "fallback"),
        (Rules(title_template="{{"), "title_template"),
        (Rules(body_template="{% include 'x' %}"), "body_template"),
        (Rules(quiet=Quiet(zone="Mars/Olympus", windows=(Window((0,), 0, 60),))), "quiet"),
    ],
)
async def test_a_rule_at_fault_is_named(services: Services, ada: User, rules: Rules, field: str) -> None:
    with pytest.raises(BadRule) as caught:
        await services.add(ada, new(rules=rules))
    assert caught.value.field == field


async def test_there_must_be_a_name_and_such_a_kind(services: Services, ada: User) -> None:
    with pytest.raises(BadInput):
        await services.add(ada, new(name=""))
    with pytest.raises(BadOption) as caught:
        await services.add(ada, new(kind="gong"))
    assert "bell" in str(caught.value)


async def test_a_secret_that_is_not_said_again_stays(services: Services, house: House, ada: User) -> None:
    number = (await services.add(ada, new())).service.id
    for options in ({"place": "yard"}, {"place": "yard", "secret": {"set": True, "hint": "hush…hush"}}):
        view = await services.update(ada, number, Change(options=options))
        assert view.options["place"] == "yard"
        assert view.options["secret"]["hint"] == "hush…hush"
    view = await services.update(ada, number, Change(options={"secret": "another-secret-word"}))
    assert view.options["secret"]["hint"] == "anot…word"


async def test_a_sender_that_is_known_gets_the_route_at_once(services: Services, house: House, ada: User) -> None:
    _, secret = await house.sender(ada)
    assert (await house.access.sender(secret, LOCAL)).routes == ()
    number = (await services.add(ada, new())).service.id
    routes = (await house.access.sender(secret, LOCAL)).routes
    assert [each.service_id for each in routes] == [number]
    await services.update(ada, number, Change(enabled=False))
    assert (await house.access.sender(secret, LOCAL)).routes == ()
    await services.update(ada, number, Change(enabled=True))
    await services.delete(ada, number)
    assert (await house.access.sender(secret, LOCAL)).routes == ()


async def test_a_paused_one_is_tried_again_when_asked_or_mended(services: Services, house: House, ada: User) -> None:
    number = (await services.add(ada, new())).service.id
    broken = Health(cause="broken", failures=3, code="auth", text="no")

    async def paused() -> None:
        await house.store.update_service(number, ServiceChange(health=broken))

    await paused()
    resumed: View = await services.resume(ada, number)
    assert (resumed.service.health.cause, resumed.service.health.failures) == ("", 3)
    await paused()
    assert (await services.update(ada, number, Change(name="Other"))).service.health == broken
    assert (await services.update(ada, number, Change(options={"place": "yard"}))).service.health == Health()


async def test_options_of_another_key_cannot_be_read(services: Services, house: House, ada: User) -> None:
    number = (await services.add(ada, new())).service.id
    await house.store.update_service(number, ServiceChange(options=b"sealed elsewhere"))
    view = await services.get(ada, number)
    assert (view.readable, view.options, view.recipients) == (False, {}, [])


async def test_recipients_are_those_who_have_to_agree(services: Services, ada: User) -> None:
    view = await services.add(ada, new(options={"secret": SECRET, "to": ["bob@example.org"]}))
    assert [(each.address, each.confirmed, each.asked) for each in view.recipients] == [
        ("bob@example.org", False, None)
    ]
