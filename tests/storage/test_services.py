from __future__ import annotations

from typing import Any

from carillon.core.outbox import NewService
from carillon.core.outgoing import Counters, Health, Rules, Scope, Service
from carillon.storage import services
from carillon.storage.sqlite import SqliteSession as Session
from tests.builders import NOON
from tests.storage.rows import new_user


async def new_service(tx: Session, user_id: int, scope: Scope = "user", **rules: Any) -> Service:
    new = NewService(
        name="Chat",
        kind="matrix",
        scope=scope,
        user_id=user_id,
        group_id=None,
        enabled=True,
        rules=Rules(**rules),
        options=b"",
        created=NOON,
    )
    return await services.add(tx, new)


def test_what_a_later_version_keeps_is_passed_over() -> None:
    row = (1, "n", "k", "user", 2, None, 1, '{"quota": 3, "new": 1}', b"", 4, "{}", '{"sent": 5, "new": {}}')
    service = services.service_of(row)
    assert (service.rules, service.health, service.counters) == (Rules(quota=3), Health(), Counters(sent=5))


async def test_without_services_nothing_is_asked_about_groups(tx: Session) -> None:
    assert await services.routes(tx, 1, (1,)) == ()


async def test_who_hears_of_the_fallback_that_is_gone(tx: Session) -> None:
    ada, eve = await new_user(tx, "ada"), await new_user(tx, "eve")
    last = await new_service(tx, ada.id)
    first = await new_service(tx, eve.id, fallback=last.id)
    before = len(tx.told)
    assert await services.delete(tx, last.id)
    assert [change.user_id for change in tx.told[before:]] == [ada.id, eve.id]
    found = await services.by_id(tx, first.id)
    assert found
    assert found.rules.fallback is None


async def test_those_of_a_user_are_his_own(tx: Session) -> None:
    ada, eve = await new_user(tx, "ada"), await new_user(tx, "eve")
    await new_service(tx, ada.id)
    kept = [await new_service(tx, eve.id), await new_service(tx, ada.id, "server")]
    await services.delete_those_of(tx, user_id=ada.id)
    assert await services.every(tx) == kept
    assert await services.group_has_any(tx, 1) is False
