"""Configured ways out as rows, and who sees them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import msgspec
from msgspec.structs import replace

from carillon.core.errors import NotFound
from carillon.core.models import ListName
from carillon.core.outbox import NewService, ServiceChange
from carillon.core.outgoing import Confirmation, Counters, Health, Route, Rules, Scope, Service
from carillon.core.reasons import because
from carillon.storage import notices
from carillon.storage.session import Row, Session

COLUMNS = (
    "s.id, s.name, s.kind, s.scope, s.user_id, s.group_id, s.enabled, s.rules, s.options, s.created, s.health,"
    " s.counters"
)
SELECT = f"SELECT {COLUMNS} FROM services s"
OF_USER = f"""
    {SELECT} WHERE (s.scope = 'user' AND s.user_id = ?)
    OR (s.scope = 'group' AND s.group_id IN (SELECT gm.group_id FROM group_members gm WHERE gm.user_id = ?))
    ORDER BY s.id
"""
INSERT = """
    INSERT INTO services (name, kind, scope, user_id, group_id, enabled, rules, options, created, health, counters)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""
UPDATE = "UPDATE services SET name = ?, enabled = ?, rules = ?, options = ?, health = ?, counters = ? WHERE id = ?"
ROUTES = "SELECT s.id, s.scope, s.user_id, s.group_id, s.rules FROM services s WHERE s.enabled ORDER BY s.id"

AUDIENCES: dict[Scope, str] = {
    "user": "SELECT u.id FROM services s JOIN users u ON u.id = s.user_id WHERE s.id = ?",
    "group": """
        SELECT gm.user_id FROM services s JOIN group_members gm ON gm.group_id = s.group_id WHERE s.id = ?
        UNION SELECT u.id FROM users u WHERE u.admin
    """,
    "server": "SELECT u.id FROM services s JOIN users u ON u.admin WHERE s.id = ?",
}

ASK = """
    INSERT INTO confirmations (service_id, address, digest, asked, confirmed) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (service_id, address) DO UPDATE SET
        digest = excluded.digest, asked = excluded.asked, confirmed = excluded.confirmed
"""
CONFIRMATIONS = "SELECT c.service_id, c.address, c.digest, c.asked, c.confirmed FROM confirmations c"


def service_of(row: Row) -> Service:
    return Service(
        id=row[0],
        name=row[1],
        kind=row[2],
        scope=row[3],
        user_id=row[4],
        group_id=row[5],
        enabled=bool(row[6]),
        rules=msgspec.json.decode(row[7], type=Rules),
        options=row[8],
        created=row[9],
        health=msgspec.json.decode(row[10], type=Health),
        counters=msgspec.json.decode(row[11], type=Counters),
    )


def text_of(record: Rules | Health | Counters) -> str:
    return msgspec.json.encode(record).decode()


async def add(tx: Session, service: NewService) -> Service:
    if not await tx.row("SELECT 1 FROM users WHERE id = ?", service.user_id):
        raise NotFound(because("no_user"))
    if service.scope == "group" and not await tx.row("SELECT 1 FROM groups WHERE id = ?", service.group_id):
        raise NotFound(because("no_group"))
    (row,) = await tx.rows(
        INSERT,
        service.name,
        service.kind,
        service.scope,
        service.user_id,
        service.group_id,
        service.enabled,
        text_of(service.rules),
        service.options,
        service.created,
        text_of(Health()),
        text_of(Counters()),
    )
    await notices.tell(tx, await audience(tx, row[0]), "services")
    return Service(
        id=row[0],
        name=service.name,
        kind=service.kind,
        scope=service.scope,
        user_id=service.user_id,
        group_id=service.group_id,
        enabled=service.enabled,
        rules=service.rules,
        options=service.options,
        created=service.created,
    )


async def by_id(tx: Session, service_id: int) -> Service | None:
    row = await tx.row(f"{SELECT} WHERE s.id = ?", service_id)
    return service_of(row) if row else None


async def every(tx: Session) -> list[Service]:
    return [service_of(row) for row in await tx.rows(f"{SELECT} ORDER BY s.id")]


async def of_user(tx: Session, user_id: int) -> list[Service]:
    return [service_of(row) for row in await tx.rows(OF_USER, user_id, user_id)]


async def update(tx: Session, service_id: int, change: ServiceChange) -> Service | None:
    before = await by_id(tx, service_id)
    if before is None:
        return None
    after = replace(
        before,
        name=before.name if change.name is None else change.name,
        enabled=before.enabled if change.enabled is None else change.enabled,
        rules=before.rules if change.rules is None else change.rules,
        options=before.options if change.options is None else change.options,
        health=before.health if change.health is None else change.health,
    )
    if after != before:
        await save(tx, after)
        await notices.tell(tx, await audience(tx, service_id), "services")
    return after


async def save(tx: Session, service: Service) -> None:
    await tx.run(
        UPDATE,
        service.name,
        service.enabled,
        text_of(service.rules),
        service.options,
        text_of(service.health),
        text_of(service.counters),
        service.id,
    )


async def delete(tx: Session, service_id: int) -> bool:
    """Its deliveries belong to no service then; `outbox.forget` removes them in slices, however many there are."""
    if await by_id(tx, service_id) is None:
        return False
    told = set(await audience(tx, service_id))
    await _remove(tx, service_id)
    for other in await every(tx):
        if other.rules.fallback == service_id:
            await save(tx, replace(other, rules=replace(other.rules, fallback=None)))
            told.update(await audience(tx, other.id))
    await notices.tell(tx, told, "services")
    return True


async def _remove(tx: Session, service_id: int) -> None:
    await tx.run("DELETE FROM services WHERE id = ?", service_id)
    await tx.run("DELETE FROM delivery_statistics WHERE service_id = ?", service_id)
    await tx.run("DELETE FROM confirmations WHERE service_id = ?", service_id)


async def delete_those_of(tx: Session, *, user_id: int | None = None, group_id: int | None = None) -> None:
    """Of a user, or of a group, that is still there."""
    rows = await tx.rows(
        "SELECT id FROM services WHERE (scope = 'user' AND user_id = ?) OR (scope = 'group' AND group_id = ?)",
        user_id,
        group_id,
    )
    for (service_id,) in rows:
        await delete(tx, service_id)


async def group_has_any(tx: Session, group_id: int) -> bool:
    return await tx.row("SELECT 1 FROM services WHERE scope = 'group' AND group_id = ?", group_id) is not None


async def audience(tx: Session, service_id: int) -> list[int]:
    row = await tx.row("SELECT scope FROM services WHERE id = ?", service_id)
    if row is None:
        return []
    return sorted(user_id for (user_id,) in await tx.rows(AUDIENCES[cast(Scope, row[0])], service_id))


async def tell(tx: Session, user_ids: Sequence[int], lists: Sequence[str]) -> None:
    await notices.tell(tx, user_ids, *cast(Sequence[ListName], lists))


async def routes(tx: Session, application_id: int, receivers: Iterable[int]) -> tuple[Route, ...]:
    """The enabled services that take messages of the application, which reaches these users."""
    rows = await tx.rows(ROUTES)
    if not rows:
        return ()
    shared = await tx.rows("SELECT group_id FROM group_applications WHERE application_id = ?", application_id)
    groups, users = {group_id for (group_id,) in shared}, set(receivers)
    found = []
    for service_id, scope, user_id, group_id, text in rows:
        rules = msgspec.json.decode(text, type=Rules)
        concerned = {"user": user_id in users, "group": group_id in groups, "server": True}[scope]
        taken = rules.applications is None or application_id in rules.applications
        if concerned and taken and application_id not in rules.without:
            found.append(Route(service_id, rules.min_level))
    return tuple(found)


def confirmation_of(row: Row) -> Confirmation:
    return Confirmation(service_id=row[0], address=row[1], digest=row[2], asked=row[3], confirmed=row[4])


async def confirmations(tx: Session, service_id: int) -> list[Confirmation]:
    rows = await tx.rows(f"{CONFIRMATIONS} WHERE c.service_id = ? ORDER BY c.address", service_id)
    return [confirmation_of(row) for row in rows]


async def ask_confirmation(tx: Session, confirmation: Confirmation) -> None:
    """Raises `NotFound` for the service."""
    if await by_id(tx, confirmation.service_id) is None:
        raise NotFound(because("no_service"))
    await tx.run(
        ASK,
        confirmation.service_id,
        confirmation.address,
        confirmation.digest,
        confirmation.asked,
        confirmation.confirmed,
    )


async def confirm(tx: Session, digest: bytes, *, now: int) -> Confirmation | None:
    await tx.run("UPDATE confirmations SET confirmed = ? WHERE digest = ? AND confirmed IS NULL", now, digest)
    row = await tx.row(f"{CONFIRMATIONS} WHERE c.digest = ?", digest)
    return confirmation_of(row) if row else None
