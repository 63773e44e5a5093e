"""Only one process opens a SQLite database: two writers would fight for its lock and sleep in between."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from carillon.storage.refusals import StoreLocked


class FolderLock:
    """Holds `carillon.lock` in the data folder, which it makes when missing, until `release` or the process ends.

    Raises `StoreLocked` when another holds it.
    """

    def __init__(self, data: Path) -> None:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(data / "carillon.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise StoreLocked(f"the data folder {data} is in use by another process (pid {holder})") from None
        os.truncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
        self._released = False

    def release(self) -> None:
        if not self._released:
            self._released = True
            os.close(self._file)
