"""The log of deliveries, and the figures that are made of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from carillon.core.outgoing import Attempt, Logged, LogPage, LogQuery, Pace, State, Tick
from carillon.storage import deliveries
from carillon.storage.deliveries import attempt_of, delivery_of
from carillon.storage.session import FAR, Row, Session

MOST = 20_000  # deliveries that a page looks through
SLICE = 1_000  # at a time
LATEST = 200  # sent ones that a pace is made of
CAP = 10_000  # that are counted

STATES: tuple[State, ...] = ("due", "leased", "retry", "held", "sent", "failed", "expired", "skipped", "cancelled")
WAITING: tuple[State, ...] = ("due", "leased", "retry")
FAILED: tuple[State, ...] = ("failed", "expired")

# The newest of one service in one state: by the index, whatever else there is.
NEWEST = "SELECT d.id FROM deliveries d WHERE d.service_id = ? AND d.state = ? AND d.id < ? ORDER BY d.id DESC LIMIT ?"
KINDS = "SELECT s.id, s.kind FROM services s WHERE s.id AMONG ?"

LOGGED = f"""
    SELECT {deliveries.COLUMNS}, s.name, s.kind, coalesce(a.name, ''), m.title, m.public_id FROM deliveries d
    JOIN services s ON s.id = d.service_id LEFT JOIN applications a ON a.id = d.application_id
    LEFT JOIN messages m ON m.id = d.message_id WHERE d.id AMONG ?
"""
OF_MESSAGE = """
    SELECT d.id FROM deliveries d JOIN services s ON s.id = d.service_id
    WHERE d.message_id = ? ORDER BY d.id DESC
"""
TOOK = "SELECT d.took FROM deliveries d WHERE d.service_id = ? AND d.state = 'sent' ORDER BY d.id DESC LIMIT ?"
COUNT = "SELECT count(*) FROM (SELECT 1 FROM deliveries d WHERE d.service_id = ? AND d.state = ? LIMIT ?) n"
TICKS = """
    SELECT t.service_id, t.hour, t.sent, t.failed, t.retried FROM delivery_statistics t
    WHERE t.service_id AMONG ? AND t.hour >= ? AND t.hour < ? ORDER BY t.service_id, t.hour
"""


def logged_of(row: Row, attempts: Sequence[Attempt] = ()) -> Logged:
    service, kind, application, title, public_id = row[deliveries.WIDTH :]
    return Logged(delivery_of(row), service, kind, application, title, public_id, tuple(attempts))


async def log(tx: Session, visible: Sequence[int], query: LogQuery) -> LogPage:
    found, stopped = await _find(tx, visible, query, limit=query.limit)
    return LogPage(found, stopped)


async def failed(tx: Session, visible: Sequence[int], query: LogQuery, *, limit: int) -> list[int]:
    """Newest first."""
    found, _ = await _find(tx, visible, query, limit=limit, failed_only=True)
    return [each.delivery.id for each in found]


async def _find(
    tx: Session, visible: Sequence[int], query: LogQuery, *, limit: int, failed_only: bool = False
) -> tuple[list[Logged], int | None]:
    """What was found, and below which id to go on, if there may be more."""
    chosen = await _services(tx, visible, query)
    states = [state for state in query.states or STATES if state in FAILED or not failed_only]
    before, found, looked = FAR if query.before is None else query.before, [], 0
    while looked < MOST:
        ids = await _newest(tx, chosen, states, before=before, limit=SLICE)
        for each in await _rows(tx, ids):
            if _matches(each, query) and not (failed_only and each.title is None):
                found.append(each)
                if len(found) == limit:
                    return found, each.delivery.id
        looked += len(ids)
        if len(ids) < SLICE:
            return found, None
        before = ids[-1]
    return found, before


async def _services(tx: Session, visible: Sequence[int], query: LogQuery) -> list[int]:
    wanted = set(query.services)
    rows = await tx.rows_among(KINDS, sorted(set(visible)))
    return sorted(
        number for number, kind in rows if (not wanted or number in wanted) and (not query.kinds or kind in query.kinds)
    )


async def _newest(
    tx: Session, services: Sequence[int], states: Sequence[State], *, before: int, limit: int
) -> list[int]:
    """Of all of them together, newest first."""
    ids: list[int] = []
    for state in states:
        ids += [number for (number,) in await tx.each(NEWEST, services, state, before, limit)]
    return sorted(ids, reverse=True)[:limit]


async def _rows(tx: Session, ids: Sequence[int]) -> list[Logged]:
    """Newest first."""
    return sorted(map(logged_of, await tx.rows_among(LOGGED, ids)), key=lambda each: -each.delivery.id)


def _matches(each: Logged, query: LogQuery) -> bool:
    delivery = each.delivery
    return (
        query.min_level <= delivery.level <= query.max_level
        and query.since <= delivery.created
        and (query.until is None or delivery.created < query.until)
        and (not query.codes or delivery.code in query.codes)
        and (not query.applications or delivery.application_id in query.applications)
        and (not query.text or _says(each, query.text.casefold()))
    )


def _says(each: Logged, text: str) -> bool:
    """Here and not in the database: SQLite knows no more letters than those of ASCII in both cases."""
    return any(text in said.casefold() for said in _texts(each))


def _texts(each: Logged) -> Iterator[str]:
    yield from (each.title or "", each.service, each.kind, each.delivery.code, each.delivery.text)


async def delivery(tx: Session, delivery_id: int) -> Logged | None:
    found = await _with_attempts(tx, [delivery_id])
    return found[0] if found else None


async def deliveries_of(tx: Session, message_id: int, visible: Sequence[int]) -> list[Logged]:
    """Newest first."""
    ids = [number for (number,) in await tx.rows(OF_MESSAGE, message_id)]
    return [each for each in await _with_attempts(tx, ids) if each.delivery.service_id in set(visible)]


async def _with_attempts(tx: Session, ids: Sequence[int]) -> list[Logged]:
    rows = sorted(await tx.rows_among(LOGGED, ids), key=lambda row: -row[0])
    attempts: dict[int, list[Attempt]] = defaultdict(list)
    for row in await tx.each(deliveries.ATTEMPTS, ids):
        attempts[row[0]].append(attempt_of(row))
    return [logged_of(row, attempts[row[0]]) for row in rows]


async def paces(tx: Session, visible: Sequence[int]) -> list[Pace]:
    """Of those that there are, by id."""
    found = []
    for service_id, _ in sorted(map(tuple, await tx.rows_among(KINDS, sorted(set(visible))))):
        rows = await tx.rows(TOOK, service_id, LATEST)
        took = sorted(took for (took,) in rows if took is not None)
        waiting = sum([await _count(tx, service_id, state) for state in WAITING])
        held = await _count(tx, service_id, "held")
        found.append(Pace(service_id, _share(took, 50), _share(took, 95), min(waiting, CAP), held))
    return found


async def _count(tx: Session, service_id: int, state: State) -> int:
    ((number,),) = await tx.rows(COUNT, service_id, state, CAP)
    return int(number)


def _share(took: Sequence[int], percent: int) -> int | None:
    """What so many percent took at most."""
    return took[max(0, -(-len(took) * percent // 100) - 1)] if took else None


async def ticks(tx: Session, visible: Sequence[int], *, since: int, until: int) -> list[Tick]:
    return [Tick(*row) for row in await tx.rows_among(TICKS, sorted(set(visible)), since, until)]
