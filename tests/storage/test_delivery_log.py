from __future__ import annotations

import pytest

from carillon.core.outgoing import LogQuery
from carillon.core.ports import Publication
from carillon.storage import delivery_log
from carillon.storage.messages import publish_plain
from carillon.storage.sqlite import SqliteSession
from tests.builders import message
from tests.storage.rows import new_application, new_user
from tests.storage.test_services import new_service


@pytest.fixture
async def visible(tx: SqliteSession, messages: int) -> list[int]:
    """Two services to which all messages went."""
    ada = await new_user(tx)
    backup = await new_application(tx, ada)
    both = tuple([(await new_service(tx, ada.id)).id for _ in range(2)])
    await publish_plain(
        tx,
        [
            Publication(
                message(id=0, public_id=f"{at}", application_id=backup.id, title=f"<{at}>"), (ada.id,), services=both
            )
            for at in range(messages)
        ],
    )
    return list(both)


@pytest.fixture
def messages() -> int:
    return 1500


async def test_a_page_looks_through_many_slices(tx: SqliteSession, visible: list[int]) -> None:
    page = await delivery_log.log(tx, visible, LogQuery(text="<0>"))
    assert [each.delivery.id for each in page.deliveries] == [2, 1]
    assert page.next is None


async def test_pages_leave_nothing_out(tx: SqliteSession, visible: list[int]) -> None:
    seen: list[int] = []
    before: int | None = None
    while True:
        page = await delivery_log.log(tx, visible, LogQuery(limit=700, before=before))
        seen += [each.delivery.id for each in page.deliveries]
        before = page.next
        if before is None:
            break
    assert seen == list(range(3000, 0, -1))


@pytest.mark.parametrize("messages", [delivery_log.MOST // 2 + 1])
async def test_a_page_looks_through_so_many_and_no_more(tx: SqliteSession, visible: list[int]) -> None:
    page = await delivery_log.log(tx, visible, LogQuery(text="<0>"))
    assert (page.deliveries, page.next) == ([], 3)
    rest = await delivery_log.log(tx, visible, LogQuery(text="<0>", before=page.next))
    assert len(rest.deliveries) == 2


async def test_the_newest_are_found_by_the_index(tx: SqliteSession) -> None:
    for sql, args in (
        (delivery_log.NEWEST, (1, "due", 9, 9)),
        (delivery_log.TOOK, (1, 9)),
        (delivery_log.OF_MESSAGE, (1,)),
    ):
        plan = [str(row[3]) for row in await tx.rows(f"EXPLAIN QUERY PLAN {sql}", *args)]
        assert not [line for line in plan if line.startswith("SCAN")], plan
