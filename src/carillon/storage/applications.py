"""Senders."""

from __future__ import annotations

from carillon.core.errors import NotFound
from carillon.core.models import Application, Image, Subscription
from carillon.core.ports import ApplicationChange, NewApplication, Sender
from carillon.core.reasons import because
from carillon.storage import images, notices, services, subscriptions, tokens, users
from carillon.storage.session import Session
from carillon.storage.subscriptions import APPLICATION, application_of


async def add(tx: Session, application: NewApplication) -> Subscription:
    """With its owner's subscription and a token. Raises `NotFound` for the owner, `Conflict` for sort key or token."""
    owner = application.owner_id
    if await users.by_id(tx, owner) is None:
        raise NotFound(because("no_user"))
    await tokens.refuse_known(tx, application.token_digest)
    await subscriptions.free_key(tx, owner, application.sort_key)
    (row,) = await tx.rows(
        "INSERT INTO applications (name, description, default_priority, created, content_type, type, url)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        application.name,
        application.description,
        application.default_priority,
        application.created,
        application.content_type,
        application.type,
        application.url,
    )
    application_id: int = row[0]
    sort_key = await subscriptions.insert(tx, owner, application_id, role="owner", sort_key=application.sort_key)
    await tokens.insert(
        tx,
        "application",
        application_id,
        digest=application.token_digest,
        sealed=application.token_sealed,
        now=application.created,
        name=application.token_name,
    )
    await notices.tell(tx, [owner], "applications")
    stored = Application(
        id=application_id,
        name=application.name,
        description=application.description,
        default_priority=application.default_priority,
        created=application.created,
        content_type=application.content_type,
        type=application.type,
        url=application.url,
    )
    return Subscription(user_id=owner, application=stored, role="owner", sort_key=sort_key, cleared_to=0, changed=0)


async def sender(tx: Session, application_id: int) -> Sender | None:
    row = await tx.row(f"SELECT {APPLICATION} FROM applications a WHERE a.id = ? AND a.deleted IS NULL", application_id)
    if row is None:
        return None
    owner = await tx.row(
        "SELECT min(s.user_id) FROM subscriptions s WHERE s.application_id = ? AND s.role = 'owner' AND s.left_at = 0",
        application_id,
    )
    receivers = await subscriptions.receivers(tx, application_id)
    routes = await services.routes(tx, application_id, receivers)
    return Sender(application_of(row), receivers, owner[0] if owner else None, routes)


async def update(tx: Session, user_id: int, application_id: int, *, change: ApplicationChange) -> Subscription | None:
    before = await subscriptions.one(tx, user_id, application_id)
    if before is None:
        return None
    if change.sort_key not in (None, before.sort_key):
        await subscriptions.free_key(tx, user_id, change.sort_key)
    await tx.run(
        "UPDATE subscriptions SET sort_key = coalesce(?, sort_key), muted_until = coalesce(?, muted_until),"
        " min_level = coalesce(?, min_level) WHERE user_id = ? AND application_id = ?",
        change.sort_key,
        change.muted_until,
        change.min_level,
        user_id,
        application_id,
    )
    await tx.run(
        "UPDATE applications SET name = coalesce(?, name), description = coalesce(?, description),"
        " type = coalesce(?, type), url = coalesce(?, url), default_priority = coalesce(?, default_priority),"
        " content_type = coalesce(?, content_type) WHERE id = ?",
        change.name,
        change.description,
        change.type,
        change.url,
        change.default_priority,
        change.content_type,
        application_id,
    )
    after = await subscriptions.one(tx, user_id, application_id)
    if after is not None and after.application != before.application:
        await notices.tell_tied(tx, application_id)
    elif after != before:
        await notices.tell(tx, [user_id], "applications")
    return after


async def delete(tx: Session, application_id: int, *, now: int) -> bool:
    """The row stays, without a way in, until nobody's inbox holds its messages."""
    if not await tx.run("UPDATE applications SET deleted = ? WHERE id = ? AND deleted IS NULL", now, application_id):
        return False
    await notices.tell_tied(tx, application_id)
    await tx.run("DELETE FROM tokens WHERE application_id = ?", application_id)
    await tx.run("DELETE FROM group_applications WHERE application_id = ?", application_id)
    ties = await tx.rows(
        "SELECT user_id, role FROM subscriptions WHERE application_id = ? AND left_at = 0", application_id
    )
    for user_id, role in ties:
        if role == "owner":
            await subscriptions.clear(tx, user_id, [application_id], now=now)
        await subscriptions.untie(tx, user_id, application_id, now=now)
    return True


async def remove_forsaken(tx: Session) -> None:
    """Takes away deleted applications that nobody has a tie to any more."""
    rows = await tx.rows(
        "SELECT a.id, a.image FROM applications a WHERE a.deleted IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM subscriptions s WHERE s.application_id = a.id)"
    )
    for application_id, image in rows:
        await images.delete(tx, image)
        await tx.run("DELETE FROM applications WHERE id = ?", application_id)


async def set_image(tx: Session, application_id: int, image: Image | None) -> bool:
    row = await tx.row("SELECT image FROM applications WHERE id = ? AND deleted IS NULL", application_id)
    if row is None:
        return False
    await images.delete(tx, row[0])
    if image is not None:
        await images.add(tx, image)
    await tx.run("UPDATE applications SET image = ? WHERE id = ?", image.name if image else None, application_id)
    await notices.tell_tied(tx, application_id)
    return True
