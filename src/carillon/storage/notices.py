"""Tells users that lists of theirs are not as they were: under numbers of their own, and nowhere stored."""

from __future__ import annotations

from collections.abc import Iterable

from carillon.core.models import ListName, Lists
from carillon.storage.counters import draw
from carillon.storage.session import Session


async def tell(tx: Session, user_ids: Iterable[int], *lists: ListName) -> None:
    """To be called when nothing can be refused any more: drawing numbers is a change."""
    told = sorted(set(user_ids))
    if told:
        _, changed = await draw(tx, changes=len(told))
        tx.tell([Lists(user_id=user_id, changed=number, lists=lists) for number, user_id in enumerate(told, changed)])


async def tell_all(tx: Session, *lists: ListName) -> None:
    await tell(tx, [user_id for (user_id,) in await tx.rows("SELECT id FROM users")], *lists)


async def tell_tied(tx: Session, application_id: int) -> None:
    """Who has an application in his list."""
    rows = await tx.rows("SELECT user_id FROM subscriptions WHERE application_id = ?", application_id)
    await tell(tx, [user_id for (user_id,) in rows], "applications")
