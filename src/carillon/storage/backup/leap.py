"""Why a restored installation counts on from far above: so that nobody who has seen more is passed over.

Between the making of a backup and its restoring more messages were stored, and seen. Were their numbers drawn again,
a reader that asks for what came after the last one it has would never be told of the new ones. How many were drawn
nobody knows, unless the old database is at hand. So the counters leap.

Deliveries that waited when the backup was made wait again. Those that have been sent since are sent once more, unless
they have expired: what may have been missed is worth more than what may come twice.
"""

from __future__ import annotations

from msgspec import Struct

from carillon.storage.session import Session

# More than a household sends in years. A thousand such leaps stay below 2^31, which some clients count to.
LEAST = 2**20

# Times as many as the installation has drawn on average in as long a time.
MARGIN = 10

# The margin's bound, whatever the clocks say: also eight times this stays within 32 bits.
MOST = 2**28

HOUR = 3600 * 1_000_000  # µs: a younger installation is taken to be this old

# When it was last and first alive, as far as the rows tell.
LIFE = """
    SELECT coalesce((SELECT created FROM messages ORDER BY id DESC LIMIT 1), 0),
    coalesce((SELECT max(created) FROM users), 0), coalesce((SELECT min(created) FROM users), 0)
"""


class Numbers(Struct, frozen=True):
    """The highest that were drawn, of messages and of changes."""

    message: int
    changed: int


async def drawn(tx: Session) -> Numbers:
    row = await tx.row("SELECT message, changed FROM counters")
    if row is None:
        raise LookupError("the counters are missing")
    return Numbers(row[0], row[1])


async def leap(tx: Session, *, now: int, known: Numbers) -> Numbers:
    """Lets the counters leap, to above `known` too, and sends every reader with a cursor to its beginning.

    All that a device holds of what is not stored any more goes with that.
    """
    before = await drawn(tx)
    ((last_message, last_user, first),) = await tx.rows(LIFE)
    last = max(last_message, last_user)
    age, away = max(last - first, HOUR), max(now - last, 0)
    after = Numbers(
        max(before.message, known.message) + distance(before.message, age, away),
        max(before.changed, known.changed) + distance(before.changed, age, away),
    )
    await tx.run("UPDATE counters SET message = ?, changed = ?", after.message, after.changed)
    await tx.run("UPDATE users SET forgotten = ?", after.changed)
    return after


def distance(drawn: int, age: int, away: int) -> int:
    """How far a counter leaps that was `drawn` so often in its `age`, and was out of sight for the time `away`."""
    return LEAST + min(MARGIN * drawn * away // age, MOST)
