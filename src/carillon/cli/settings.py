"""`carillon settings`: what is in force and where it comes from."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Annotated

import typer

from carillon.cli.terminal import commands, say, table
from carillon.settings import Settings

app = commands()


@app.command()
def settings(*, as_json: Annotated[bool, typer.Option("--json", help="As a JSON array of objects.")] = False) -> None:
    """Show the settings in force and where they come from.

    Secrets are masked.
    """
    effective = Settings.load(os.environ).effective()
    if as_json:
        say(json.dumps([asdict(each) for each in effective], indent=2))
    else:
        table(["SETTING", "VALUE", "FROM"], [[each.name, each.value, each.source] for each in effective])
