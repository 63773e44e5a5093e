"""Senders, and who is tied to them."""

from __future__ import annotations

from carillon.core.errors import Conflict, NotFound
from carillon.core.models import Application, Subscription
from carillon.core.ports import NewApplication, Sender
from carillon.storage import sort_keys, tokens, users
from carillon.storage.session import Row, Session

LAST_USED = "(SELECT max(t.last_used) FROM tokens t WHERE t.application_id = a.id)"
COLUMNS = f"a.id, a.name, a.description, a.default_priority, a.created, {LAST_USED}"
WIDTH = 6

SUBSCRIPTIONS = f"""
    SELECT {COLUMNS}, s.user_id, s.role, s.sort_key, s.cleared_to, s.changed
    FROM subscriptions s JOIN applications a ON a.id = s.application_id WHERE s.user_id = ?
"""


def application_of(row: Row) -> Application:
    return Application(
        id=row[0], name=row[1], description=row[2], default_priority=row[3], created=row[4], last_used=row[5]
    )


def subscription_of(row: Row) -> Subscription:
    user_id, role, sort_key, cleared_to, changed = row[WIDTH:]
    return Subscription(
        user_id=user_id,
        application=application_of(row),
        role=role,
        sort_key=sort_key,
        cleared_to=cleared_to,
        changed=changed,
    )


async def add(tx: Session, application: NewApplication) -> Subscription:
    """With its owner's subscription and a token. Raises `NotFound` for the owner, `Conflict` for sort key or token."""
    owner = application.owner_id
    if await users.by_id(tx, owner) is None:
        raise NotFound("no such user")
    await tokens.refuse_known(tx, application.token_digest)
    sort_key = await _sort_key(tx, owner, application.sort_key)
    (row,) = await tx.rows(
        "INSERT INTO applications (name, description, default_priority, created) VALUES (?, ?, ?, ?) RETURNING id",
        application.name,
        application.description,
        application.default_priority,
        application.created,
    )
    application_id: int = row[0]
    await tx.run(
        "INSERT INTO subscriptions (user_id, application_id, role, sort_key) VALUES (?, ?, ?, ?)",
        owner,
        application_id,
        "owner",
        sort_key,
    )
    await tokens.insert(tx, "application", application_id, digest=application.token_digest, now=application.created)
    stored = Application(
        id=application_id,
        name=application.name,
        description=application.description,
        default_priority=application.default_priority,
        created=application.created,
    )
    return Subscription(user_id=owner, application=stored, role="owner", sort_key=sort_key, cleared_to=0, changed=0)


async def _sort_key(tx: Session, user_id: int, wanted: str | None) -> str:
    if wanted is None:
        row = await tx.row(
            "SELECT sort_key FROM subscriptions WHERE user_id = ? ORDER BY sort_key DESC LIMIT 1", user_id
        )
        return sort_keys.after(row[0] if row else None)
    if await tx.row("SELECT 1 FROM subscriptions WHERE user_id = ? AND sort_key = ?", user_id, wanted):
        raise Conflict("sort key is not unique")
    return wanted


async def sender(tx: Session, application_id: int) -> Sender | None:
    """With its owners and members; who has only once received from it is not reached again."""
    row = await tx.row(f"SELECT {COLUMNS} FROM applications a WHERE a.id = ?", application_id)
    if row is None:
        return None
    receivers = await tx.rows(
        "SELECT user_id FROM subscriptions WHERE application_id = ? AND role IN ('owner', 'member') ORDER BY user_id",
        application_id,
    )
    return Sender(application_of(row), tuple(user_id for (user_id,) in receivers))


async def subscription(tx: Session, user_id: int, application_id: int) -> Subscription | None:
    row = await tx.row(f"{SUBSCRIPTIONS} AND s.application_id = ?", user_id, application_id)
    return subscription_of(row) if row else None


async def subscriptions(tx: Session, user_id: int) -> list[Subscription]:
    rows = await tx.rows(f"{SUBSCRIPTIONS} ORDER BY s.sort_key, a.id", user_id)
    return [subscription_of(row) for row in rows]
