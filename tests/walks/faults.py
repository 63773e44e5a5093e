"""Bad days made to order: a small disk, system calls that fail, a clock that jumps."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from tests.walks.server import Server, away, until


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A file system of `size` bytes in memory, mounted on the folder."""
    folder.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        away("the right to mount")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        away(f"the right to mount ({mounted.stderr.strip()})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """No room left on it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as out:
        try:
            while out.write(bytes(4096)):
                pass
        except OSError:
            pass
    try:
        yield
    finally:
        filler.unlink()


@asynccontextmanager
async def tampering(server: Server, calls: str, fault: str) -> AsyncIterator[None]:
    """These system calls of the running server go wrong, in a way that strace knows: error=EIO:when=1."""
    if not shutil.which("strace"):
        away("strace")
    command = ["strace", "-f", "-qq", "-p", str(server.pid), "-e", f"trace={calls}", "-o", os.devnull]
    command += ["-e", f"inject={calls}:{fault}"]
    tracer = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
    try:

        def attached() -> bool:
            if tracer.returncode is not None:
                away("the right to trace")
            threads = [
                Path(f"/proc/{server.pid}/task/{each.id}/status") for each in psutil.Process(server.pid).threads()
            ]
            return all(f"TracerPid:\t{tracer.pid}\n" in status.read_text() for status in threads)

        await until(attached, "strace is attached")
        yield
    finally:
        if tracer.returncode is None:
            tracer.terminate()
        await tracer.wait()
