from __future__ import annotations

from pathlib import Path

from carillon.core.alerts import NAME, Alerts
from carillon.core.outgoing import Health, LogQuery
from carillon.core.services import New
from tests.builders import NOON, House, opened


def alerts(house: House) -> Alerts:
    return Alerts(store=house.store, applications=house.accounts.applications, publisher=house.publisher)


async def test_the_owner_is_told_once_a_service_and_by_his_other_ways(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        ada = await house.user()
        services = house.kit.ways_out.services
        phone, mail = [
            (await services.add(ada, New(kind="bell", name=name, options={"secret": "hush-hush"}))).service
            for name in ("Phone", "Mail")
        ]
        broken = Health(cause="broken", since=NOON, code="auth", text="application token is invalid")
        await alerts(house).paused(phone, broken)
        await alerts(house).paused(phone, Health(cause="failing", since=NOON, code="connect"))
        (item,) = await house.store.page(ada.id, limit=9)
        assert item.message.title == "Phone is paused"
        assert "connect" in item.message.body
        (application,) = await house.accounts.applications.of(ada.id)
        assert application.application.name == NAME
        log = await house.store.log([phone.id, mail.id], LogQuery())
        assert {each.delivery.service_id for each in log.deliveries} == {mail.id}


async def test_who_is_gone_is_not_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        ada, _ = await house.user(), await house.user("root", admin=True)
        new = New(kind="bell", name="Phone", options={"secret": "hush-hush"})
        service = (await house.kit.ways_out.services.add(ada, new)).service
        await house.accounts.users.delete(ada.id)
        await alerts(house).paused(service, Health(cause="broken"))
        assert await house.store.subscriptions(ada.id) == []


async def test_of_a_service_of_the_server_all_admins_are_told_when_its_maker_is_gone(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        ada, root = await house.user(admin=True), await house.user("root", admin=True)
        bob = await house.user("bob")
        new = New(kind="bell", name="Mail", options={"secret": "hush-hush"}, scope="server")
        service = (await house.kit.ways_out.services.add(ada, new)).service
        await house.accounts.users.delete(ada.id)
        await alerts(house).paused(service, Health(cause="broken", text="no"))
        (item,) = await house.store.page(root.id, limit=9)
        assert item.message.title == "Mail is paused"
        assert await house.store.page(bob.id, limit=9) == []
