"""`carillon applications`: what sends, and with whom it is shared."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from carillon.cli.ask import ask
from carillon.cli.terminal import commands, moment, note, table
from carillon.ops.desk import LIST_APPLICATIONS, SHARE, UNSHARE, Owner, Sharing
from carillon.settings import Settings

app = commands("List applications, and share them with users and groups.")

Name = Annotated[str, typer.Argument(metavar="APPLICATION", help="Its name.", show_default=False)]
Whose = Annotated[str | None, typer.Option(help="Whose it is, by default the first admin's.")]
WithUser = Annotated[str | None, typer.Option("--with-user", help="A user's name.")]
WithGroup = Annotated[str | None, typer.Option("--with-group", help="A group's name.")]


@app.command(name="list")
def list_all(*, user: Whose = None) -> None:
    """List the applications of a user, and with whom each is shared; a group's name begins with @."""
    found = ask(Settings.load(os.environ), LIST_APPLICATIONS, Owner(user)).applications
    table(
        ["ID", "NAME", "SHARED WITH", "LAST USED"],
        [[str(one.id), one.name, ", ".join(one.shared_with), moment(one.last_used)] for one in found],
    )


@app.command()
def share(name: Name, *, user: Whose = None, with_user: WithUser = None, with_group: WithGroup = None) -> None:
    """Share an application: from now on its messages reach them too."""
    ask(Settings.load(os.environ), SHARE, Sharing(name, user, with_user, with_group))
    note(f"{name} is shared with {with_user or with_group}")


@app.command()
def unshare(name: Name, *, user: Whose = None, with_user: WithUser = None, with_group: WithGroup = None) -> None:
    """Stop sharing an application; they keep the messages they have."""
    ask(Settings.load(os.environ), UNSHARE, Sharing(name, user, with_user, with_group))
    note(f"{name} is no more shared with {with_user or with_group}")
