"""`carillon doctor`: looks at everything that a server needs, and says what is wrong."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Iterator
from importlib.util import find_spec
from ipaddress import ip_network
from typing import Literal, NamedTuple

import typer

from carillon.cli.ask import NoServer, ask, ask_server
from carillon.cli.terminal import CommandError, commands, moment, say
from carillon.core.errors import CarillonError
from carillon.front import MountError
from carillon.ops.desk import STATE, Nothing, State
from carillon.ops.keys import KeyFileError
from carillon.plugins import PluginError
from carillon.settings import Settings
from carillon.storage.backup.snapshot import SNAPSHOT
from carillon.storage.migrate import DATABASE, pending
from carillon.storage.refusals import Refusal

app = commands()

LOG = f"{DATABASE}-wal"
MIB = 1024 * 1024
LITTLE_SPACE, NO_SPACE = 1024 * MIB, 64 * MIB
LATE = 2 * 3600  # seconds that the newest snapshot may be older than what was stored last


class Finding(NamedTuple):
    verdict: Literal["ok", "warn", "fail"]
    text: str


@app.command()
def doctor() -> None:
    """Look for what is wrong, and change nothing.

    It checks the settings, the data folder, the database, the dialects and channels, the passwords and whether a
    server runs. Exit status 1 when a line says fail.
    """
    settings = Settings.load(os.environ)
    found = [*_machine(), *_trust(settings), *_folder(settings), *_snapshot(settings), *_installation(settings)]
    for finding in found:
        say(f"{finding.verdict:4}  {finding.text}")
    if any(finding.verdict == "fail" for finding in found):
        raise typer.Exit(1)


def _machine() -> Iterator[Finding]:
    for library in ("uvloop", "httptools"):
        if find_spec(library) is None:
            yield Finding("fail", f"{library} is not installed: the server does not run without it")
        else:
            yield Finding("ok", f"{library} is there")


def _trust(settings: Settings) -> Iterator[Finding]:
    for network in settings.trusted_proxies:
        if ip_network(network).prefixlen == 0:
            yield Finding(
                "warn",
                f"CARILLON_TRUSTED_PROXIES holds {network}: anybody may say that he comes from anywhere, "
                "so nothing bounds the guessing of passwords",
            )


def _folder(settings: Settings) -> Iterator[Finding]:
    data = settings.data.absolute()
    if not data.is_dir():
        yield Finding("warn", f"data folder {data}: not there yet, the first start makes it")
        return
    if os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("ok", f"data folder {data}")
    else:
        yield Finding("fail", f"data folder {data}: this system user cannot write to it")
    if data.stat().st_mode & 0o077:
        yield Finding("warn", f"data folder {data}: other system users can look into it (chmod 700 {data})")
    free = shutil.disk_usage(data).free
    verdict: Literal["ok", "warn", "fail"] = "ok" if free > LITTLE_SPACE else "warn" if free > NO_SPACE else "fail"
    yield Finding(verdict, f"free space: {free // MIB} MiB")


def _snapshot(settings: Settings) -> Iterator[Finding]:
    if not settings.snapshot or settings.database:
        return
    path = settings.data / SNAPSHOT
    if not path.exists():
        yield Finding("warn", f"there is no snapshot {path} yet")
        return
    made = path.stat().st_mtime
    stored = [file.stat().st_mtime for file in settings.data.glob(f"{DATABASE}*") if file.name in (DATABASE, LOG)]
    late = max(stored, default=made) - made > LATE
    of = moment(int(made * 1_000_000))
    hint = ": what was stored since is not in it, the server's log says why" if late else ""
    yield Finding("warn" if late else "ok", f"the newest snapshot is of {of}{hint}")


def _installation(settings: Settings) -> Iterator[Finding]:
    """Through the running server; without one, on the database itself if that needs no migration."""
    try:
        state = ask_server(settings, STATE, Nothing())
        yield Finding("ok", f"a server runs on this data folder ({settings.socket})")
    except CommandError as error:
        yield Finding("fail", str(error))
        return
    except NoServer:
        yield Finding("warn", "no server runs on this data folder (carillon serve)")
        try:
            waiting = asyncio.run(pending(settings.database or None, settings.data))
            if waiting:
                yield Finding("warn", f"database: the next start makes these changes: {', '.join(waiting)}")
                return
            state = ask(settings, STATE, Nothing())
        except (KeyFileError, PluginError, MountError) as error:
            yield Finding("fail", str(error))
            return
        except (CarillonError, Refusal, sqlite3.Error) as error:
            yield Finding("fail", f"the database cannot be looked at: {error}")
            return
    yield from _state(state)


def _state(state: State) -> Iterator[Finding]:
    for part in state.parts:
        yield Finding("ok", f"{part.kind} {part.name}: {' '.join([*part.prefixes, f'({part.origin})'])}")
    yield Finding("ok", f"database {state.engine} {state.version}, schema {state.schema}")
    for problem in state.problems:
        yield Finding("fail", f"database: {problem}")
    for name in state.published_passwords:
        yield Finding("fail", f"user {name} has the password that the manual names (carillon users password {name})")
