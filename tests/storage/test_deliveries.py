from __future__ import annotations

from msgspec.structs import astuple, replace

from carillon.core.outgoing import Attempt, Delivery
from carillon.storage.deliveries import (
    ATTEMPTS,
    FIELDS,
    NEW_DELIVERIES,
    SETTLED,
    attempt_of,
    delivery_of,
    settling,
    trying,
)
from carillon.storage.session import Session

WHOLE = Delivery(id=1, message_id=2, service_id=3, application_id=4, level=5, created=6, lease=7, duplicate=True)


def test_a_row_gives_the_delivery_back() -> None:
    assert delivery_of((*astuple(WHOLE), "more")) == WHOLE
    assert delivery_of((*astuple(replace(WHOLE, duplicate=False)),)).duplicate is False


async def test_the_columns_are_the_fields(tx: Session) -> None:
    columns = [row[1] for row in await tx.rows("PRAGMA table_info(deliveries)")]
    assert tuple(columns) == FIELDS
    assert {name for name, _ in NEW_DELIVERIES.columns} < set(FIELDS)


def test_a_settlement_leaves_what_it_is_made_of() -> None:
    left = {"id", "message_id", "service_id", "application_id", "level", "created", "lease", "via"}
    assert set(FIELDS) - set(SETTLED) == {*left, "acknowledged", "acknowledged_by"}
    assert settling(WHOLE)[-3:] == (1, 3, 7)


def test_an_attempt_is_numbered_by_the_database() -> None:
    attempt = Attempt(delivery_id=1, number=0, started=5, took=6, outcome="retry", code="dns", text="t", status=None)
    assert trying(attempt) == (5, 6, "retry", "dns", "t", None, 1)
    assert attempt_of((1, 2, *trying(attempt)[:-1])) == replace(attempt, number=2)
    assert ATTEMPTS.count("?") == 1
