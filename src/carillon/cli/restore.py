"""`carillon restore`: puts a backup in its place."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from carillon.cli.ask import NoServer, open_socket
from carillon.cli.place import place_of
from carillon.cli.terminal import CommandError, commands, note, secret
from carillon.ops.system import SystemClock
from carillon.settings import Settings
from carillon.storage.backup.restore import Wish
from carillon.storage.backup.restore import restore as put_back

app = commands()


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup, or a copy of gotify.db.", show_default=False)],
    *,
    passphrase_stdin: Annotated[
        bool, typer.Option("--passphrase-stdin", help="Read the passphrase of the key from standard input.")
    ] = False,
    without_key: Annotated[
        bool, typer.Option("--without-key", help="Leave a key locked that is in the backup.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Set aside the database and the key that are there.")] = False,
) -> None:
    """Put a backup in its place. No server may run.

    All of it is checked first. It goes into an empty data folder, or with CARILLON_DATABASE into an empty PostgreSQL
    database. The ids of messages go on far above the old ones, and devices read their inbox anew.
    """
    settings = Settings.load(os.environ)
    with suppress(NoServer):
        open_socket(settings).close()
        raise CommandError(f"a server runs on {settings.data}: stop it first")

    def passphrase() -> str | None:
        if without_key:
            return None
        return secret("Passphrase", "--passphrase-stdin or --without-key", from_input=passphrase_stdin, twice=False)

    done = put_back(file, place_of(settings), wish=Wish(force, passphrase), clock=SystemClock())
    made = done.manifest
    origin = f"the backup of {made.made.astimezone():%Y-%m-%d %H:%M} ({made.carillon})" if made else "the database"
    counts = ", ".join(f"{name} {number}" for name, number in done.facts.counts.items())
    note(f"restored {origin}: {counts}")
    for line in [*done.notes, *(f"the database is sound, but: {problem}" for problem in done.facts.problems)]:
        note(line)
    note(f"the next message gets the id {done.reached.message + 1}; start the server: carillon serve")
