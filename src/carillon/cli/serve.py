"""`carillon serve`: the server."""

from __future__ import annotations

import logging
import os
from contextlib import AsyncExitStack
from typing import cast

import typer

from carillon import __version__
from carillon.app import running
from carillon.cli.desk import desk_of
from carillon.cli.place import backups_of
from carillon.cli.terminal import commands
from carillon.hub.http import GuardedHttp
from carillon.hub.socket import CutOffWebSocket
from carillon.ops import logs, server
from carillon.ops.control import ControlApp
from carillon.ops.snapshots import snapshots
from carillon.ops.system import SystemClock
from carillon.settings import Settings
from carillon.storage.backup.snapshot import SqliteSnapshots

app = commands()

log = logging.getLogger("carillon")


@app.command()
def serve() -> None:
    """Run the server until Ctrl-C or SIGTERM.

    It keeps everything in the data folder and migrates the database first if it is of an older version.
    """
    settings = Settings.load(os.environ)
    logs.configure(settings.log_level, cast(logs.Form, settings.log_format))
    raise typer.Exit(server.run(_serve(settings)))


async def _serve(settings: Settings) -> None:
    def ready(port: int) -> None:
        log.info("Carillon %s listens on %s, port %d", __version__, settings.host or "all addresses", port)

    async with running(settings) as carillon, AsyncExitStack() as beside:
        if settings.snapshot:
            await _keep_snapshots(settings, beside)
        await server.serve(
            carillon.front,
            host=settings.host,
            port=settings.port,
            protocols=server.Protocols(GuardedHttp, CutOffWebSocket),
            hooks=server.Hooks(ready, carillon.stop),
            control=server.Control(
                ControlApp(desk_of(carillon), carillon.front, backups_of(settings)), settings.socket
            ),
        )
    log.info("stopped")


async def _keep_snapshots(settings: Settings, beside: AsyncExitStack) -> None:
    if settings.database:
        log.warning("CARILLON_SNAPSHOT is for SQLite: of a PostgreSQL database `carillon backup` makes a copy")
        return
    taker = beside.enter_context(SqliteSnapshots(settings.data, SystemClock()))
    await beside.enter_async_context(snapshots(taker))
