from __future__ import annotations

import asyncio
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec import Struct
from PIL import Image

from carillon.cli import moving
from carillon.cli.moving import Mover, Progress, arrivals_of, foreseen, picture_of
from carillon.core.errors import Unavailable
from carillon.core.foreign import Adopted, Fate, ForeignKind, Prospect, Settled
from carillon.core.housekeeping import REST
from carillon.core.images import Picture
from carillon.core.secrets import digest
from carillon.imports.gotify import Gotify
from carillon.imports.source import opened
from carillon.ops.desk import Nothing, Operation
from carillon.ops.moving import MOVE_MESSAGES, Fates
from tests.imports.gotify_databases import installation, keys, make_sqlite, message

Q = TypeVar("Q", bound=Struct)
A = TypeVar("A", bound=Struct)


class Line:
    """Takes everything. `asked` are the names of the questions; `fails` says at which one storage gives up."""

    shared = False

    def __init__(self, *, fails: int = -1, reached: int = 0) -> None:
        self.asked: list[str] = []
        self.messages: list[list[int]] = []
        self._fails = fails
        self._reached = reached

    async def ask(self, operation: Operation[Q, A], question: Q) -> A:
        if len(self.asked) == self._fails:
            raise Unavailable("not now")
        self.asked.append(operation.name)
        if operation is MOVE_MESSAGES:
            some: Any = question
            self.messages.append([each.id for each in some.messages])
            return self._as(operation, Settled(stored=len(some.messages)))
        fates = [Adopted(mark.kind, mark.id, "new") for mark in getattr(question, "marks", [])]
        answers: dict[type[Struct], Struct] = {
            Prospect: Prospect(fates, keeps_ids=True, origin_id=1, reached=self._reached),
            Fates: Fates([]),
            Nothing: Nothing(),
        }
        return self._as(operation, answers[operation.answer])

    def _as(self, operation: Operation[Q, A], answer: Struct) -> A:
        assert isinstance(answer, operation.answer)
        return answer


async def carried(tmp_path: Path, line: Line, **rows: Any) -> moving.Outcome:
    name = str(make_sqlite(tmp_path / "gotify.db", {**installation(0), **rows}))
    async with opened(name, file="") as source:
        reader = await Gotify.of(source)
        return await Mover(line, reader, None).move(await reader.survey())


async def test_what_is_foreseen_is_read_and_handed_to_nobody(tmp_path: Path) -> None:
    rows = installation(0)
    rows["applications"][0]["image"] = "a.png"
    rows["clients"][1]["user_id"] = 77
    rows["messages"] = [message(1, 2), message(2, 3), message(3, 5, extras=b"[]"), message(4, 99)]
    async with opened(str(make_sqlite(tmp_path / "gotify.db", rows)), file="") as source:
        reader = await Gotify.of(source)
        survey = await reader.survey()
        fates: dict[tuple[ForeignKind, int], Fate] = {(mark.kind, mark.id): "new" for mark in arrivals_of(survey).marks}
        fates["user", 3], fates["application", 5] = "gone", "known"
        adopted = [Adopted(kind, number, fate) for (kind, number), fate in fates.items()]
        outcome = await foreseen(reader, survey, Prospect(adopted, keeps_ids=True, reached=1), images=None)
    assert [fate.fate for fate in outcome.fates.values()] == ["new", "gone", "new", "known", "new", "refused"]
    assert outcome.messages == {"stored": 1, "homeless": 2}
    assert outcome.left == [
        "the picture of Backup: say where the files are (--images)",
        "messages whose extras are no JSON object: they come without (1)",
    ]


async def test_everything_in_its_order(tmp_path: Path) -> None:
    line = Line()
    outcome = await carried(tmp_path, line, messages=[message(1), message(2)])
    assert line.asked == [
        "begin_move",
        "move_users",
        "move_applications",
        "move_devices",
        "move_messages",
        "end_move",
    ]
    assert outcome.messages["stored"] == 2


async def test_messages_go_some_at_a_time(tmp_path: Path) -> None:
    line = Line()
    long = [message(1000 + number, message="x" * (moving.CHARACTERS // 2)) for number in range(3)]
    await carried(tmp_path, line, messages=[message(number) for number in range(1, moving.ROWS + 2)] + long)
    assert [len(batch) for batch in line.messages] == [moving.ROWS, 3, 1]
    assert [*chain(*line.messages)] == [*range(1, moving.ROWS + 2), 1000, 1001, 1002]


async def test_users_go_some_at_a_time_too(tmp_path: Path) -> None:
    users = [
        {"id": number, "name": f"user {number}", "pass": None, "admin": False} for number in range(1, moving.SOME + 2)
    ]
    line = Line()
    await carried(tmp_path, line, users=users)
    assert line.asked.count("move_users") == 2


async def test_it_begins_after_what_came_before(tmp_path: Path) -> None:
    line = Line(reached=2)
    await carried(tmp_path, line, messages=[message(number) for number in range(1, 5)])
    assert line.messages == [[3, 4]]


async def test_a_failure_ends_it(tmp_path: Path) -> None:
    line = Line(fails=4)
    with pytest.raises(Unavailable):
        await carried(tmp_path, line, messages=[message(1)])
    assert "end_move" not in line.asked


async def test_where_others_are_served_it_rests(tmp_path: Path) -> None:
    class Busy(Line):
        shared = True

        async def ask(self, operation: Operation[Q, A], question: Q) -> A:
            await asyncio.sleep(0.01)
            return await super().ask(operation, question)

    loop = asyncio.get_running_loop()
    began = loop.time()
    await carried(tmp_path, Busy(), messages=[message(1)])
    assert loop.time() - began > 0.01 * 6 + 0.01 * REST


async def test_marks(tmp_path: Path) -> None:
    async with opened(str(make_sqlite(tmp_path / "g.db", installation(0))), file="") as source:
        arrivals = arrivals_of(await (await Gotify.of(source)).survey())
    assert [(mark.kind, mark.id) for mark in arrivals.marks] == [
        ("user", 1),
        ("user", 3),
        ("application", 2),
        ("application", 5),
        ("device", 4),
        ("device", 7),
    ]
    assert arrivals.marks[0].sign == "admin"
    assert arrivals.marks[5].sign == digest(keys("c", 7).private).hex()


def test_pictures(tmp_path: Path) -> None:
    Image.new("RGB", (9, 5)).save(tmp_path / "a.gif")
    found = picture_of(tmp_path, "a.gif")
    assert isinstance(found, Picture)
    assert found.media_type == "image/png"
    (tmp_path / "text.png").write_text("<svg/>")
    assert picture_of(tmp_path, "text.png") == f"{tmp_path}/text.png: file must be an image"
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(moving.LARGEST_PICTURE + 1)
    assert picture_of(tmp_path, "huge.png") == "the file is too large"
    assert picture_of(tmp_path, "../a.gif") == "../a.gif is no name of a file"
    assert "No such file" in str(picture_of(tmp_path, "none.png"))
    assert picture_of(None, "a.gif") == "say where the files are (--images)"


async def test_progress_is_told_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(100)
    progress.at(1)
    await asyncio.sleep(moving.EACH_TERMINAL + 0.05)
    progress.at(50)
    progress.at(60)
    progress.end()
    assert capsys.readouterr().err == "message 50 of 100\n"
