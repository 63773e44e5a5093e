"""The command line, a file a command. A command is loaded when it is called, so that none waits for another's imports.

Exit status: 0 done, 1 it could not be done (a line on standard error says why), 2 wrongly called, 130 interrupted.
"""

from __future__ import annotations

import sqlite3
from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup
from typer.main import get_command

from carillon import __version__
from carillon.cli.terminal import CommandError, commands, complain
from carillon.core.errors import CarillonError
from carillon.front import MountError
from carillon.ops.keys import KeyFileError
from carillon.plugins import PluginError
from carillon.settings import SettingsError
from carillon.storage.refusals import Refusal

if TYPE_CHECKING:
    from typer._click import Command, Context

COMMANDS = (
    "serve",
    "send",
    "listen",
    "users",
    "groups",
    "applications",
    "tokens",
    "services",
    "deliveries",
    "settings",
    "doctor",
    "migrate",
    "import",
    "backup",
    "restore",
)

OURS = (CommandError, CarillonError, SettingsError, Refusal, KeyFileError, PluginError, MountError)


class Commands(TyperGroup):
    def list_commands(self, ctx: Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        if cmd_name not in COMMANDS:
            self.commands = dict.fromkeys(COMMANDS, self)  # among these names typer looks for the nearest
            return None
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        return get_command(import_module(f"{__name__}.{module}").app)

    def invoke(self, ctx: Context) -> object:
        try:
            return super().invoke(ctx)
        except OURS as error:
            complain(str(error))
        except sqlite3.Error as error:
            complain(f"the database: {error}")
        except BrokenPipeError:
            raise
        except OSError as error:
            complain(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error))
        raise typer.Exit(1)


app = commands(
    """A notification server that every notification client already speaks to.

    The commands work on the data folder of this machine (CARILLON_DATA), through the running server if there is one.
    """,
    Commands,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"carillon {__version__}")
        raise typer.Exit


@app.callback()
def carillon(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),  # noqa: FBT003  # typer's default
) -> None:
    """Typer hangs the options of the program itself on this."""


def main() -> None:
    """Runs the command of this process's arguments. Raises SystemExit."""
    get_command(app)(prog_name="carillon")
