from __future__ import annotations

import os
from pathlib import Path

import pytest

from carillon.storage.lock import FolderLock
from carillon.storage.refusals import StoreLocked


def test_a_lock_is_held_until_it_is_released(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    lock = FolderLock(folder)
    assert (folder / "carillon.lock").read_text() == f"{os.getpid()}\n"
    for _ in range(2):
        with pytest.raises(StoreLocked, match=f"{folder} is in use by another process \\(pid {os.getpid()}\\)"):
            FolderLock(folder)
    lock.release()
    lock.release()
    FolderLock(folder).release()


def test_a_shorter_pid_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    (tmp_path / "carillon.lock").write_text("99999999999999\n")
    lock = FolderLock(tmp_path)
    assert (tmp_path / "carillon.lock").read_text() == f"{os.getpid()}\n"
    lock.release()
