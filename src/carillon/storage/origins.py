"""Other servers that move in: which of their ids became which of ours, and how far their messages have come."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from carillon.core.foreign import Adopted, Arrivals, ForeignKind, Mark, Prospect, Tops
from carillon.core.ports import NewUser
from carillon.storage import tokens, users
from carillon.storage.session import Session

COLUMNS = "o.id, o.reached, o.told, o.kept_users, o.kept_applications, o.kept_devices, o.kept_messages"
BY_SIGN = f"""
    SELECT {COLUMNS} FROM adopted a JOIN origins o ON o.id = a.origin_id
    WHERE a.sign = ? AND a.kind = ? AND a.foreign_id = ?
"""
MAPPED = "SELECT own_id, sign FROM adopted WHERE origin_id = ? AND kind = ? AND foreign_id = ?"

# Nothing has happened but the first start.
TOUCHED = (
    "SELECT 1 FROM users LIMIT 1 OFFSET 1",
    "SELECT 1 FROM applications LIMIT 1",
    "SELECT 1 FROM devices LIMIT 1",
    "SELECT 1 FROM groups LIMIT 1",
    "SELECT 1 FROM services LIMIT 1",
    "SELECT 1 FROM origins LIMIT 1",
    "SELECT 1 FROM counters WHERE message > 0",
)
TIES = (
    "SELECT 1 FROM devices WHERE user_id = ? LIMIT 1",
    "SELECT 1 FROM subscriptions WHERE user_id = ? LIMIT 1",
    "SELECT 1 FROM group_members WHERE user_id = ? LIMIT 1",
    "SELECT 1 FROM services WHERE user_id = ? LIMIT 1",
    "SELECT 1 FROM adopted WHERE own_id = ? AND kind = 'user' LIMIT 1",
)
TABLES: dict[ForeignKind, str] = {"user": "users", "application": "applications", "device": "devices"}
ALIVE: dict[ForeignKind, str] = {
    "user": "SELECT 1 FROM users WHERE id = ?",
    "application": "SELECT 1 FROM applications WHERE id = ? AND deleted IS NULL",
    "device": "SELECT 1 FROM devices WHERE id = ?",
}

RAISE_MESSAGES = "UPDATE counters SET message = ? WHERE message < ?"

# Whose devices follow the changes and were not told of these: their numbers count as forgotten, so they start anew.
RECEIVERS = """
    SELECT DISTINCT s.user_id FROM adopted a
    JOIN subscriptions s ON s.application_id = a.own_id AND s.role = 'owner'
    WHERE a.origin_id = ? AND a.kind = 'application' ORDER BY s.user_id
"""
START_ANEW = "UPDATE users SET forgotten = (SELECT changed FROM counters) WHERE id = ?"


class Origin(Struct, frozen=True):
    """`kept`: up to which ids things are the same here as there."""

    id: int
    reached: int
    told: int
    kept: Tops

    @property
    def keeps_ids(self) -> bool:
        return self.kept.user > 0

    def keeps(self, kind: ForeignKind, foreign_id: int) -> bool:
        return foreign_id <= {"user": self.kept.user, "application": self.kept.application}.get(kind, self.kept.device)


def _origin_of(row: Sequence[int]) -> Origin:
    number, reached, told, *kept = row
    return Origin(number, reached, told, Tops(user=kept[0], application=kept[1], device=kept[2], message=kept[3]))


async def by_id(tx: Session, origin_id: int) -> Origin:
    rows = await tx.rows(f"SELECT {COLUMNS} FROM origins o WHERE o.id = ?", origin_id)
    return _origin_of(rows[0])


async def prospect(tx: Session, arrivals: Arrivals) -> Prospect:
    """Changes nothing."""
    origin = await _recognise(tx, arrivals.marks)
    keeps = origin.keeps_ids if origin else not await _touched(tx)
    fates = [await foresee(tx, origin, mark, keeps=keeps) for mark in arrivals.marks]
    return Prospect(fates, keeps, origin.id if origin else None, origin.reached if origin else 0)


async def begin(tx: Session, arrivals: Arrivals) -> Prospect:
    """Writes down that they come, and sets their ids aside: nothing else will get one of them."""
    origin = await _recognise(tx, arrivals.marks)
    if origin is None:
        origin = await _new(tx, arrivals.tops)
    elif origin.keeps_ids:
        # New ids of theirs are free here only if none was drawn since.
        await tx.run(
            "UPDATE origins SET kept_messages = ? WHERE id = ? AND EXISTS"
            " (SELECT 1 FROM counters c WHERE c.message <= kept_messages)",
            max(arrivals.tops.message, origin.kept.message),
            origin.id,
        )
        await tx.run(RAISE_MESSAGES, arrivals.tops.message, arrivals.tops.message)
    fates = [await foresee(tx, origin, mark, keeps=origin.keeps_ids) for mark in arrivals.marks]
    return Prospect(fates, origin.keeps_ids, origin.id, origin.reached)


async def end(tx: Session, origin_id: int, tops: Tops, *, final: bool) -> list[int]:
    """Clients of theirs that ask for messages above the last they saw must find the next one there.

    Returns the users whose devices have to look anew, if any message has come since the last `final` end.
    """
    await tx.run(RAISE_MESSAGES, tops.message, tops.message)
    origin = await by_id(tx, origin_id)
    receivers = [row[0] for row in await tx.rows(RECEIVERS, origin_id)] if origin.told < origin.reached else []
    await tx.run_each(START_ANEW, [(user_id,) for user_id in receivers])
    if final:
        await tx.run("UPDATE origins SET told = reached WHERE id = ?", origin_id)
    return receivers


async def mapped(tx: Session, origin: Origin, *, kind: ForeignKind, foreign_id: int) -> int | None:
    row = await tx.row(MAPPED, origin.id, kind, foreign_id)
    return row[0] if row else None


async def note(tx: Session, origin: Origin, mark: Mark, *, own_id: int) -> None:
    await tx.run(
        "INSERT INTO adopted (origin_id, kind, foreign_id, own_id, sign) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (origin_id, kind, foreign_id) DO UPDATE SET own_id = excluded.own_id, sign = excluded.sign",
        origin.id,
        mark.kind,
        mark.id,
        own_id,
        mark.sign,
    )


async def foresee(tx: Session, origin: Origin | None, mark: Mark, *, keeps: bool) -> Adopted:
    """`keeps`: it has the same id here as there, if that is free."""
    own_id = await mapped(tx, origin, kind=mark.kind, foreign_id=mark.id) if origin else None
    if own_id is not None:
        alive = await tx.row(ALIVE[mark.kind], own_id)
        return Adopted(mark.kind, mark.id, "known" if alive else "gone", own_id)
    if mark.kind == "user":
        user = await users.by_name(tx, mark.sign)
        if user is None:
            return Adopted("user", mark.id, "new")
        unused = keeps and user.initial_password and await is_idle(tx, user.id)
        return Adopted("user", mark.id, "new" if unused else "joined", user.id)
    token = await tokens.by_digest(tx, bytes.fromhex(mark.sign))
    if token is None:
        return Adopted(mark.kind, mark.id, "new")
    if token.kind == mark.kind:
        return Adopted(mark.kind, mark.id, "joined", token.subject_id)
    return Adopted(mark.kind, mark.id, "refused", why=f"its token is in use here, of another kind ({token.kind})")


async def is_idle(tx: Session, user_id: int) -> bool:
    """Nothing hangs on him, so he may get another id."""
    for query in TIES:
        if await tx.row(query, user_id):
            return False
    return True


async def _recognise(tx: Session, marks: Sequence[Mark]) -> Origin | None:
    """The one from which something with the same token under the same id has come before."""
    for mark in marks:
        row = await tx.row(BY_SIGN, mark.sign, mark.kind, mark.id) if mark.kind != "user" else None
        if row:
            return _origin_of(row)
    return None


async def _touched(tx: Session) -> bool:
    for query in TOUCHED:
        if await tx.row(query):
            return True
    return False


async def _new(tx: Session, tops: Tops) -> Origin:
    ((number,),) = await tx.rows("SELECT coalesce(max(id), 0) + 1 FROM origins")
    kept = Tops() if await _touched(tx) else tops
    if kept.user:
        await _make_way(tx, kept)
    await tx.run(
        "INSERT INTO origins (id, reached, told, kept_users, kept_applications, kept_devices, kept_messages)"
        " VALUES (?, 0, 0, ?, ?, ?, ?)",
        number,
        kept.user,
        kept.application,
        kept.device,
        kept.message,
    )
    return Origin(number, 0, 0, kept)


async def _make_way(tx: Session, kept: Tops) -> None:
    """The first admin, who has done nothing yet, takes an id above theirs."""
    await tx.run(RAISE_MESSAGES, kept.message, kept.message)
    for table, top in (("users", kept.user), ("applications", kept.application), ("devices", kept.device)):
        await tx.continue_ids(table, top)
    for user in await users.every(tx):
        await tx.run("DELETE FROM users WHERE id = ?", user.id)
        await users.add(
            tx,
            NewUser(
                name=user.name,
                password_hash=user.password_hash,
                admin=user.admin,
                initial_password=user.initial_password,
                created=user.created,
            ),
        )
