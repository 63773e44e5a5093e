from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path

import pytest

from carillon.core.errors import Conflict
from carillon.storage.part import give_name, part_of, remove_left_over


def test_it_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with part_of(target) as part:
        assert stat.S_IMODE(part.path.stat().st_mode) == 0o600
        part.write(b"one ")
        part.write(b"two")
        assert not target.exists()
        part.settle()
        assert part.path.read_bytes() == b"one two"
        part.put_in_place(replace=False)
    assert target.read_bytes() == b"one two"
    assert os.listdir(tmp_path) == ["target"]


def test_given_up_it_is_gone(tmp_path: Path) -> None:
    with part_of(tmp_path / "target") as part:
        part.write(b"half")
    assert os.listdir(tmp_path) == []


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("old")
    with part_of(target) as part:
        part.write(b"new")
        with pytest.raises(FileExistsError):
            part.put_in_place(replace=False)
        assert target.read_text() == "old"
        part.put_in_place(replace=True)
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["target"]


def test_two_at_once(tmp_path: Path) -> None:
    with part_of(tmp_path / "target") as first:
        with pytest.raises(Conflict), part_of(tmp_path / "target"):
            pass
        with pytest.raises(Conflict):
            remove_left_over(first.path)
        first.write(b"mine")
        first.put_in_place(replace=False)
    assert (tmp_path / "target").read_bytes() == b"mine"


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "target.part").write_text("half of another")
    with part_of(tmp_path / "target") as part:
        part.write(b"new")
        part.put_in_place(replace=False)
    assert (tmp_path / "target").read_bytes() == b"new"
    remove_left_over(tmp_path / "target.part")


def test_it_writes_through_no_link_that_somebody_has_laid(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "target.part").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic"), part_of(tmp_path / "target"):
        pass
    assert (tmp_path / "precious").read_text() == "precious"


def test_it_does_not_remove_what_has_taken_its_place(tmp_path: Path) -> None:
    with part_of(tmp_path / "target") as part:
        part.path.unlink()
        part.path.write_text("of somebody else")
    assert (tmp_path / "target.part").read_text() == "of somebody else"


def test_a_name_is_never_taken_away(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    with pytest.raises(FileExistsError):
        give_name(tmp_path / "a", tmp_path / "b")
    give_name(tmp_path / "a", tmp_path / "c")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"b": "b", "c": "a"}


def test_a_lock_goes_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "target.part"
    path.touch()
    holder = os.open(path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(Conflict):
        remove_left_over(path)
    os.close(holder)
    remove_left_over(path)
    assert not path.exists()
