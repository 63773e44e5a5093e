from __future__ import annotations

import pytest

from carillon.storage.counters import draw
from carillon.storage.session import Session


async def test_what_is_drawn_follows_what_was_drawn(tx: Session) -> None:
    assert await draw(tx, messages=3, changes=5) == (1, 1)
    assert await draw(tx, messages=1) == (4, 6)
    assert await draw(tx, changes=2) == (5, 6)
    assert await draw(tx) == (5, 8)


async def test_without_its_row_nothing_is_drawn(tx: Session) -> None:
    await tx.run("DELETE FROM counters")
    with pytest.raises(LookupError):
        await draw(tx, changes=1)
