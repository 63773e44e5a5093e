from __future__ import annotations

from pathlib import Path

from carillon.core.models import Change, Lists
from carillon.core.services import New
from tests.builders import Stream, opened


async def test_who_sees_a_service_is_told_once_however_much_happens(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        ada = await house.user()
        new = New(kind="bell", name="Phone", options={"secret": "hush-hush"})
        service = (await house.kit.ways_out.services.add(ada, new)).service
        heard: list[Change] = []
        stream = Stream(None)
        stream.render = lambda change: heard.append(change)
        house.hub.join(ada.id, stream)
        telling = house.kit.ways_out.telling
        for _ in range(100):
            telling.changed(service.id)
        await telling.round()
        await telling.round()
    assert [each.lists for each in heard if isinstance(each, Lists)] == [("services", "deliveries")]
