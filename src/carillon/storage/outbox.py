"""What becomes of deliveries: who holds them, how they end, and what is asked about them afterwards.

Whoever claims a delivery holds it by its lease, and only he can settle it. When the lease has ended it is free again.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from carillon.core import plans
from carillon.core.models import Entry
from carillon.core.outgoing import Claimed, Counters, Delivery, Health, Service, Settlement
from carillon.storage import deliveries, entries, messages, notices, services
from carillon.storage.deliveries import delivery_of
from carillon.storage.session import Row, Session

HOUR = 3600 * 1_000_000  # µs

# When the first is due, of each way to wait that has an index.
WORK = """
    SELECT s.id,
        (SELECT 1 FROM deliveries d WHERE d.service_id = s.id AND d.state = 'due' LIMIT 1),
        (SELECT min(d.lease) FROM deliveries d WHERE d.service_id = s.id AND d.state = 'leased'),
        (SELECT min(d.due) FROM deliveries d WHERE d.service_id = s.id AND d.state IN ('retry', 'held'))
    FROM services s WHERE s.enabled ORDER BY s.id
"""

# Three ways to be claimable, each by its index and no further than asked for.
FREE = (
    "SELECT d.id FROM deliveries d WHERE d.service_id = ? AND d.state = 'due' ORDER BY d.id LIMIT ?",
    "SELECT d.id FROM deliveries d WHERE d.service_id = ? AND d.state IN ('retry', 'held') AND d.due <= ?"
    " ORDER BY d.due, d.id LIMIT ?",
    "SELECT d.id FROM deliveries d WHERE d.service_id = ? AND d.state = 'leased' AND d.lease <= ?"
    " ORDER BY d.id LIMIT ?",
)
# Two who claim the same at the same time: the second waits for the first, looks again, and finds it held. What was
# left by a lease that ended may have been sent by its holder.
CLAIM = """
    WITH chosen AS (SELECT id FROM deliveries WHERE id AMONG ?)
    UPDATE deliveries SET duplicate = CASE WHEN state = 'leased' THEN TRUE ELSE duplicate END,
        state = 'leased', lease = ?
    WHERE id IN (SELECT id FROM chosen)
    AND (state = 'due' OR (state IN ('retry', 'held') AND due <= ?) OR (state = 'leased' AND lease <= ?))
    RETURNING id
"""
CLAIMED = f"""
    SELECT {deliveries.COLUMNS}, coalesce(a.name, ''), {messages.COLUMNS} FROM deliveries d
    LEFT JOIN applications a ON a.id = d.application_id LEFT JOIN messages m ON m.id = d.message_id WHERE d.id AMONG ?
"""
MESSAGE = deliveries.WIDTH + 1  # the column where it begins

HAND = """
    INSERT INTO deliveries (message_id, service_id, application_id, level, created, via)
    SELECT d.message_id, s.id, d.application_id, d.level, ?, d.via FROM deliveries d JOIN services s ON s.id = ?
    WHERE d.id = ? AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.message_id = d.message_id AND o.service_id = s.id)
"""
TICK = """
    INSERT INTO delivery_statistics (service_id, hour, sent, failed, retried) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (service_id, hour) DO UPDATE SET
        sent = delivery_statistics.sent + excluded.sent, failed = delivery_statistics.failed + excluded.failed,
        retried = delivery_statistics.retried + excluded.retried
"""

OF_SERVICES = f"""
    SELECT {deliveries.COLUMNS} FROM deliveries d JOIN services s ON s.id = d.service_id WHERE d.id AMONG ?
"""
# What the last round learnt is forgotten, but for how far the message had come (`progress`).
REQUEUE = """
    WITH chosen AS (SELECT id FROM deliveries WHERE id AMONG ?)
    UPDATE deliveries SET state = 'due', due = ?, requeued = ?, lease = 0, attempts = 0, settled = NULL, took = NULL,
        code = 'ok', text = '', status = NULL, receipt = '', follow = NULL, acknowledged = NULL, acknowledged_by = ''
    WHERE id IN (SELECT id FROM chosen) AND (state <> 'leased' OR lease <= ?)
    AND EXISTS (SELECT 1 FROM messages m WHERE m.id = message_id)
    AND EXISTS (SELECT 1 FROM services s WHERE s.id = service_id)
    RETURNING id
"""
CANCEL = """
    WITH chosen AS (SELECT id FROM deliveries WHERE id AMONG ?)
    UPDATE deliveries SET state = 'cancelled', code = 'cancelled', text = '', due = 0, lease = 0, settled = ?
    WHERE id IN (SELECT id FROM chosen)
    AND (state IN ('due', 'retry', 'held') OR (state = 'leased' AND lease <= ?))
    RETURNING id
"""

FOLLOWING = f"""
    SELECT {deliveries.COLUMNS} FROM deliveries d JOIN services s ON s.id = d.service_id
    WHERE d.follow <= ? AND d.state = 'sent' ORDER BY d.follow LIMIT ?
"""
NEXT_FOLLOW = """
    SELECT d.follow FROM deliveries d JOIN services s ON s.id = d.service_id
    WHERE d.follow IS NOT NULL AND d.state = 'sent' ORDER BY d.follow LIMIT 1
"""
FOLLOWED = """
    UPDATE deliveries SET follow = ?, acknowledged = coalesce(?, acknowledged),
        acknowledged_by = CASE WHEN ? <> '' THEN ? ELSE acknowledged_by END
    WHERE id = ?
"""

OLD = "SELECT id FROM deliveries WHERE settled < ? ORDER BY settled LIMIT ?"
# Steps from service to service along the index, however many deliveries they have.
ORPHANED = """
    WITH RECURSIVE holders (id) AS (
        SELECT min(service_id) FROM deliveries
        UNION ALL
        SELECT (SELECT min(d.service_id) FROM deliveries d WHERE d.service_id > h.id) FROM holders h
        WHERE h.id IS NOT NULL
    )
    SELECT id FROM holders WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM services)
"""


async def work(tx: Session, now: int) -> dict[int, int]:
    found = {}
    for service_id, due, lease, later in await tx.rows(WORK):
        first = [0] if due else [at for at in (lease, later) if at is not None]
        if first:
            found[service_id] = min(first) if min(first) > now else 0
    return found


async def claim(tx: Session, service_id: int, *, now: int, lease: int, limit: int) -> list[Claimed]:
    if not await tx.row("SELECT 1 FROM services WHERE id = ? AND enabled", service_id):
        return []
    due, later, left = FREE
    free = [*await tx.rows(due, service_id, limit)]
    free += await tx.rows(later, service_id, now, limit)
    free += await tx.rows(left, service_id, now, limit)
    oldest = sorted(number for (number,) in free)[:limit]
    if not oldest:
        return []
    ours = [number for (number,) in await tx.rows_among(CLAIM, oldest, lease, now, now)]
    return [_claimed(row) for row in sorted(await tx.rows_among(CLAIMED, ours), key=_id)]


def _id(row: Row) -> int:
    return int(row[0])


def _claimed(row: Row) -> Claimed:
    message = None if row[MESSAGE] is None else messages.message_of(row[MESSAGE:])
    return Claimed(delivery_of(row), message, row[MESSAGE - 1])


async def settle(
    tx: Session, service_id: int, settlements: Sequence[Settlement], *, health: Health | None, quota_left: int | None
) -> list[int]:
    service = await services.by_id(tx, service_id)
    if service is None:
        return []
    ours = [each for each in settlements if await tx.run(deliveries.SETTLE, *deliveries.settling(each.delivery))]
    if not ours:
        return []
    counters = service.counters if quota_left is None else replace(service.counters, quota_left=quota_left)
    for each in ours:
        counters = counted(counters, each.delivery)
        await _note(tx, each)
    if (counters, health or service.health) != (service.counters, service.health):
        await services.save(tx, replace(service, counters=counters, health=health or service.health))
    if health is not None:
        await notices.tell(tx, await services.audience(tx, service_id), "services")
    return [each.delivery.id for each in ours]


async def _note(tx: Session, settlement: Settlement) -> None:
    """The attempt, the hour, and whom it is handed to."""
    delivery, attempt = settlement.delivery, settlement.attempt
    if attempt is not None:
        await tx.run(deliveries.ATTEMPT, *deliveries.trying(attempt))
    ended = attempt.started if attempt is not None and delivery.settled is None else delivery.settled
    sent, failed = delivery.state == "sent", delivery.state in ("failed", "expired")
    retried = delivery.state == "retry" and attempt is not None
    if ended is not None and (sent or failed or retried):
        await tx.run(TICK, delivery.service_id, ended // HOUR, int(sent), int(failed), int(retried))
    if settlement.handed is not None:
        created = delivery.created if delivery.settled is None else delivery.settled
        await tx.run(HAND, created, settlement.handed, delivery.id)


def counted(counters: Counters, delivery: Delivery) -> Counters:
    """With one delivery that was settled so, or is to be tried again."""
    settled = delivery.settled
    if delivery.state == "retry":
        return replace(counters, retried=counters.retried + 1)
    if settled is not None and delivery.state == "sent":
        month = plans.month(settled)
        used = counters.used if counters.month == month else 0
        return replace(counters, sent=counters.sent + 1, month=month, used=used + 1, last_sent=settled)
    if settled is not None and delivery.state in ("failed", "expired"):
        return replace(
            counters,
            failed=counters.failed + 1,
            last_failed=settled,
            last_code=delivery.code,
            last_text=delivery.text,
        )
    return counters


async def pick(tx: Session, ids: Sequence[int], visible: Sequence[int]) -> list[Delivery]:
    """By id."""
    found = [delivery_of(row) for row in sorted(await tx.rows_among(OF_SERVICES, ids), key=_id)]
    return [delivery for delivery in found if delivery.service_id in set(visible)]


async def requeue(tx: Session, ids: Sequence[int], *, now: int) -> list[int]:
    return sorted(number for (number,) in await tx.rows_among(REQUEUE, ids, now, now, now))


async def cancel(tx: Session, ids: Sequence[int], *, now: int) -> list[int]:
    """What is being tried right now cannot be held back any more."""
    return sorted(number for (number,) in await tx.rows_among(CANCEL, ids, now, now))


async def following(tx: Session, now: int, limit: int) -> list[Delivery]:
    return [delivery_of(row) for row in await tx.rows(FOLLOWING, now, limit)]


async def next_follow(tx: Session) -> int | None:
    row = await tx.row(NEXT_FOLLOW)
    return row[0] if row else None


async def followed(
    tx: Session, delivery_id: int, *, follow: int | None, acknowledged: int | None = None, by: str = ""
) -> None:
    rows = await tx.rows_among(OF_SERVICES, [delivery_id])
    if not rows:
        return
    delivery = delivery_of(rows[0])
    await tx.run(FOLLOWED, follow, acknowledged, by, by, delivery_id)
    service = await services.by_id(tx, delivery.service_id)
    if service is not None and acknowledged is not None:
        held = [entries.entry_of(row) for row in await tx.each(entries.HOLDERS, [delivery.message_id])]
        concerned = await _concerned(tx, service, held)
        await entries.renew(tx, [replace(entry, acknowledged=acknowledged) for entry in concerned])


async def _concerned(tx: Session, service: Service, held: Sequence[Entry]) -> list[Entry]:
    """The entries of those whom the service is for, unless they are acknowledged."""
    users = {service.user_id}
    if service.scope == "group":
        rows = await tx.rows("SELECT user_id FROM group_members WHERE group_id = ?", service.group_id)
        users = {user_id for (user_id,) in rows}
    return [
        entry for entry in held if entry.acknowledged is None and (service.scope == "server" or entry.user_id in users)
    ]


async def forget(tx: Session, before: int, limit: int) -> int:
    """Also what is left of services that are gone."""
    ids = [number for (number,) in await tx.rows(OLD, before, limit)]
    for (service_id,) in await tx.rows(ORPHANED):
        if len(ids) >= limit:
            break
        rows = await tx.rows("SELECT id FROM deliveries WHERE service_id = ? LIMIT ?", service_id, limit - len(ids))
        ids = sorted({*ids, *(number for (number,) in rows)})
    if ids:
        await tx.run_among("DELETE FROM attempts WHERE delivery_id AMONG ?", ids)
        await tx.run_among("DELETE FROM deliveries WHERE id AMONG ?", ids)
    return len(ids)
