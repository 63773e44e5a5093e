"""The two rising numbers of an installation: of messages and of changes. None is ever drawn twice."""

from __future__ import annotations

from carillon.storage.session import Session

DRAW = "UPDATE counters SET message = message + ?, changed = changed + ? RETURNING message, changed"


async def draw(tx: Session, *, messages: int = 0, changes: int = 0) -> tuple[int, int]:
    """Draws so many of each; returns the first of each.

    The row is the last word on the order: whoever drew from it holds all others up until COMMIT.
    """
    row = await tx.row(DRAW, messages, changes)
    if row is None:
        raise LookupError("the counters are missing")
    return row[0] - messages + 1, row[1] - changes + 1
