"""A file that comes into being beside its final name, and takes that name when it is whole."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from carillon.core.errors import Conflict


class Part:
    """An empty file for its owner's eyes, at `path` and open as `file`."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f"{target.name}.part")
        remove_left_over(self.path)
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.file, view) :]

    def settle(self) -> None:
        """Whatever was written, by whomever, is on the disk; who reads it next reads it from there."""
        os.fsync(self.file)
        os.posix_fadvise(self.file, 0, 0, os.POSIX_FADV_DONTNEED)

    def put_in_place(self, *, replace: bool) -> None:
        """Raises FileExistsError when the name is taken and not to be replaced."""
        os.fsync(self.file)
        if replace:
            self.path.replace(self.target)
        else:
            give_name(self.path, self.target)
        sync_folder(self.target.parent)

    def close(self) -> None:
        with suppress(FileNotFoundError):
            if os.path.samestat(self.path.lstat(), os.fstat(self.file)):
                self.path.unlink()
        os.close(self.file)


@contextmanager
def part_of(target: Path) -> Iterator[Part]:
    """What a killed process left of an earlier one is removed. Raises `Conflict` while a living process writes it."""
    part = Part(target)
    try:
        yield part
    finally:
        part.close()


def give_name(path: Path, target: Path) -> None:
    """As a rename that never replaces. Raises FileExistsError."""
    try:
        os.link(path, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if target.exists() or target.is_symlink():
            raise FileExistsError(f"{target} is there already") from None
        path.rename(target)
    else:
        path.unlink()


def sync_folder(folder: Path) -> None:
    """The names in it are on the disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def remove_left_over(path: Path) -> None:
    """Raises `Conflict` when a living process writes it."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        raise Conflict(f"{path} is being written by another process") from None
    finally:
        os.close(opened)
