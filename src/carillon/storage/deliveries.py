"""Deliveries as rows. One is made in the transaction of its message; what becomes of it is the outbox's."""

from __future__ import annotations

from typing import cast

from msgspec.structs import astuple

from carillon.core.outgoing import Attempt, Delivery
from carillon.storage.session import Row, Table, Value

# The fields of Delivery in their order.
FIELDS = Delivery.__struct_fields__
COLUMNS = ", ".join(f"d.{name}" for name in FIELDS)
WIDTH = len(FIELDS)

# What a delivery is made with; the other columns have defaults. It is written for each message: few columns, no reads.
NEW_DELIVERIES = Table(
    "deliveries",
    (
        ("message_id", "bigint"),
        ("service_id", "bigint"),
        ("application_id", "bigint"),
        ("level", "bigint"),
        ("created", "bigint"),
        ("via", "text"),
    ),
    counted=(("message_id", "message"),),
)

# What a settlement may change.
SETTLED = (
    "state",
    "due",
    "attempts",
    "settled",
    "took",
    "code",
    "text",
    "status",
    "remote",
    "receipt",
    "follow",
    "progress",
    "duplicate",
    "requeued",
)
SETTLE = f"""
    UPDATE deliveries SET lease = 0, {", ".join(f"{name} = ?" for name in SETTLED)}
    WHERE id = ? AND service_id = ? AND state = 'leased' AND lease = ?
"""

# Beside the message's number the attempt counts on, also when the delivery began anew.
ATTEMPT = """
    INSERT INTO attempts (delivery_id, number, started, took, outcome, code, text, status)
    SELECT n.delivery_id, n.number, ?, ?, ?, ?, ?, ? FROM (
        SELECT d.id AS delivery_id, coalesce((SELECT max(a.number) FROM attempts a WHERE a.delivery_id = d.id), 0) + 1
            AS number
        FROM deliveries d WHERE d.id = ?
    ) n
"""
ATTEMPTS = """
    SELECT a.delivery_id, a.number, a.started, a.took, a.outcome, a.code, a.text, a.status
    FROM attempts a WHERE a.delivery_id = ? ORDER BY a.number
"""


def delivery_of(row: Row) -> Delivery:
    """Of the row's first columns."""
    values = dict(zip(FIELDS, row[:WIDTH], strict=True))
    return Delivery(**{**values, "duplicate": bool(values["duplicate"])})


def settling(delivery: Delivery) -> tuple[Value, ...]:
    """The arguments of SETTLE."""
    values = [cast(Value, getattr(delivery, name)) for name in SETTLED]
    return (*values, delivery.id, delivery.service_id, delivery.lease)


def attempt_of(row: Row) -> Attempt:
    return Attempt(
        delivery_id=row[0],
        number=row[1],
        started=row[2],
        took=row[3],
        outcome=row[4],
        code=row[5],
        text=row[6],
        status=row[7],
    )


def trying(attempt: Attempt) -> tuple[Value, ...]:
    """The arguments of ATTEMPT."""
    delivery_id, _, *values = astuple(attempt)
    return (*values, delivery_id)
