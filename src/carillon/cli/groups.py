"""`carillon groups`: several users reached at once."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from carillon.cli.ask import ask
from carillon.cli.terminal import commands, note, table
from carillon.ops.desk import (
    ADD_GROUP,
    DELETE_GROUP,
    JOIN_GROUP,
    LEAVE_GROUP,
    LIST_GROUPS,
    Membership,
    Named,
    Nothing,
)
from carillon.settings import Settings

app = commands("List, add and delete groups, and say who is in them.")

Group = Annotated[str, typer.Argument(metavar="GROUP", help="The group's name.", show_default=False)]
User = Annotated[str, typer.Argument(metavar="USER", help="The user's name.", show_default=False)]


@app.command(name="list")
def list_all() -> None:
    """List the groups and their members."""
    groups = ask(Settings.load(os.environ), LIST_GROUPS, Nothing()).groups
    table(["GROUP", "MEMBERS"], [[group.name, ", ".join(group.members)] for group in groups])


@app.command()
def add(group: Group) -> None:
    """Add a group without members."""
    ask(Settings.load(os.environ), ADD_GROUP, Named(group))
    note(f"added the group {group}")


@app.command()
def delete(group: Group) -> None:
    """Delete a group; its members keep the messages they have."""
    ask(Settings.load(os.environ), DELETE_GROUP, Named(group))
    note(f"deleted the group {group}")


@app.command()
def join(group: Group, user: User) -> None:
    """Let a user into a group: what is shared with it reaches him from now on."""
    ask(Settings.load(os.environ), JOIN_GROUP, Membership(group, user))
    note(f"{user} is in the group {group}")


@app.command()
def leave(group: Group, user: User) -> None:
    """Take a user out of a group; he keeps the messages he has."""
    ask(Settings.load(os.environ), LEAVE_GROUP, Membership(group, user))
    note(f"{user} is no more in the group {group}")
