"""`carillon settings`: what is in force and where it comes from."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Annotated

import typer

from carillon.cli.ask import looked_up
from carillon.cli.terminal import commands, note, say, table
from carillon.settings import Settings

app = commands()


@app.command()
def settings(*, as_json: Annotated[bool, typer.Option("--json", help="As a JSON array of objects.")] = False) -> None:
    """Show the settings in force and where they come from.

    Those that admins have decided while the server runs are from the database. Secrets are masked.
    """
    settings = Settings.load(os.environ)
    decided = looked_up(settings)
    for line in decided.ignored:
        note(f"ignored: {line}")
    effective = settings.effective(decided.settings)
    if as_json:
        say(json.dumps([asdict(each) for each in effective], indent=2))
    else:
        table(["SETTING", "VALUE", "FROM"], [[each.name, each.value, each.source] for each in effective])
