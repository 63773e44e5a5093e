"""`carillon users`: who has an account."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from carillon.cli.ask import ask
from carillon.cli.terminal import commands, moment, note, require_terminal, secret, table
from carillon.ops.desk import ADD_USER, DELETE_USER, LIST_USERS, SET_PASSWORD, Named, NewPassword, NewUser, Nothing
from carillon.settings import Settings

app = commands("List, add and delete users, change passwords.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.", show_default=False)]
FromInput = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@app.command(name="list")
def list_all() -> None:
    """List who has an account."""
    users = ask(Settings.load(os.environ), LIST_USERS, Nothing()).users
    table(
        ["NAME", "ROLE", "SINCE", ""],
        [
            [
                user.name,
                "admin" if user.admin else "user",
                moment(user.created),
                "published password: change it" if user.published_password else "",
            ]
            for user in users
        ],
    )


@app.command()
def add(
    name: Name,
    *,
    admin: Annotated[bool, typer.Option("--admin", help="May manage all users.")] = False,
    password_stdin: FromInput = False,
) -> None:
    """Add a user; asks for the password."""
    settings = Settings.load(os.environ)
    ask(settings, ADD_USER, NewUser(name, _password(from_input=password_stdin), admin))
    note(f"added {name}")


@app.command()
def password(name: Name, *, password_stdin: FromInput = False) -> None:
    """Change a user's password; asks for the new one.

    Devices stay signed in.
    """
    settings = Settings.load(os.environ)
    ask(settings, SET_PASSWORD, NewPassword(name, _password(from_input=password_stdin)))
    note(f"changed the password of {name}")


@app.command()
def delete(
    name: Name, *, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether this is meant.")] = False
) -> None:
    """Delete a user with all messages, after asking.

    Gone are the inbox, the devices, and the applications that nobody else receives from.
    """
    settings = Settings.load(os.environ)
    if not yes:
        require_terminal("--yes")
        typer.confirm(f"Delete {name} and all of his messages, for ever?", abort=True, err=True)
    ask(settings, DELETE_USER, Named(name))
    note(f"deleted {name}")


def _password(*, from_input: bool) -> str:
    return secret("Password", "--password-stdin", from_input=from_input)
