from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from carillon.core.channels import Broken, Refused
from carillon.core.errors import BadInput, Forbidden, NotFound
from carillon.core.priority import Scale
from carillon.core.publish import Draft
from carillon.ops import desk, desk_services
from carillon.ops.desk import Desk, Owner
from carillon.ops.desk_services import Deliveries, LogOf, NewService, ServiceOf, Switch
from tests.builders import House, desk_of, lost, opened

ADMINS = Owner(None)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        await house.user("ada", admin=True)
        await house.user("bob")
        yield house


@pytest.fixture
def opened_desk(house: House) -> Desk:
    return desk_of(house)


async def added(desk: Desk, **given: Any) -> int:
    usual = {"user": None, "kind": "bell", "name": "Bell", "options": {"secret": "hush"}, "min_level": 0}
    new = NewService(**{**usual, "server": False, **given})
    return (await desk_services.add_service(desk, new)).id


async def given_up(house: House, desk: Desk) -> tuple[int, int]:
    """The ids of a service, and of a delivery that it gave up."""
    service = await added(desk)
    backup, _ = await house.sender(await desk.user(None), "Backup")
    await house.publisher.publish(backup, Draft(body="done", title="Night"), scale=Scale("native"))
    await lost(house.store, service)
    (line,) = (await desk_services.list_deliveries(desk, LogOf())).deliveries
    return service, line.id


def test_every_operation_is_found_by_its_name_and_speaks_json() -> None:
    for name, operation in desk_services.OPERATIONS.items():
        assert operation.name == name == operation.run.__name__
        msgspec.json.Decoder(operation.question)
        msgspec.json.Decoder(operation.answer)
    assert not set(desk_services.OPERATIONS) & set(desk.OPERATIONS)


async def test_services_are_added_listed_switched_and_removed(opened_desk: Desk) -> None:
    service = await added(opened_desk)
    (line,) = (await desk_services.list_services(opened_desk, ADMINS)).services
    assert (line.id, line.name, line.kind, line.scope, line.enabled) == (service, "Bell", "bell", "user", True)
    assert (line.paused, line.sent, line.failed, line.waiting, line.last_sent) == ("", 0, 0, 0, None)
    await desk_services.switch_service(opened_desk, Switch(service, None, enabled=False))
    (line,) = (await desk_services.list_services(opened_desk, ADMINS)).services
    assert not line.enabled
    await desk_services.remove_service(opened_desk, ServiceOf(service, None))
    assert (await desk_services.list_services(opened_desk, ADMINS)).services == []


async def test_recipients_are_asked(opened_desk: Desk, house: House) -> None:
    house.bell.outcomes.append(Refused(code="rejected", text="no such box"))
    options = {"secret": "hush", "to": ["eve@example.org", "dan@example.org"]}
    new = NewService(user=None, kind="bell", name="Bell", options=options, min_level=3, server=True)
    made = await desk_services.add_service(opened_desk, new)
    assert made.unconfirmed == ["eve@example.org", "dan@example.org"]
    assert made.faults == ["eve@example.org: no such box"]
    view = await house.kit.ways_out.services.get(await opened_desk.user(None), made.id)
    assert (view.service.rules.min_level, view.service.scope) == (3, "server")


async def test_services_of_others_do_not_exist(opened_desk: Desk) -> None:
    service = await added(opened_desk)
    assert (await desk_services.list_services(opened_desk, Owner("bob"))).services == []
    for ask in (desk_services.try_service, desk_services.resume_service, desk_services.remove_service):
        with pytest.raises(NotFound):
            await ask(opened_desk, ServiceOf(service, "bob"))
    with pytest.raises(Forbidden):
        await added(opened_desk, user="bob", server=True)
    with pytest.raises(BadInput):
        await added(opened_desk, options={})


async def test_a_service_is_tried_with_what_is_saved(opened_desk: Desk, house: House) -> None:
    service = await added(opened_desk)
    tried = await desk_services.try_service(opened_desk, ServiceOf(service, None))
    assert (tried.ok, tried.code) == (True, "ok")
    assert house.bell.parcels[0].test
    house.bell.outcomes.append(Broken(code="auth", status=401, text="who are you?"))
    tried = await desk_services.try_service(opened_desk, ServiceOf(service, None))
    assert (tried.ok, tried.code, tried.text) == (False, "auth", "who are you?")


async def test_what_was_given_up_is_listed_and_sent_again(opened_desk: Desk, house: House) -> None:
    service, delivery = await given_up(house, opened_desk)
    (line,) = (await desk_services.list_deliveries(opened_desk, LogOf(services=[service], text="night"))).deliveries
    assert (line.service, line.title, line.state, line.attempts) == ("Bell", "Night", "failed", 1)
    assert line.reason == "connect: no way"
    assert (await desk_services.list_deliveries(opened_desk, LogOf(states=["sent"]))).deliveries == []
    assert (await desk_services.resend_deliveries(opened_desk, Deliveries([delivery], None))).count == 1
    (line, *_) = (await desk_services.list_deliveries(opened_desk, LogOf())).deliveries
    assert line.state == "due"
    assert (await desk_services.cancel_deliveries(opened_desk, Deliveries([line.id], None))).count == 1
    (line, *_) = (await desk_services.list_deliveries(opened_desk, LogOf())).deliveries
    assert line.state == "cancelled"


async def test_all_that_was_given_up_is_sent_again(opened_desk: Desk, house: House) -> None:
    await given_up(house, opened_desk)
    assert (await desk_services.resend_failed(opened_desk, LogOf(text="nothing of the kind"))).count == 0
    assert (await desk_services.resend_failed(opened_desk, LogOf(user="bob"))).count == 0
    assert (await desk_services.resend_failed(opened_desk, LogOf())).count == 1


@pytest.mark.parametrize("limit", [0, -1, 201])
async def test_a_list_is_bounded(opened_desk: Desk, limit: int) -> None:
    with pytest.raises(BadInput):
        await desk_services.list_deliveries(opened_desk, LogOf(limit=limit))
