"""`carillon services`: where messages are passed on to."""

from __future__ import annotations

import os
from typing import Annotated, Any

import msgspec
import typer

from carillon.cli.ask import ask
from carillon.cli.terminal import CommandError, commands, moment, note, require_terminal, table
from carillon.ops.desk import Owner
from carillon.ops.desk_services import (
    ADD_SERVICE,
    LIST_SERVICES,
    REMOVE_SERVICE,
    RESUME_SERVICE,
    SWITCH_SERVICE,
    TRY_SERVICE,
    NewService,
    ServiceLine,
    ServiceOf,
    Switch,
)
from carillon.settings import Settings

app = commands("Add, list and try services, turn them on and off, remove them.")

Id = Annotated[int, typer.Argument(metavar="ID", help="Its id, as the list has it.", show_default=False)]
Whose = Annotated[str | None, typer.Option(help="As which user, by default the first admin.")]


@app.command(name="list")
def list_all(*, user: Whose = None) -> None:
    """List the services that a user sees: what they sent, what waits, and why one is paused."""
    found = ask(Settings.load(os.environ), LIST_SERVICES, Owner(user)).services
    table(
        ["ID", "NAME", "KIND", "SCOPE", "SENT", "FAILED", "WAITING", "LAST SENT", "STATE"],
        [
            [
                str(one.id),
                one.name,
                one.kind,
                one.scope,
                str(one.sent),
                str(one.failed),
                str(one.waiting),
                moment(one.last_sent),
                _state(one),
            ]
            for one in found
        ],
    )


@app.command()
def add(
    kind: Annotated[str, typer.Argument(help="A channel: pushover, email, gotify, ntfy, …", show_default=False)],
    name: Annotated[str, typer.Argument(help="As the web app and the log call it.", show_default=False)],
    options: Annotated[
        typer.FileText,
        typer.Option(help="Its options as a JSON object, in a file or, by -, from standard input."),
    ],
    *,
    min_level: Annotated[int, typer.Option(min=0, max=10, help="Of messages below this priority it takes none.")] = 0,
    server: Annotated[bool, typer.Option("--server", help="For the messages of everybody.")] = False,
    user: Whose = None,
) -> None:
    """Add a service; print its id.

    The options of each channel are in the manual; secrets stay out of the command's arguments.
    """
    question = NewService(
        user=user, kind=kind, name=name, options=_object(options.read()), min_level=min_level, server=server
    )
    made = ask(Settings.load(os.environ), ADD_SERVICE, question)
    typer.echo(made.id)
    for address in made.unconfirmed:
        note(f"{address} gets nothing before he agrees")
    for fault in made.faults:
        note(f"could not be asked: {fault}")


@app.command(name="test")
def send_test(service: Id, *, user: Whose = None) -> None:
    """Send a test notification, at once and once."""
    tried = ask(Settings.load(os.environ), TRY_SERVICE, ServiceOf(service, user))
    if not tried.ok:
        raise CommandError(f"service {service} did not take it: {tried.code}: {tried.text}".removesuffix(": "))
    note(f"service {service} took it in {tried.took // 1000} ms")


@app.command()
def enable(service: Id, *, user: Whose = None) -> None:
    """Turn a service on; one that was paused is tried again."""
    ask(Settings.load(os.environ), SWITCH_SERVICE, Switch(service, user, enabled=True))
    note(f"service {service} is on")


@app.command()
def disable(service: Id, *, user: Whose = None) -> None:
    """Turn a service off: messages pass it by."""
    ask(Settings.load(os.environ), SWITCH_SERVICE, Switch(service, user, enabled=False))
    note(f"service {service} is off")


@app.command()
def resume(service: Id, *, user: Whose = None) -> None:
    """Try a paused service now."""
    ask(Settings.load(os.environ), RESUME_SERVICE, ServiceOf(service, user))
    note(f"service {service} is tried again")


@app.command()
def remove(
    service: Id,
    *,
    user: Whose = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether this is meant.")] = False,
) -> None:
    """Remove a service with the log of its deliveries, after asking.

    What waits for it is not sent; the messages stay.
    """
    settings = Settings.load(os.environ)
    if not yes:
        require_terminal("--yes")
        typer.confirm(f"Remove service {service} and the log of its deliveries?", abort=True, err=True)
    ask(settings, REMOVE_SERVICE, ServiceOf(service, user))
    note(f"removed service {service}")


def _object(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise CommandError(f"the options are no JSON object: {error}") from None


def _state(one: ServiceLine) -> str:
    return (one.paused or "on") if one.enabled else "off"
