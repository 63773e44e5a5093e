"""`carillon listen`: prints a user's messages as they come."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from threading import Event
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import typer

from carillon.cli.ask import NoServer, open_socket
from carillon.cli.remote import error_text, open_server, token_for
from carillon.cli.terminal import CommandError, commands, note, say
from carillon.ops.control import USER_HEADER
from carillon.settings import Settings

app = commands()

# Seconds between two attempts to connect: the first, then twice as long each time.
SHORTEST_WAIT, LONGEST_WAIT = 0.25, 30.0


class Ear:
    """A stream of changes that outlives its connections.

    `cursor` is the number of the last change heard, `newest` the id of the newest message: the replay after a cut
    also brings older messages to which something happened. `alive`: this connection has told something.
    """

    def __init__(self, client: httpx.Client, *, cursor: int, newest: int) -> None:
        self._client = client
        self._cursor = cursor
        self._newest = newest
        self.alive = False

    def messages(self) -> Iterator[dict[str, Any]]:
        """Each once, with its number `changed`, until the connection is cut. Raises CommandError, httpx.HTTPError."""
        self.alive = False
        with self._client.stream(
            "GET", "/api/1/stream", params={"after": self._cursor}, headers={"Accept": "text/event-stream"}
        ) as response:
            refuse(response)
            for line in response.iter_lines():
                if line.startswith("data:"):
                    yield from self._heard(json.loads(line.removeprefix("data:")))

    def _heard(self, change: dict[str, Any]) -> Iterator[dict[str, Any]]:
        self.alive = True
        if change["type"] == "hole":
            note("the place to go on from is not known any more: from the beginning")
            self._newest = 0
        self._cursor = change.get("changed", change.get("cursor", self._cursor))
        message = change.get("message")
        if message is not None and message["id"] > self._newest:
            self._newest = message["id"]
            yield {"changed": self._cursor, **message}


class Names:
    """What the applications are called."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._known: dict[int, str] = {}

    def of(self, message: dict[str, Any]) -> str:
        """Raises httpx.HTTPError."""
        number: int = message["application"]
        if number not in self._known:
            response = self._client.get("/api/1/applications")
            refuse(response)
            self._known |= {each["id"]: each["name"] for each in response.json()["applications"]}
        return self._known.get(number, f"application {number}")


def refuse(response: httpx.Response) -> None:
    """Raises CommandError for an error that trying again does not mend, httpx.HTTPStatusError for another."""
    if response.is_client_error and response.status_code != httpx.codes.TOO_MANY_REQUESTS:
        response.read()
        raise CommandError(error_text(response))
    response.raise_for_status()


@app.command()
def listen(
    *,
    after: Annotated[
        int | None, typer.Option(min=0, help="First what came after this number (`changed` of --json); 0: everything.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Each message as a JSON object on a line.")] = False,
    user: Annotated[str | None, typer.Option(help="Whose messages, by default the first admin's.")] = None,
    token: Annotated[str | None, typer.Option(help="Token of a device, by default CARILLON_TOKEN.")] = None,
    server: Annotated[str | None, typer.Option(help="Address of the server, by default CARILLON_URL.")] = None,
) -> None:
    """Print messages as they come, until Ctrl-C.

    With a token it listens to any server, without one to the server that runs on this machine. After a cut it
    connects again and goes on where it was.
    """
    settings = Settings.load(os.environ)
    with _client(settings, user=user, token=token, server=server) as client:
        try:
            now = _now(client)
        except httpx.HTTPError as error:
            raise CommandError(f"{client.base_url} cannot be reached: {error}") from None
        ear = now if after is None else Ear(client, cursor=after, newest=0)
        with suppress(KeyboardInterrupt):
            _print_all(ear, Names(client), as_json=as_json)


def _client(settings: Settings, *, user: str | None, token: str | None, server: str | None) -> httpx.Client:
    secret = token_for(settings, token, server=server, alone={"--user": user})
    if secret:
        return open_server(settings, server=server, token=secret)
    try:
        client = open_socket(settings)
    except NoServer:
        raise CommandError(f"no server runs on {settings.data}, and there is no token for one elsewhere") from None
    client.headers[USER_HEADER] = quote(user or "")
    return client


def _now(client: httpx.Client) -> Ear:
    response = client.get("/api/1/inbox", params={"limit": 1})
    refuse(response)
    for message in response.json()["messages"]:
        return Ear(client, cursor=message["state"]["changed"], newest=message["id"])
    return Ear(client, cursor=0, newest=0)


def _print_all(ear: Ear, names: Names, *, as_json: bool) -> None:
    wait = SHORTEST_WAIT
    while True:
        try:
            for message in ear.messages():
                text = json.dumps(message, ensure_ascii=False) if as_json else block(message, names.of(message))
                say(text)
        except httpx.HTTPError as error:
            if ear.alive or wait == SHORTEST_WAIT:
                note(f"not connected, trying again ({str(error) or type(error).__name__})")
        wait = SHORTEST_WAIT if ear.alive else min(2 * wait, LONGEST_WAIT)
        Event().wait(wait)


def block(message: dict[str, Any], application: str) -> str:
    """A message for people: when, from whom and how urgent; its title; its text."""
    when = datetime.fromisoformat(message["created"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    lines = [f"{when}  {application}  priority {message['priority']}"]
    if message.get("encrypted"):
        lines.append("(encrypted)")
    else:
        lines += [text for text in (message["title"], message["message"], message.get("url")) if text]
    return "\n".join(lines) + "\n"
