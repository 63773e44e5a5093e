"""With a real program, written to a folder from which Python imports."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from carillon.core.channels import Failure
from carillon.ops.workers import LONGEST, STUCK, Workers

PROGRAM = """
import json, os, sys, threading

def say(number, answer):
    sys.stdout.write(json.dumps({"id": number, "answer": answer}) + "\\n")
    sys.stdout.flush()

for line in sys.stdin:
    asked = json.loads(line)
    match asked["question"]:
        case "pid": say(asked["id"], os.getpid())
        case "environment": say(asked["id"], sorted(os.environ))
        case "hang": pass
        case "later": threading.Timer(0.05, say, (asked["id"], "late")).start()
        case "die": os._exit(3)
        case "babble": print("what?", flush=True)
        case "flood": print("x" * 3_000_000, flush=True)
        case other: say(asked["id"], other)
"""


@pytest.fixture
async def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workers]:
    (tmp_path / "answering.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("CARILLON_SECRET", "hidden")
    workers = Workers()
    yield workers
    await workers.close()


async def ask(workers: Workers, question: object, seconds: float = 15) -> object:
    answer: object = msgspec.json.decode(await workers.ask("answering", msgspec.json.encode(question), seconds=seconds))
    return answer


def alive(pid: object) -> bool:
    try:
        os.kill(int(str(pid)), 0)
    except ProcessLookupError:
        return False
    return True


async def test_answers_side_by_side_from_one_process(workers: Workers) -> None:
    pid = await ask(workers, "pid")
    later, other = await asyncio.gather(ask(workers, "later"), ask(workers, {"a": ["ü"]}))
    assert (later, other) == ("late", {"a": ["ü"]})
    assert await ask(workers, "pid") == pid


async def test_inherits_no_secrets(workers: Workers) -> None:
    names = await ask(workers, "environment")
    assert isinstance(names, list)
    assert "PATH" in names
    assert "CARILLON_SECRET" not in names


async def test_a_late_answer_harms_no_other(workers: Workers) -> None:
    pid = await ask(workers, "pid")
    with pytest.raises(Failure) as failure:
        await ask(workers, "hang", seconds=0.05)
    assert (failure.value.code, failure.value.uncertain) == ("timeout", True)
    assert await ask(workers, "pid") == pid


async def test_a_program_that_hangs_is_started_anew(workers: Workers) -> None:
    pid = await ask(workers, "pid")
    for _ in range(STUCK):
        with pytest.raises(Failure, match="no answer"):
            await ask(workers, "hang", seconds=0.02)
    assert await ask(workers, "pid") != pid
    assert not alive(pid)


@pytest.mark.parametrize("end", ["die", "babble", "flood"])
async def test_a_program_that_ends_fails_its_questions(workers: Workers, end: str) -> None:
    pid = await ask(workers, "pid")
    hanging = asyncio.create_task(ask(workers, "hang"))
    await asyncio.sleep(0)
    for asked in (ask(workers, end), hanging):
        with pytest.raises(Failure) as failure:
            await asked
        assert (failure.value.code, failure.value.uncertain) == ("connect", True)
    assert await ask(workers, "pid") != pid


async def test_questions_are_bounded(workers: Workers) -> None:
    with pytest.raises(Failure, match="too long"):
        await ask(workers, "x" * LONGEST)


async def test_a_program_that_is_not_there(workers: Workers) -> None:
    with pytest.raises(Failure, match="ended"):
        await workers.ask("nowhere_at_all", b"1", seconds=15)


async def test_close_ends_it(workers: Workers) -> None:
    pid = await ask(workers, "pid")
    await workers.close()
    assert not alive(pid)
