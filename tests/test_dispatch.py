from __future__ import annotations

from pathlib import Path

from carillon.core.services import New
from carillon.dispatch import Base, Dispatch
from tests.builders import opened


async def test_what_is_found_is_what_can_be_set_up(tmp_path: Path) -> None:
    async with opened(tmp_path / "store") as house:
        base = Base(house.store, house.access, house.clock, house.ids, house.kit.limits)
        dispatch = Dispatch(base, house.accounts, data=tmp_path, base_url="https://bell.example/x", picture_networks=())
        try:
            kinds = [each.kind for each in dispatch.ways_out.services.kinds()]
            assert kinds == [plugin.name for plugin in dispatch.channels]
            assert {"pushover", "email", "gotify", "ntfy", "pushbullet", "webhook", "apprise"} <= set(kinds)
            assert not (tmp_path / "carillon.key").exists(), "no key before there is a secret"
            options = {"url": "https://hook.example.org"}
            await dispatch.ways_out.services.add(await house.user(), New(kind="webhook", name="Rack", options=options))
            assert (tmp_path / "carillon.key").exists()
        finally:
            await dispatch.close()
