from __future__ import annotations

import pytest
from msgspec.structs import replace

from carillon.core.outgoing import Counters, Delivery, State
from carillon.core.plans import month
from carillon.core.ports import Publication
from carillon.storage import outbox, services
from carillon.storage.messages import publish_plain
from carillon.storage.outbox import counted
from carillon.storage.sqlite import SqliteSession
from tests.builders import DAY, NOON, message
from tests.storage.rows import new_application, new_user
from tests.storage.test_services import new_service

DELIVERY = Delivery(id=1, message_id=1, service_id=1, application_id=1, level=5, created=NOON, code="dns", text="no")


def test_months_count_on_over_the_years() -> None:
    assert month(0) == 1970 * 12
    assert month(364 * DAY) + 1 == month(365 * DAY) == 1971 * 12


@pytest.mark.parametrize("state", ["skipped", "cancelled", "held", "due"])
def test_what_nobody_tried_counts_for_nothing(state: State) -> None:
    assert counted(Counters(sent=3), replace(DELIVERY, state=state, settled=NOON)) == Counters(sent=3)


def test_what_came_too_late_has_failed() -> None:
    found = counted(Counters(), replace(DELIVERY, state="expired", settled=NOON))
    assert found == Counters(failed=1, last_failed=NOON, last_code="dns", last_text="no")


async def test_each_way_to_wait_has_its_index(tx: SqliteSession) -> None:
    for sql, args in (
        (outbox.FREE[0], (1, 9)),
        (outbox.FREE[1], (1, 9, 9)),
        (outbox.FREE[2], (1, 9, 9)),
        (outbox.WORK, ()),
        (outbox.OLD, (9, 9)),
        (outbox.NEXT_FOLLOW, ()),
        (outbox.FOLLOWING, (9, 9)),
        (outbox.CLAIM.replace("AMONG ?", "IN (SELECT value FROM json_each(?))"), ("[1]", 9, 9, 9)),
    ):
        plan = [str(row[3]) for row in await tx.rows(f"EXPLAIN QUERY PLAN {sql}", *args)]
        assert not [line for line in plan if line.startswith(("SCAN d", "USE TEMP B-TREE"))], plan


async def test_a_delivery_of_a_service_that_has_gone_meanwhile_is_swept(tx: SqliteSession) -> None:
    ada = await new_user(tx)
    backup = await new_application(tx, ada)
    service = await new_service(tx, ada.id)
    await services.delete(tx, service.id)
    new = Publication(message(id=0, application_id=backup.id), (ada.id,), services=(service.id,))
    await publish_plain(tx, [new])
    assert await outbox.settle(tx, service.id, [], health=None, quota_left=None) == []
    assert await outbox.pick(tx, [1], [service.id]) == []
    assert await outbox.requeue(tx, [1], now=NOON) == []
    assert await outbox.forget(tx, NOON, 10) == 1
