"""What a server needs of its machine and its data folder, looked at in a moment: for the doctor, and for admins."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path

from carillon.core.backstage import Check, Verdict
from carillon.core.limits import MIB

LITTLE_SPACE, NO_SPACE = 1024 * MIB, 64 * MIB
LATE = 2 * 3600  # seconds that the newest snapshot may be older than what was stored last


def machine() -> Iterator[Check]:
    for library in ("uvloop", "httptools"):
        if find_spec(library) is None:
            yield Check("libraries", "fail", f"{library} is not installed: the server does not run without it")
        else:
            yield Check("libraries", "ok", f"{library} is there")


def proxies(trusted: Sequence[str]) -> Iterator[Check]:
    """`trusted` are addresses and networks."""
    for network in trusted:
        if ip_network(network).prefixlen == 0:
            yield Check(
                "proxies",
                "warn",
                f"CARILLON_TRUSTED_PROXIES holds {network}: anybody may say that he comes from anywhere, "
                "so nothing bounds the guessing of passwords",
            )


def folder(data: Path) -> Iterator[Check]:
    data = data.absolute()
    if not data.is_dir():
        yield Check("data folder", "warn", f"data folder {data}: not there yet, the first start makes it")
        return
    if os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield Check("data folder", "ok", f"data folder {data}")
    else:
        yield Check("data folder", "fail", f"data folder {data}: this system user cannot write to it")
    if data.stat().st_mode & 0o077:
        yield Check(
            "data folder", "warn", f"data folder {data}: other system users can look into it (chmod 700 {data})"
        )
    free = free_bytes(data)
    verdict: Verdict = "ok" if free > LITTLE_SPACE else "warn" if free > NO_SPACE else "fail"
    yield Check("space", verdict, f"free space: {free // MIB} MiB")


def free_bytes(data: Path) -> int:
    return shutil.disk_usage(data).free


def snapshot(path: Path, stored: Sequence[Path]) -> Iterator[Check]:
    """Whether the snapshot is newer than the files of the database, or nearly."""
    if not path.exists():
        yield Check("snapshot", "warn", f"there is no snapshot {path} yet")
        return
    made = path.stat().st_mtime
    late = max((file.stat().st_mtime for file in stored if file.exists()), default=made) - made > LATE
    moment = datetime.fromtimestamp(made, UTC).astimezone()
    hint = ": what was stored since is not in it, the server's log says why" if late else ""
    yield Check("snapshot", "warn" if late else "ok", f"the newest snapshot is of {moment:%Y-%m-%d %H:%M}{hint}")


def passwords(published: Sequence[str]) -> Iterator[Check]:
    """`published`: the users who still have the password that the manual names."""
    for name in published:
        yield Check(
            "passwords",
            "fail",
            f"user {name} has the password that the manual names (carillon users password {name})",
        )


def settings(ignored: Sequence[str]) -> Iterator[Check]:
    for line in ignored:
        yield Check("settings", "warn", f"a setting in the database is ignored: {line}")
