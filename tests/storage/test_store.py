from __future__ import annotations

import os
from inspect import getmembers, isfunction
from pathlib import Path

import pytest

from carillon.core.limits import Limits
from carillon.core.ports import Store
from carillon.storage import Refusal, open_store
from carillon.storage.lock import FolderLock
from carillon.storage.store import SqlStore
from tests.builders import Clock


def test_the_table_of_doors_is_the_port() -> None:
    port = {name for name, _ in getmembers(Store, isfunction) if not name.startswith("_")}
    doors = {name for name, _ in getmembers(SqlStore, isfunction) if not name.startswith("_")}
    assert doors == port


async def test_a_store_that_does_not_open_leaves_the_folder_free(tmp_path: Path) -> None:
    (tmp_path / "carillon.db").mkdir()
    with pytest.raises(OSError, match="directory"):
        await open_store(None, tmp_path, announce=lambda _: None, limits=Limits(), clock=Clock())
    FolderLock(tmp_path).release()


async def test_a_folder_in_use_is_not_opened(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    with pytest.raises(Refusal):
        await open_store(None, tmp_path, announce=lambda _: None, limits=Limits(), clock=Clock())
    assert os.listdir(tmp_path) == ["carillon.lock"]
    lock.release()
