"""Services and deliveries to test the store with."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from carillon.core.models import Application, Message, User
from carillon.core.outbox import NewService
from carillon.core.outgoing import Attempt, Claimed, Delivery, Rules, Service, Settlement
from carillon.core.ports import Store
from tests.builders import HOUR, NOON
from tests.contracts.stores import publication

LEASE = NOON + HOUR


def new_service(user: User, **fields: Any) -> NewService:
    new = NewService(
        name="Chat",
        kind="matrix",
        scope="user",
        user_id=user.id,
        group_id=None,
        enabled=True,
        rules=Rules(),
        options=b"sealed",
        created=NOON,
    )
    return structs.replace(new, **fields)


async def add_service(store: Store, user: User, **fields: Any) -> Service:
    return await store.add_service(new_service(user, **fields))


async def send_to(
    store: Store, application: Application, receiver: User, *services: Service, via: str = "", **fields: Any
) -> Message:
    new = publication(application, receiver, **fields)
    return await store.publish(structs.replace(new, services=tuple(each.id for each in services), via=via))


async def claim(
    store: Store, service: Service, *, now: int = NOON, lease: int = LEASE, limit: int = 10
) -> list[Claimed]:
    return await store.claim(service.id, now=now, lease=lease, limit=limit)


async def settle(store: Store, service: Service, *settlements: Settlement, **more: Any) -> list[int]:
    return await store.settle(service.id, settlements, **{"health": None, "quota_left": None, **more})


def ended(
    claimed: Claimed, state: str = "sent", *, at: int = NOON, handed: int | None = None, **fields: Any
) -> Settlement:
    """With an attempt."""
    settled = None if state in ("retry", "held", "due") else at
    delivery: Delivery = structs.replace(claimed.delivery, state=state, settled=settled, **fields)
    attempt = Attempt(
        delivery_id=delivery.id,
        number=0,
        started=at,
        took=5,
        outcome="sent" if state == "sent" else "retry",
        code=delivery.code,
        text=delivery.text,
        status=delivery.status,
    )
    return Settlement(delivery, attempt, handed)
