from __future__ import annotations

from pathlib import Path

from carillon.cli.place import place_of
from carillon.settings import Settings


def test_where_it_is() -> None:
    here = place_of(Settings(data=Path("here")))
    assert (here.url, here.data) == (None, Path("here"))
    assert place_of(Settings(database="postgresql://host/db")).url == "postgresql://host/db"
