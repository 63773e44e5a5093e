"""`carillon serve`: the server."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import cast

import typer

from carillon import __version__
from carillon.app import running
from carillon.cli.desk import desk_of
from carillon.cli.terminal import commands
from carillon.core.backstage import Address
from carillon.core.decisions import Policy
from carillon.hub.http import GuardedHttp
from carillon.hub.socket import CutOffWebSocket
from carillon.ops import logs, server
from carillon.ops.control import ControlApp
from carillon.ops.ring import Ring
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
    ring = Ring()
    logs.configure(settings.log_level, cast(logs.Form, settings.log_format), ring=ring)
    raise typer.Exit(server.run(_serve(settings, ring)))


async def _serve(settings: Settings, ring: Ring) -> None:
    def ready(port: int) -> None:
        log.info("Carillon %s listens on %s, port %d", __version__, settings.host or "all addresses", port)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host or "*"
        carillon.behind.reporter.listeners = [
            Address(f"{host}:{port}", "http"),
            Address(str(settings.socket), "commands"),
        ]

    async with running(settings, ring) as carillon, AsyncExitStack() as beside:
        decisions = carillon.kit.site.backstage.decisions
        decisions.let(lambda policy: logs.set_level(policy.log_level))
        decisions.let(await _snapshots(settings, beside))
        await server.serve(
            carillon.front,
            host=settings.host,
            port=settings.port,
            protocols=server.Protocols(GuardedHttp, CutOffWebSocket),
            hooks=server.Hooks(ready, carillon.stop),
            control=server.Control(
                ControlApp(desk_of(carillon), carillon.front, carillon.behind.backups), settings.socket
            ),
        )
    log.info("stopped")


async def _snapshots(settings: Settings, beside: AsyncExitStack) -> Callable[[Policy], None]:
    """Has them kept, or not, as a policy says."""
    if settings.database:
        return _no_snapshots
    taker = beside.enter_context(SqliteSnapshots(settings.data, SystemClock()))
    switch = await beside.enter_async_context(snapshots(taker))
    return lambda policy: switch.turn(on=policy.snapshot)


def _no_snapshots(policy: Policy) -> None:
    if policy.snapshot:
        log.warning("CARILLON_SNAPSHOT is for SQLite: of a PostgreSQL database `carillon backup` makes a copy")
