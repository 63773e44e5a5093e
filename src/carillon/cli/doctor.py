"""`carillon doctor`: looks at everything that a server needs, and says what is wrong."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterator

import typer

from carillon.cli.ask import NoServer, ask, ask_server
from carillon.cli.terminal import CommandError, commands, say
from carillon.core.backstage import Check
from carillon.core.errors import CarillonError
from carillon.front import MountError
from carillon.ops import checks
from carillon.ops.desk import STATE, Nothing, State
from carillon.ops.keys import KeyFileError
from carillon.plugins import PluginError
from carillon.settings import Settings
from carillon.storage.backup.snapshot import SNAPSHOT
from carillon.storage.migrate import DATABASE, pending
from carillon.storage.refusals import Refusal

app = commands()


@app.command()
def doctor() -> None:
    """Look for what is wrong, and change nothing.

    It checks the settings, the data folder, the database, the dialects and channels, the passwords and whether a
    server runs. Exit status 1 when a line says fail.
    """
    settings = Settings.load(os.environ)
    found = [
        *checks.machine(),
        *checks.proxies(settings.trusted_proxies),
        *checks.folder(settings.data),
        *_installation(settings),
    ]
    for finding in found:
        say(f"{finding.verdict:4}  {finding.text}")
    if any(finding.verdict == "fail" for finding in found):
        raise typer.Exit(1)


def _installation(settings: Settings) -> Iterator[Check]:
    """Through the running server; without one, on the database itself if that needs no migration."""
    try:
        state = ask_server(settings, STATE, Nothing())
        yield Check("server", "ok", f"a server runs on this data folder ({settings.socket})")
    except CommandError as error:
        yield Check("server", "fail", str(error))
        return
    except NoServer:
        yield Check("server", "warn", "no server runs on this data folder (carillon serve)")
        try:
            waiting = asyncio.run(pending(settings.database or None, settings.data))
            if waiting:
                yield Check("database", "warn", f"database: the next start makes these changes: {', '.join(waiting)}")
                return
            state = ask(settings, STATE, Nothing())
        except (KeyFileError, PluginError, MountError) as error:
            yield Check("server", "fail", str(error))
            return
        except (CarillonError, Refusal, sqlite3.Error) as error:
            yield Check("database", "fail", f"the database cannot be looked at: {error}")
            return
    yield from _state(settings, state)


def _state(settings: Settings, state: State) -> Iterator[Check]:
    for part in state.parts:
        yield Check("parts", "ok", f"{part.kind} {part.name}: {' '.join([*part.prefixes, f'({part.origin})'])}")
    yield Check("database", "ok", f"database {state.engine} {state.version}, schema {state.schema}")
    for problem in state.problems:
        yield Check("database", "fail", f"database: {problem}")
    for name, value in state.decided.settings.items():
        yield Check("settings", "ok", f"setting {name} = {json.dumps(value)} (database)")
    yield from checks.settings(state.decided.ignored)
    if state.decided.settings.get("snapshot", settings.snapshot) and not settings.database:
        stored = [settings.data / DATABASE, settings.data / f"{DATABASE}-wal"]
        yield from checks.snapshot(settings.data / SNAPSHOT, stored)
    yield from checks.passwords(state.published_passwords)
