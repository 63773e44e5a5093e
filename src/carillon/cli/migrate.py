"""`carillon migrate`: brings the database to this version."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer

from carillon.cli.terminal import commands, note, say
from carillon.settings import Settings
from carillon.storage.migrate import migrate as migrate_database
from carillon.storage.migrate import pending

app = commands()


@app.command()
def migrate(*, plan: Annotated[bool, typer.Option("--plan", help="Only show what would be done.")] = False) -> None:
    """Bring the database to this version.

    `serve` does it by itself at its start. No server may run meanwhile.
    """
    settings = Settings.load(os.environ)
    work = pending if plan else migrate_database
    names = asyncio.run(work(settings.database or None, settings.data))
    for name in names:
        say(name)
    if not names:
        note("nothing to do")
    elif plan:
        note("not done yet: carillon migrate")
