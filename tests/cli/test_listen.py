from __future__ import annotations

import asyncio
import json
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from carillon.cli.listen import Ear, Names, block, refuse
from carillon.cli.terminal import CommandError
from tests.cli.program import Program
from tests.walks.server import CARILLON, PATIENCE, Server, environment, free_port


@asynccontextmanager
async def listen(program: Program, *arguments: str) -> AsyncIterator[Process]:
    """`carillon listen` as a process of its own; ended whatever happens.

    It hears of Ctrl-C also where the tests run in the background of a shell, which has it ignored there.
    """
    settings = {name: value for name, value in program.environment.items() if value is not None}
    command = ["env", "--default-signal=INT", CARILLON, "listen", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment(settings), stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode()


async def sent(program: Program, text: str, *options: str) -> int:
    return int(await asyncio.to_thread(program.said, "send", text, *options))


async def test_everything_from_the_beginning_and_then_what_comes(beside: Program) -> None:
    first = await sent(beside, "Grüße", "--title", "T", "--priority", "4")
    async with listen(beside, "--json", "--after", "0") as process:
        heard = json.loads(await line(process))
        while heard["id"] != first:
            heard = json.loads(await line(process))
        assert (heard["message"], heard["title"], heard["priority"]) == ("Grüße", "T", 4)
        second = await sent(beside, "next")
        heard = json.loads(await line(process))
        assert heard["id"] == second
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    async with listen(beside, "--json", "--after", str(heard["changed"])) as process:
        third = await sent(beside, "after that")
        assert json.loads(await line(process))["id"] == third


async def test_for_people_and_with_a_token(beside: Program, server: Server) -> None:
    token = (await asyncio.to_thread(beside.said, "tokens", "add", "device", "phone")).strip()
    await sent(beside, "one\x1b[2J\ntwo", "--title", "T", "--application", "Cron")
    async with listen(beside, "--after", "0", "--token", token, "--server", server.url) as process:
        while "  Cron  priority 0" not in await line(process):
            pass
        assert [await line(process) for _ in range(4)] == ["T\n", "one\ufffd[2J\n", "two\n", "\n"]


async def test_it_leaves_no_token_behind(beside: Program) -> None:
    async def tokens() -> list[str]:
        return [row.split()[0] for row in (await asyncio.to_thread(beside.said, "tokens", "list")).splitlines()]

    await sent(beside, "x")
    before = await tokens()
    async with listen(beside, "--json", "--after", "0") as process:
        await line(process)
        assert await tokens() == before
        process.kill()
    assert await tokens() == before


async def test_only_the_users_own(beside: Program) -> None:
    await asyncio.to_thread(beside.said, "users", "add", "søren", "--password-stdin", stdin="secret")
    await sent(beside, "not his")
    his = await sent(beside, "his", "--user", "søren")
    async with listen(beside, "--json", "--after", "0", "--user", "søren") as process:
        assert json.loads(await line(process))["id"] == his


async def test_after_a_cut_it_goes_on_where_it_was(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", tmp_path / "log")
    program = Program(server.data, CARILLON_PORT=str(server.port))
    try:
        await server.start()
        first = await sent(program, "before")
        async with listen(program, "--json", "--after", "0") as process:
            assert json.loads(await line(process))["id"] == first
            assert await server.stop() == 0
            between = await sent(program, "between")
            await server.start()
            assert json.loads(await line(process))["id"] == between
            last = await sent(program, "later")
            assert json.loads(await line(process))["id"] == last
    finally:
        server.end()


def test_what_cannot_be(beside: Program, program: Program) -> None:
    assert "no server runs" in program.refused("listen")
    assert "cannot be reached" in program.refused(
        "listen", "--token", "C", "--server", f"http://127.0.0.1:{free_port()}"
    )
    assert "no such token" in beside.refused("listen", "--token", "Cnonsense")
    assert "no user 'nobody'" in beside.refused("listen", "--user", "nobody")
    assert "--server needs a token" in program.refused("listen", "--server", "http://localhost")
    assert "leave out the token" in program.refused("listen", "--token", "C", "--user", "anna")


def client(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://bell")


def entry(changed: int, number: int | None = None) -> dict[str, Any]:
    change: dict[str, Any] = {"type": "entry", "changed": changed}
    return change if number is None else {**change, "message": {"id": number}}


class Replays:
    """A server whose connections each tell their changes and end; `asked` is what they were to begin after."""

    def __init__(self, *connections: list[dict[str, Any]]) -> None:
        self._rest = iter(connections)
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.params["after"])
        text = "".join(f"id: 1\nevent: x\ndata: {json.dumps(change)}\n\n:\n\n" for change in next(self._rest))
        return httpx.Response(200, text=text)


def test_what_only_changed_is_not_told_again() -> None:
    first = [entry(5, 3), entry(6), {"type": "live", "cursor": 6}, entry(7, 4)]
    second = [entry(8, 3), entry(9, 5), {"type": "cleared", "changed": 10}]
    replays = Replays(first, second, [])
    with client(replays) as http:
        ear = Ear(http, cursor=2, newest=2)
        assert [(message["changed"], message["id"]) for message in ear.messages()] == [(5, 3), (7, 4)]
        assert [message["id"] for message in ear.messages()] == [5]
        assert ear.alive
        assert list(ear.messages()) == []
        assert not ear.alive
    assert replays.asked == ["2", "7", "10"]


def test_a_history_that_is_another_one_is_told_from_the_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    with client(Replays([{"type": "hole"}, entry(1, 1), {"type": "live", "cursor": 1}])) as http:
        assert [message["id"] for message in Ear(http, cursor=90, newest=80).messages()] == [1]
    assert "from the beginning" in capsys.readouterr().err


def test_names_are_asked_for_when_they_are_new() -> None:
    count = 0

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        return httpx.Response(200, json={"applications": [{"id": 7, "name": "Cron"}]})

    with client(answer) as http:
        names = Names(http)
        assert [names.of({"application": 7}), names.of({"application": 7})] == ["Cron", "Cron"]
        assert count == 1
        assert names.of({"application": 8}) == "application 8"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_errors_that_stay(status: int) -> None:
    with pytest.raises(CommandError):
        refuse(httpx.Response(status, request=httpx.Request("GET", "http://bell/")))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_errors_that_pass(status: int) -> None:
    with pytest.raises(httpx.HTTPStatusError):
        refuse(httpx.Response(status, request=httpx.Request("GET", "http://bell/")))


def test_a_block() -> None:
    message = {
        "created": "2026-09-01T12:00:00.000000Z",
        "priority": 5,
        "title": "Title",
        "message": "one\ntwo",
        "url": "https://example.org",
    }
    first, *rest = block(message, "Cron").split("\n")
    assert first.endswith("  Cron  priority 5")
    assert rest == ["Title", "one", "two", "https://example.org", ""]
    assert "two" not in block({**message, "encrypted": True}, "Cron")
