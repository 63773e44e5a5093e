"""Users, applications, devices and messages of another server, as rows of ours.

Each function takes a number of them, in one transaction, and does nothing for what has come before: an import that was
cut short goes on when it is started again. Ids stay as they are where the origin keeps them and nothing here has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from carillon.core.errors import NotFound
from carillon.core.foreign import (
    NO_USER,
    Adopted,
    ForeignApplication,
    ForeignDevice,
    ForeignKind,
    ForeignToken,
    ForeignUser,
    Mark,
    Settled,
)
from carillon.core.models import Entry, Message, TokenKind, User
from carillon.storage import applications as senders
from carillon.storage import images, origins, subscriptions, tokens
from carillon.storage import users as people
from carillon.storage.counters import draw
from carillon.storage.entries import ENTRIES
from carillon.storage.entries import row_of as entry_row
from carillon.storage.filling import fill_late
from carillon.storage.messages import LEAN, MESSAGES
from carillon.storage.messages import row_of as message_row
from carillon.storage.origins import TABLES, Origin
from carillon.storage.session import Session, Value

Homes = Mapping[int, tuple[int, Sequence[tuple[int, int]]]]

# Where the messages of application ? go: its owners, and up to where each has cleared it.
OWNERS = """
    SELECT a.foreign_id, a.own_id, s.user_id, s.cleared_to FROM adopted a
    JOIN applications p ON p.id = a.own_id AND p.deleted IS NULL
    JOIN subscriptions s ON s.application_id = p.id AND s.role = 'owner'
    WHERE a.foreign_id = ? AND a.origin_id = ? AND a.kind = 'application' ORDER BY s.user_id
"""

BARE = "SELECT 1 FROM applications WHERE id = ? AND image IS NULL"


async def adopt_users(tx: Session, origin_id: int, users: Sequence[ForeignUser], *, now: int) -> list[Adopted]:
    """One of a name that is taken is that user, of whom nothing changes.

    But for the first admin who has done nothing yet: he becomes the foreign one, with his id, and with the foreign
    password while his own is the published one.
    """
    origin = await origins.by_id(tx, origin_id)
    return [await _adopt_user(tx, origin, user, now=now) for user in users]


async def _adopt_user(tx: Session, origin: Origin, user: ForeignUser, *, now: int) -> Adopted:
    mark = Mark("user", user.id, user.name)
    keeps = origin.keeps("user", user.id)
    found = await origins.foresee(tx, origin, mark, keeps=keeps)
    if found.fate not in ("new", "joined"):
        return found
    own_id = found.own_id
    if own_id is None:
        own_id = await _insert_user(tx, origin, user, created=user.created or now)
    elif keeps and await origins.is_idle(tx, own_id):
        own_id = await _merge_user(tx, origin, user, here=await people.by_id(tx, own_id))
    await origins.note(tx, origin, mark, own_id=own_id)
    return replace(found, own_id=own_id)


async def _merge_user(tx: Session, origin: Origin, user: ForeignUser, *, here: User | None) -> int:
    if here is None:
        raise NotFound("there is no such user")
    await tx.run("DELETE FROM users WHERE id = ?", here.id)
    theirs = here.initial_password and bool(user.password_hash)
    merged = replace(
        user,
        admin=user.admin or here.admin,
        password_hash=user.password_hash if theirs else here.password_hash,
        published_password=user.published_password if theirs else here.initial_password,
    )
    return await _insert_user(tx, origin, merged, created=user.created or here.created)


async def _insert_user(tx: Session, origin: Origin, user: ForeignUser, *, created: int) -> int:
    values: dict[str, Value] = {
        "name": user.name,
        "password_hash": user.password_hash,
        "admin": user.admin,
        "initial_password": user.published_password,
        "created": created,
    }
    return await _insert(tx, origin, "user", foreign_id=user.id, values=values)


async def adopt_applications(
    tx: Session, origin_id: int, applications: Sequence[ForeignApplication], *, now: int
) -> list[Adopted]:
    """One whose token is known here already is that application, of which nothing changes.

    But for one that came before and has no picture: it gets the one that has been found since.
    """
    origin = await origins.by_id(tx, origin_id)
    return [await _adopt_application(tx, origin, application, now=now) for application in applications]


async def _adopt_application(tx: Session, origin: Origin, application: ForeignApplication, *, now: int) -> Adopted:
    mark = Mark("application", application.id, application.token.digest.hex())
    found, owner = await _foreseen(tx, origin, mark, user_id=application.user_id)
    created = application.created or now
    own_id = found.own_id
    if found.fate == "new" and owner is not None:
        values: dict[str, Value] = {
            "name": application.name,
            "description": application.description,
            "default_priority": application.default_priority,
            "created": created,
            "content_type": application.content_type,
            "image": application.image.name if application.image else None,
        }
        own_id = await _insert(tx, origin, "application", foreign_id=application.id, values=values)
        if application.image:
            await images.add(tx, application.image)
        await subscriptions.insert(
            tx, owner, own_id, role="owner", sort_key=await _free_key(tx, owner, application.sort_key)
        )
    elif found.fate == "known" and own_id is not None and application.image and await tx.row(BARE, own_id):
        await senders.set_image(tx, own_id, application.image)
    if own_id is not None and found.fate in ("new", "joined", "known"):
        await _keep_token(
            tx, "application", own_id, token=application.token, created=created, used=application.last_used
        )
        await origins.note(tx, origin, mark, own_id=own_id)
    return replace(found, own_id=own_id)


async def adopt_devices(tx: Session, origin_id: int, devices: Sequence[ForeignDevice], *, now: int) -> list[Adopted]:
    """As for applications."""
    origin = await origins.by_id(tx, origin_id)
    return [await _adopt_device(tx, origin, device, now=now) for device in devices]


async def _adopt_device(tx: Session, origin: Origin, device: ForeignDevice, *, now: int) -> Adopted:
    mark = Mark("device", device.id, device.token.digest.hex())
    found, owner = await _foreseen(tx, origin, mark, user_id=device.user_id)
    created = device.created or now
    own_id = found.own_id
    if found.fate == "new" and owner is not None:
        values: dict[str, Value] = {
            "user_id": owner,
            "name": device.name,
            "created": created,
            "expires_after": device.expires_after,
            "elevated_until": device.elevated_until,
        }
        own_id = await _insert(tx, origin, "device", foreign_id=device.id, values=values)
    if own_id is not None and found.fate in ("new", "joined", "known"):
        await _keep_token(tx, "device", own_id, token=device.token, created=created, used=device.last_used)
        await origins.note(tx, origin, mark, own_id=own_id)
    return replace(found, own_id=own_id)


async def _foreseen(tx: Session, origin: Origin, mark: Mark, *, user_id: int) -> tuple[Adopted, int | None]:
    """What becomes of an application or device, and whose it is here."""
    found = await origins.foresee(tx, origin, mark, keeps=origin.keeps(mark.kind, mark.id))
    if found.fate != "new":
        return found, None
    owner = await origins.mapped(tx, origin, kind="user", foreign_id=user_id)
    if owner is None or await people.by_id(tx, owner) is None:
        return replace(found, fate="refused", why=NO_USER), None
    return found, owner


async def _keep_token(
    tx: Session, kind: TokenKind, own_id: int, *, token: ForeignToken, created: int, used: int | None
) -> None:
    """Unless it came before: then it is here, or was revoked."""
    sign = token.digest.hex()
    before = await tx.row("SELECT 1 FROM adopted WHERE sign = ? AND kind = ? AND own_id = ?", sign, kind, own_id)
    if before or await tokens.by_digest(tx, token.digest):
        return
    stored = await tokens.insert(tx, kind, own_id, digest=token.digest, sealed=token.sealed, now=created)
    if used is not None:
        await tokens.touch(tx, stored.id, used)


async def _free_key(tx: Session, user_id: int, wanted: str | None) -> str | None:
    """None: one after the last."""
    taken = "SELECT 1 FROM subscriptions WHERE user_id = ? AND sort_key = ?"
    if wanted is None or wanted.startswith(subscriptions.LEFT_KEY) or await tx.row(taken, user_id, wanted):
        return None
    return wanted


async def _insert(
    tx: Session, origin: Origin, kind: ForeignKind, *, foreign_id: int, values: Mapping[str, Value]
) -> int:
    """The id of the new row: the foreign one if it is to be kept and is free."""
    table = TABLES[kind]
    columns = dict(values)
    if origin.keeps(kind, foreign_id) and not await tx.row(f"SELECT 1 FROM {table} WHERE id = ?", foreign_id):
        columns["id"] = foreign_id
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    (row,) = await tx.rows(f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id", *columns.values())
    own_id: int = row[0]
    return own_id


async def adopt_messages(tx: Session, origin_id: int, messages: Sequence[Message], *, now: int) -> Settled:
    """By rising id; ids and applications are the foreign ones. They arrive as read, and nobody is told.

    Those that came over before are recognised by their ids, which no two messages of one server share.
    """
    origin = await origins.by_id(tx, origin_id)
    fresh = [message for message in messages if message.id > origin.reached]
    homes = await _homes(tx, origin, fresh)
    housed = [message for message in fresh if message.application_id in homes]
    drawn = [message for message in housed if message.id > origin.kept.message]
    number, changed = await draw(tx, messages=len(drawn), changes=sum(len(homes[m.application_id][1]) for m in housed))
    rows: dict[bool, list[tuple[Value, ...]]] = {True: [], False: []}
    entries: list[tuple[Value, ...]] = []
    ids: list[int] = []
    for message in housed:
        own_id = message.id
        if own_id > origin.kept.message:
            own_id, number = number, number + 1
        application_id, owners = homes[message.application_id]
        receivers = [user_id for user_id, cleared_to in owners if own_id > cleared_to]
        if receivers:
            ids.append(own_id)
            row = message_row(replace(message, application_id=application_id), number=own_id, receivers=len(receivers))
            rows[len(row) == len(LEAN.columns)].append(row)
        for user_id in receivers:
            entry = Entry(user_id=user_id, message_id=own_id, application_id=application_id, changed=changed, read=now)
            entries.append(entry_row(entry))
            changed += 1
    for table, filled in ((LEAN, rows[True]), (MESSAGES, rows[False]), (ENTRIES, entries)):
        if filled:
            await tx.insert(table, filled)
    await fill_late(tx, ids)
    if fresh:
        await tx.run("UPDATE origins SET reached = ? WHERE id = ?", fresh[-1].id, origin.id)
    stored = len(rows[True]) + len(rows[False])
    return Settled(
        stored=stored,
        known=len(messages) - len(fresh),
        homeless=len(fresh) - len(housed),
        cleared=len(housed) - stored,
    )


async def _homes(tx: Session, origin: Origin, messages: Sequence[Message]) -> Homes:
    """By foreign application: its id here, and its owners with the id up to which each has cleared it."""
    homes: dict[int, tuple[int, list[tuple[int, int]]]] = {}
    foreign = sorted({message.application_id for message in messages})
    for foreign_id, own_id, user_id, cleared_to in await tx.each(OWNERS, foreign, origin.id):
        homes.setdefault(foreign_id, (own_id, []))[1].append((user_id, cleared_to))
    return homes
