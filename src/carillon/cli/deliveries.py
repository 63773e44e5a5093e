"""`carillon deliveries`: what became of messages on their way out."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from carillon.cli.ask import ask
from carillon.cli.terminal import CommandError, commands, moment, note, table
from carillon.core.outgoing import State
from carillon.ops.desk_services import (
    CANCEL_DELIVERIES,
    LIST_DELIVERIES,
    MOST,
    RESEND_DELIVERIES,
    RESEND_FAILED,
    Deliveries,
    LogOf,
)
from carillon.settings import Settings

app = commands("List deliveries, send them again, cancel them.")

GIVEN_UP: list[State] = ["failed", "expired"]

Whose = Annotated[str | None, typer.Option(help="As which user, by default the first admin.")]
Of = Annotated[list[int] | None, typer.Option(help="Of the service with this id; may be repeated.")]
Text = Annotated[str, typer.Option(help="In title, service, kind or reason.")]


@app.command(name="list")
def list_all(
    *,
    service: Of = None,
    state: Annotated[State | None, typer.Option(help="In this state.")] = None,
    text: Text = "",
    failed: Annotated[bool, typer.Option("--failed", help="Only those that were given up.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="How many at most.")] = 50,
    user: Whose = None,
) -> None:
    """List deliveries, the newest first."""
    if state and failed:
        raise CommandError("name either --state or --failed")
    states = GIVEN_UP if failed else [state] if state else []
    question = LogOf(user=user, services=service or [], states=states, text=text, limit=limit)
    found = ask(Settings.load(os.environ), LIST_DELIVERIES, question).deliveries
    table(
        ["ID", "MADE", "SERVICE", "MESSAGE", "STATE", "ATTEMPTS", "REASON"],
        [
            [
                str(one.id),
                moment(one.created),
                one.service,
                "(deleted)" if one.title is None else one.title,
                one.state,
                str(one.attempts),
                one.reason,
            ]
            for one in found
        ],
    )


@app.command()
def resend(
    delivery: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help="As the list has them.", show_default=False)
    ] = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="All that were given up, instead of ids.")] = False,
    service: Of = None,
    text: Text = "",
    user: Whose = None,
) -> None:
    """Send deliveries again, as if for the first time: those named, or all that were given up."""
    if failed == bool(delivery):
        raise CommandError("name either ids or --failed")
    if delivery and (service or text):
        raise CommandError("--service and --text go with --failed")
    settings = Settings.load(os.environ)
    if delivery:
        count = ask(settings, RESEND_DELIVERIES, Deliveries(delivery, user)).count
    else:
        count = ask(settings, RESEND_FAILED, LogOf(user=user, services=service or [], text=text)).count
    note(f"{count} to be sent again")


@app.command()
def cancel(
    delivery: Annotated[list[int], typer.Argument(metavar="ID...", help="As the list has them.", show_default=False)],
    *,
    user: Whose = None,
) -> None:
    """Give deliveries up that wait."""
    count = ask(Settings.load(os.environ), CANCEL_DELIVERIES, Deliveries(delivery, user)).count
    note(f"{count} cancelled")
