"""`carillon tokens`: the secrets by which applications send and devices receive."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from carillon.cli.ask import ask
from carillon.cli.terminal import commands, moment, note, say, table
from carillon.core.models import TokenKind
from carillon.ops.desk import ADD_TOKEN, LIST_TOKENS, REVOKE_TOKEN, NewToken, Nothing, Numbered
from carillon.settings import Settings

app = commands("List, make and revoke tokens.")


@app.command(name="list")
def list_all() -> None:
    """List the tokens: what each acts as, when it was last used.

    The secrets are not kept, so they cannot be shown.
    """
    tokens = ask(Settings.load(os.environ), LIST_TOKENS, Nothing()).tokens
    table(
        ["ID", "KIND", "NAME", "USER", "MADE", "LAST USED"],
        [
            [str(token.id), token.kind, token.subject, token.user, moment(token.created), moment(token.last_used)]
            for token in tokens
        ],
    )


@app.command()
def add(
    kind: Annotated[
        TokenKind,
        typer.Argument(metavar="KIND", help="application (it sends) or device (it receives).", show_default=False),
    ],
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Its name; it is made unless the user has it.", show_default=False)
    ],
    *,
    user: Annotated[str | None, typer.Option(help="Whose it is, by default the first admin's.")] = None,
) -> None:
    """Make a token and print its secret, this once.

    An application sends with it, a device receives.
    """
    made = ask(Settings.load(os.environ), ADD_TOKEN, NewToken(kind, name, user))
    say(made.secret)
    note(f"{'made the' if made.made else 'one more token for the'} {kind} {name} of {made.user}; keep the secret")


@app.command()
def revoke(
    token: Annotated[int, typer.Argument(metavar="ID", help="Its id, as the list has it.", show_default=False)],
) -> None:
    """End a token at once, and the open streams of its device."""
    ask(Settings.load(os.environ), REVOKE_TOKEN, Numbered(token))
    note(f"revoked token {token}")
