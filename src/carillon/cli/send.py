"""`carillon send`: a message, by a token over HTTP or as an application of a user of this machine."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import httpx
import msgspec
import typer

from carillon.cli.ask import ask
from carillon.cli.remote import error_text, open_server, token_for
from carillon.cli.terminal import CommandError, commands, say
from carillon.ops.desk import SEND, Letter, Numbered
from carillon.settings import Settings

app = commands()

APPLICATION = "Command line"


@app.command()
def send(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What it says; - reads it from standard input.", show_default=False)
    ],
    *,
    title: Annotated[str | None, typer.Option(help="Title; without one, the application's name.")] = None,
    priority: Annotated[int | None, typer.Option(min=0, max=10, help="0 silent to 10 urgent.")] = None,
    url: Annotated[str | None, typer.Option(help="Address that a tap opens.")] = None,
    url_title: Annotated[str | None, typer.Option(help="What is shown for the address.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Short word for it; may be given several times.")] = None,
    key: Annotated[str | None, typer.Option(help="Replaces the application's message with the same key.")] = None,
    ttl: Annotated[int | None, typer.Option(min=1, help="Seconds until it deletes itself.")] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(help="Sent again with the same key within a day, it is stored once.")
    ] = None,
    application: Annotated[
        str | None,
        typer.Option(help=f"Application that sends it, by default {APPLICATION!r}; made unless the user has it."),
    ] = None,
    user: Annotated[str | None, typer.Option(help="User whose application it is, by default the first admin.")] = None,
    token: Annotated[str | None, typer.Option(help="Token of an application, by default CARILLON_TOKEN.")] = None,
    server: Annotated[str | None, typer.Option(help="Address of the server, by default CARILLON_URL.")] = None,
) -> None:
    """Send a message and print its id.

    With a token it goes to any server. Without one it goes to the installation of this machine, from an application
    of one of its users; when no server runs it is stored, and shown when one does.
    """
    settings = Settings.load(os.environ)
    letter = Letter(
        message=sys.stdin.buffer.read().decode("utf-8", "replace").rstrip("\r\n") if text == "-" else text,
        application=application or APPLICATION,
        user=user,
        title=title,
        priority=priority,
        url=url,
        url_title=url_title,
        tags=tag or [],
        key=key,
        ttl=ttl,
        idempotency_key=idempotency_key,
    )
    if not letter.message.strip():
        raise CommandError("the message is empty")
    secret = token_for(settings, token, server=server, alone={"--application": application, "--user": user})
    sent = _send_to(settings, letter, server=server, token=secret) if secret else ask(settings, SEND, letter)
    say(str(sent.id))


def _send_to(settings: Settings, letter: Letter, *, server: str | None, token: str) -> Numbered:
    fields = {name: value for name, value in msgspec.structs.asdict(letter).items() if value not in (None, [])}
    for name in ("application", "user", "idempotency_key"):
        fields.pop(name, None)
    headers = {"Idempotency-Key": letter.idempotency_key} if letter.idempotency_key else {}
    with open_server(settings, server=server, token=token) as client:
        try:
            response = client.post("/api/1/messages", json=fields, headers=headers)
        except httpx.HTTPError as error:
            raise CommandError(f"{client.base_url} cannot be reached: {error}") from None
    if response.is_error:
        raise CommandError(error_text(response))
    return msgspec.json.decode(response.content, type=Numbered)
