"""Messages as rows, and publishing: the way of every message into the inboxes."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Raw
from msgspec.structs import astuple, replace

from carillon.core.errors import Conflict
from carillon.core.models import Change, Entry, EntryChange, Message
from carillon.core.ports import Idempotency, Publication
from carillon.storage.deliveries import NEW_DELIVERIES
from carillon.storage.entries import NEW_ENTRIES, withdraw
from carillon.storage.session import Arrival, Row, Rows, Session, Table, Value

# The fields of Message in their order, then how many inboxes hold it.
MESSAGES = Table(
    "messages",
    (
        ("id", "bigint"),
        ("public_id", "text"),
        ("application_id", "bigint"),
        ("title", "text"),
        ("body", "text"),
        ("content_type", "text"),
        ("dialect", "text"),
        ("priority", "bigint"),
        ("level", "bigint"),
        ("created", "bigint"),
        ("sound", "text"),
        ("url", "text"),
        ("url_title", "text"),
        ("icon", "text"),
        ("tags", "text"),
        ("actions", "text"),
        ("extras", "text"),
        ("key", "text"),
        ("expires", "bigint"),
        ("encrypted", "boolean"),
        ("receivers", "bigint"),
    ),
    counted=(("id", "message"),),
)
COLUMNS = ", ".join(f"m.{name}" for name, _ in MESSAGES.columns[:-1])

# What most messages say nothing of, and the table without it.
DETAILS = slice(10, 19)
LEAN = Table("messages", MESSAGES.columns[:10] + MESSAGES.columns[19:], counted=MESSAGES.counted)
NOTHING = (None,) * 9

USED = """
    SELECT fingerprint, message_id, public_id, created FROM idempotency
    WHERE application_id = ? AND key = ? AND expires > ?
"""
USE = """
    INSERT INTO idempotency (application_id, key, fingerprint, message_id, public_id, created, expires)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (application_id, key) DO UPDATE SET
        fingerprint = excluded.fingerprint, message_id = excluded.message_id, public_id = excluded.public_id,
        created = excluded.created, expires = excluded.expires
"""


def message_of(row: Row) -> Message:
    return Message(
        id=row[0],
        public_id=row[1],
        application_id=row[2],
        title=row[3],
        body=row[4],
        content_type=row[5],
        dialect=row[6],
        priority=row[7],
        level=row[8],
        created=row[9],
        sound=row[10],
        url=row[11],
        url_title=row[12],
        icon=row[13],
        tags=_raw(row[14]),
        actions=_raw(row[15]),
        extras=_raw(row[16]),
        key=row[17],
        expires=row[18],
        encrypted=bool(row[19]),
    )


def row_of(message: Message, *, number: int, receivers: int) -> tuple[Value, ...]:
    """`number` is to be the message's id. Without DETAILS where it has none, for LEAN."""
    row: tuple[Value, ...] = astuple(message)
    if row[DETAILS] == NOTHING:
        return (number, *row[1:10], row[19], receivers)
    texts = _text(message.tags), _text(message.actions), _text(message.extras)
    return (number, *row[1:14], *texts, *row[17:], receivers)


def _raw(text: str | None) -> Raw | None:
    return None if text is None else Raw(text.encode())


def _text(raw: Raw | None) -> str | None:
    return None if raw is None else str(raw, "utf-8")


def is_plain(publication: Publication) -> bool:
    """Whether it goes in without looking at what is stored."""
    return publication.idempotency is None and publication.message.key is None


async def publish_plain(tx: Session, publications: Sequence[Publication]) -> list[Message]:
    """All of them with one drawing of numbers and one insertion a table. Returns the messages with their ids."""

    def rows(number: int, changed: int) -> Sequence[tuple[Table, Rows]]:
        lean: list[tuple[Value, ...]] = []
        detailed: list[tuple[Value, ...]] = []
        entries: list[tuple[Value, ...]] = []
        deliveries: list[tuple[Value, ...]] = []
        relayed = any(publication.via for publication in publications)  # else that column is left out
        for at, publication in enumerate(publications, number):
            message, receivers = publication.message, publication.receivers
            row = row_of(message, number=at, receivers=len(receivers))
            (lean if len(row) == len(LEAN.columns) else detailed).append(row)
            for user_id in receivers:
                entries.append((user_id, at, message.application_id, changed, 0))
                changed += 1
            if publication.services:
                made = message.application_id, message.level, message.created, publication.via if relayed else None
                deliveries += [(at, service_id, *made) for service_id in publication.services]
        return (LEAN, lean), (MESSAGES, detailed), (NEW_ENTRIES, entries), (NEW_DELIVERIES, deliveries)

    arrivals = sum(len(publication.receivers) for publication in publications)
    number, changed = await tx.arrive(Arrival(len(publications), arrivals, rows))
    messages: list[Message] = []
    changes: list[Change] = []
    for publication in publications:
        message = replace(publication.message, id=number)
        messages.append(message)
        for user_id in publication.receivers:
            entry = Entry(user_id=user_id, message_id=number, application_id=message.application_id, changed=changed)
            changes.append(EntryChange(entry=entry, message=message, arrival=True))
            changed += 1
        number += 1
    tx.tell(changes)
    return messages


async def publish(tx: Session, publication: Publication) -> Message:
    """With idempotency, judged at the time of the message, and replacing the one that has its key."""
    message, once = publication.message, publication.idempotency
    first = await _first(tx, message, once) if once else None
    if first:
        return first
    if message.key is not None:
        holder = await tx.row(
            "SELECT id FROM messages WHERE application_id = ? AND key = ?", message.application_id, message.key
        )
        if holder:
            await withdraw(tx, [holder[0]], message.created)
    (stored,) = await publish_plain(tx, [publication])
    if once:
        await tx.run(
            USE,
            stored.application_id,
            once.key,
            once.fingerprint,
            stored.id,
            stored.public_id,
            stored.created,
            once.expires,
        )
    return stored


async def _first(tx: Session, message: Message, once: Idempotency) -> Message | None:
    row = await tx.row(USED, message.application_id, once.key, message.created)
    if row is None:
        return None
    if row[0] != once.fingerprint:
        raise Conflict("this idempotency key was used for another request")
    return replace(message, id=row[1], public_id=row[2], created=row[3])
