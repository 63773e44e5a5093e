"""Carries what a reader has found in another server's database to the installation, some at a time, and counts."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import typer
from msgspec.structs import replace

from carillon.cli.ask import Line
from carillon.core.errors import BadInput
from carillon.core.foreign import (
    NO_USER,
    Adopted,
    Arrivals,
    Fate,
    ForeignApplication,
    ForeignMessage,
    Mark,
    Prospect,
    Settled,
)
from carillon.core.housekeeping import LONGEST_REST, REST
from carillon.core.images import Picture, read_picture
from carillon.imports.gotify import Gotify, Survey
from carillon.ops import moving as ops

SOME = 100  # users, applications or devices in one question
ROWS, CHARACTERS = 200, 1024 * 1024  # messages in one question: short, since publishers wait for it
LARGEST_PICTURE = 32 * 1024 * 1024  # bytes of a file

COME: set[Fate] = {"new", "joined", "known"}

EACH_TERMINAL, EACH_LOG = 0.2, 10.0  # seconds between two signs of progress

T = TypeVar("T")


def arrivals_of(survey: Survey) -> Arrivals:
    marks = [Mark("user", user.id, user.name) for user in survey.users]
    marks += [Mark("application", each.id, each.token.digest.hex()) for each in survey.applications]
    marks += [Mark("device", each.id, each.token.digest.hex()) for each in survey.devices]
    return Arrivals(marks, survey.tops)


class Outcome:
    """What became of everything, or would; `left` names what does not come, a line each."""

    def __init__(self, prospect: Prospect) -> None:
        self.keeps_ids = prospect.keeps_ids
        self.fates: dict[tuple[str, int], Adopted] = {}
        self.messages: Counter[str] = Counter()
        self.left: list[str] = []
        self.note(prospect.fates)

    def note(self, fates: Sequence[Adopted]) -> None:
        self.fates.update({(fate.kind, fate.id): fate for fate in fates})

    def settle(self, settled: Settled) -> None:
        for name in ("stored", "known", "homeless", "cleared"):
            self.messages[name] += getattr(settled, name)

    def leave(self, oddities: Counter[str]) -> None:
        self.left += [f"{text} ({number})" for text, number in oddities.items()]


async def foreseen(gotify: Gotify, survey: Survey, prospect: Prospect, *, images: Path | None) -> Outcome:
    """What a move would come to. All is read as it would be then, and handed to nobody."""
    outcome = _expected(survey, prospect)
    for application in survey.applications:
        _pictured(application, survey, outcome, images=images)
    comes = {number for (kind, number), fate in outcome.fates.items() if kind == "application" and fate.fate in COME}
    progress = Progress(survey.tops.message)
    async for message in gotify.messages(prospect.reached):
        outcome.messages["stored" if message.application_id in comes else "homeless"] += 1
        progress.at(message.id)
    progress.end()
    outcome.leave(gotify.oddities)
    return outcome


def _expected(survey: Survey, prospect: Prospect) -> Outcome:
    """With what cannot come since its user does not, which a prospect does not know."""
    outcome = Outcome(prospect)
    users = {user.id for user in survey.users if outcome.fates["user", user.id].fate != "gone"}
    owners = [("application", each.id, each.user_id) for each in survey.applications]
    owners += [("device", each.id, each.user_id) for each in survey.devices]
    lost = [outcome.fates[kind, number] for kind, number, user_id in owners if user_id not in users]
    outcome.note([replace(fate, fate="refused", why=NO_USER) for fate in lost if fate.fate == "new"])
    return outcome


class Mover:
    """`images` is the folder of the pictures, None for none."""

    def __init__(self, line: Line, gotify: Gotify, images: Path | None) -> None:
        self._line = line
        self._gotify = gotify
        self._images = images

    async def move(self, survey: Survey) -> Outcome:
        """Each question is a transaction. Cut short, it leaves what has come; the same again goes on from there."""
        prospect = await self._line.ask(ops.BEGIN_MOVE, arrivals_of(survey))
        outcome = _expected(survey, prospect)
        origin = prospect.origin_id or 0
        for users in _portions(survey.users):
            outcome.note((await self._line.ask(ops.MOVE_USERS, ops.Users(origin, users))).fates)
        for applications in _portions(survey.applications):
            drawn = [_pictured(each, survey, outcome, images=self._images) for each in applications]
            outcome.note((await self._line.ask(ops.MOVE_APPLICATIONS, ops.Applications(origin, drawn))).fates)
        for devices in _portions(survey.devices):
            outcome.note((await self._line.ask(ops.MOVE_DEVICES, ops.Devices(origin, devices))).fates)
        await self._messages(origin, survey, outcome=outcome, after=prospect.reached)
        await self._line.ask(ops.END_MOVE, ops.End(origin, survey.tops))
        outcome.leave(self._gotify.oddities)
        return outcome

    async def _messages(self, origin: int, survey: Survey, *, outcome: Outcome, after: int) -> None:
        progress = Progress(survey.tops.message)
        batch: list[ForeignMessage] = []
        room = CHARACTERS
        async for message in self._gotify.messages(after):
            batch.append(message)
            room -= len(message.title) + len(message.body) + len(message.extras or "")
            if len(batch) == ROWS or room <= 0:
                await self._hand(origin, batch, outcome)
                progress.at(message.id)
                batch, room = [], CHARACTERS
        if batch:
            await self._hand(origin, batch, outcome)
        progress.end()

    async def _hand(self, origin: int, batch: list[ForeignMessage], outcome: Outcome) -> None:
        """Publishing goes before: where there may be any, this rests longer than it works."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        outcome.settle(await self._line.ask(ops.MOVE_MESSAGES, ops.Messages(origin, batch)))
        if self._line.shared:
            await asyncio.sleep(min(REST * (loop.time() - began), LONGEST_REST))


def _pictured(
    application: ForeignApplication, survey: Survey, outcome: Outcome, *, images: Path | None
) -> ForeignApplication:
    name = survey.pictures.get(application.id)
    if not name or outcome.fates["application", application.id].fate not in ("new", "known"):
        return application
    picture = picture_of(images, name)
    if isinstance(picture, str):
        outcome.left.append(f"the picture of {application.name}: {picture}")
        return application
    return replace(application, picture=picture)


def picture_of(folder: Path | None, name: str) -> Picture | str:
    """The picture of a file, or why there is none."""
    if folder is None:
        return "say where the files are (--images)"
    if Path(name).name != name:
        return f"{name} is no name of a file"
    try:
        with (folder / name).open("rb") as file:
            data = file.read(LARGEST_PICTURE + 1)
        return read_picture(data) if len(data) <= LARGEST_PICTURE else "the file is too large"
    except OSError as error:
        return f"{folder / name}: {error.strerror}"
    except BadInput as error:
        return f"{folder / name}: {error}"


def _portions(things: Sequence[T]) -> Iterator[list[T]]:
    for start in range(0, len(things), SOME):
        yield list(things[start : start + SOME])


class Progress:
    """One line on a terminal, a line now and then elsewhere, on standard error."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._terminal = sys.stderr.isatty()
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self._next = self._now() + EACH_TERMINAL
        self._shown = False

    def at(self, message_id: int) -> None:
        if self._now() < self._next:
            return
        self._next = self._now() + (EACH_TERMINAL if self._terminal else EACH_LOG)
        self._shown = True
        line = f"message {message_id} of {self._top}"
        typer.echo(f"\r{line}" if self._terminal else line, nl=not self._terminal, err=True)

    def end(self) -> None:
        if self._shown and self._terminal:
            typer.echo(err=True)
