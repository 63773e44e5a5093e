"""`carillon import`: the installation of another server moves in."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from carillon.cli.ask import NoServer, line, open_socket
from carillon.cli.moving import Mover, Outcome, arrivals_of, foreseen
from carillon.cli.terminal import CommandError, commands, note, say, table
from carillon.core.foreign import Adopted, Arrivals, Fate, Prospect
from carillon.imports.gotify import FILE, Gotify, Survey
from carillon.imports.source import opened
from carillon.ops.desk import LIST_USERS, Nothing
from carillon.ops.moving import FORESEE_MOVE
from carillon.settings import Settings
from carillon.storage.migrate import engine_of, pending, steps

app = commands("Take over what another server has.")

FATES: dict[Fate, str] = {
    "new": "new",
    "joined": "already here, and added to",
    "known": "came before",
    "gone": "came before, and deleted since",
    "refused": "refused",
}
IMAGES = "images"


@app.callback()
def import_() -> None:
    """Typer makes a group of a single command only with this."""


@app.command()
def gotify(
    database: Annotated[
        str,
        typer.Argument(
            metavar="DATABASE",
            help="Gotify's data folder, its gotify.db, or the address of its PostgreSQL database.",
            show_default=False,
        ),
    ],
    *,
    images: Annotated[
        Path | None, typer.Option(help="Folder of the applications' pictures; by default images beside the file.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would come over.")] = False,
) -> None:
    """Take over users, applications, clients and messages of Gotify 2 or 3.

    Nothing there is changed, and Gotify may go on running. Passwords and tokens stay the same; ids do as well if
    nothing has happened here yet. Called again it brings what is new, and goes on where it was cut short.
    """
    settings = Settings.load(os.environ)
    asyncio.run(_gotify(settings, database, images=images, dry_run=dry_run))


async def _gotify(settings: Settings, database: str, *, images: Path | None, dry_run: bool) -> None:
    async with opened(database, file=FILE) as source:
        reader = await Gotify.of(source)
        survey = await reader.survey()
        images = images or _beside(database)
        if dry_run:
            prospect = await _prospect(settings, arrivals_of(survey))
            _report(survey, await foreseen(reader, survey, prospect, images=images))
            note("nothing was changed")
            return
        async with line(settings) as asking:
            try:
                outcome = await Mover(asking, reader, images).move(survey)
            except BaseException:
                note("it is not done: what has come over stays, and the same command goes on from there")
                raise
            _report(survey, outcome)
            _listed("Ids, there → here:", _renumbered(survey, outcome))
            for user in (await asking.ask(LIST_USERS, Nothing())).users:
                if user.published_password:
                    note(f"everybody knows the password of {user.name}: carillon users password {user.name}")


async def _prospect(settings: Settings, arrivals: Arrivals) -> Prospect:
    """Where there is no database yet, none is made."""
    try:
        open_socket(settings).close()
    except NoServer:
        url = settings.database or None
        waiting = await pending(url, settings.data)
        if len(waiting) == len(steps(engine_of(url))):
            return Prospect([Adopted(mark.kind, mark.id, "new") for mark in arrivals.marks], keeps_ids=True)
        if waiting:
            raise CommandError("the database is of an older version: carillon migrate") from None
    async with line(settings, looking=True) as asking:
        return await asking.ask(FORESEE_MOVE, arrivals)


def _beside(database: str) -> Path | None:
    path = Path(database)
    if path.is_dir():
        return path / IMAGES
    return path.with_name(IMAGES) if path.is_file() else None


def _report(survey: Survey, outcome: Outcome) -> None:
    """What came, by kind and by user; then what is worth a word."""
    for kind, name in (("user", "users"), ("application", "applications"), ("device", "clients")):
        counts = Counter(fate.fate for fate in outcome.fates.values() if fate.kind == kind)
        found = [f"{counts[fate]} {FATES[fate]}" for fate in FATES if counts[fate]]
        say(f"{name}: {', '.join(found) or 'none'}")
    say(f"messages: {_messages(outcome)}")
    say(f"ids: {'the same as there' if outcome.keeps_ids else 'new ones, since this installation is in use'}")
    say("")
    table(["USER", "", "APPLICATIONS", "CLIENTS", "MESSAGES THERE"], list(_by_user(survey, outcome)))
    _listed("Not as it was there:", [*_conflicts(survey, outcome), *survey.left, *outcome.left])


def _listed(title: str, lines: Sequence[str]) -> None:
    if lines:
        say(f"\n{title}")
    for each in lines:
        say(f"- {each}")


def _messages(outcome: Outcome) -> str:
    words = {
        "stored": "new, all of them read",
        "homeless": "of applications that do not come",
        "cleared": "cleared here meanwhile",
    }
    found = [f"{outcome.messages[name]} {text}" for name, text in words.items() if outcome.messages[name]]
    return ", ".join(found) or "none that are new"


def _by_user(survey: Survey, outcome: Outcome) -> list[list[str]]:
    rows = []
    for user in survey.users:
        applications = [each.id for each in survey.applications if each.user_id == user.id]
        devices = sum(each.user_id == user.id for each in survey.devices)
        messages = sum(survey.messages.get(number, 0) for number in applications)
        fate = FATES[outcome.fates["user", user.id].fate]
        rows.append([user.name, fate, str(len(applications)), str(devices), str(messages)])
    return rows


def _names(survey: Survey) -> dict[tuple[str, int], str]:
    names = {("user", each.id): f"user {each.name}" for each in survey.users}
    names |= {("application", each.id): f"application {each.name}" for each in survey.applications}
    return names | {("device", each.id): f"client {each.name}" for each in survey.devices}


def _conflicts(survey: Survey, outcome: Outcome) -> Iterator[str]:
    names = _names(survey)
    for key, fate in outcome.fates.items():
        if fate.fate in ("refused", "gone"):
            yield f"{names[key]}: {fate.why or 'it was deleted here since it came'}"
        elif fate.fate == "joined" and fate.kind == "user":
            yield f"{names[key]}: he is here already, and keeps the password that he has set here"


def _renumbered(survey: Survey, outcome: Outcome) -> list[str]:
    names = _names(survey)
    here = {key: fate.own_id for key, fate in outcome.fates.items() if fate.fate not in ("refused", "gone")}
    return [f"{names[key]}: {key[1]} → {own_id}" for key, own_id in here.items() if own_id != key[1]]
