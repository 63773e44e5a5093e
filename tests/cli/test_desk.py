from __future__ import annotations

from pathlib import Path

from carillon import ui
from carillon.app import composed
from carillon.cli.desk import desk_of
from carillon.dialects import native
from carillon.settings import Settings


async def test_the_parts_are_what_was_found(tmp_path: Path) -> None:
    async with composed(Settings(data=tmp_path)) as app:
        desk = desk_of(app)
    parts = {part.name: part for part in desk.parts if part.kind == "dialect"}
    channels = {part.name for part in desk.parts if part.kind == "channel"}
    assert {"email", "gotify", "pushover"} <= channels
    assert "/message" in parts["gotify"].prefixes
    assert parts["native"].prefixes == ["/api"]
    assert parts["native"].origin == native.__file__
    of_parts = {prefix for part in desk.parts for prefix in part.prefixes}
    assert of_parts == set(app.front.owners) - set(ui.mount().prefixes)
