from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from carillon.core.errors import BadInput
from carillon.core.search import zone_of
from tests.builders import opened


async def test_applications_are_those_of_the_user(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        ada, eve = await house.user(), await house.user("eve")
        backup = (await house.sender(ada, "Bäckup"))[0].application.id
        again = (await house.sender(ada, "BACKUP"))[0].application.id
        door = (await house.sender(ada, "Door"))[0].application.id
        search = house.kit.history.search

        wanted = await search.wanted(ada.id, "app:backup -app:door disk", zone=UTC)
        assert wanted.applications == frozenset({backup, again})
        assert wanted.not_applications == frozenset({door})
        assert wanted.query.terms[0].words == ("disk",)
        assert (await search.wanted(ada.id, "-app:door", zone=UTC)).applications is None
        with pytest.raises(BadInput, match='no application "doors"; the nearest is "Door"'):
            await search.wanted(ada.id, "app:doors", zone=UTC)
        with pytest.raises(BadInput, match=r'no application "door"$'):
            await search.wanted(eve.id, "-app:door", zone=UTC)


def test_zones_are_those_of_the_iana() -> None:
    assert str(zone_of("Europe/Berlin")) == "Europe/Berlin"
    for name in ("", "Berlin", "/etc/passwd", "../UTC", "Europe", "x" * 65, "a\0b", "ü"):
        with pytest.raises(BadInput, match="write it as in Europe/Berlin"):
            zone_of(name)
