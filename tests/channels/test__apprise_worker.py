"""With the real Apprise, in its process: what it is asked goes to servers of this machine."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator

import msgspec
import pytest

from carillon.channels._apprise_worker import Answer, Question, Refusal, admits, masked, watch
from carillon.core.channels import Failure, Reach
from carillon.ops.workers import Workers
from tests.channels.apprise_servers import HANG, json_server

PROGRAM = "carillon.channels._apprise_worker"


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    workers = Workers()
    yield workers
    await workers.close()


async def ask(workers: Workers, question: Question) -> Answer:
    encoded = msgspec.json.encode(question)
    return msgspec.json.decode(await workers.ask(PROGRAM, encoded, seconds=max(question.seconds, 15)), type=Answer)


async def test_sends(workers: Workers) -> None:
    async with json_server() as server:
        url = f"json://127.0.0.1:{server.port}/secretpath"
        sent = await ask(workers, Question(url=url, title="Bell", body="It rings ü", kind="failure", reach="any"))
        assert sent == Answer(outcome="sent", name="JSON")
        assert [(each["title"], each["message"], each["type"]) for each in server.bodies] == [
            ("Bell", "It rings ü", "failure")
        ]
        server.status = 500
        failed = await ask(workers, Question(url=url, title="Bell", body="It rings", reach="any"))
        assert failed.outcome == "failed"
        assert "error=500" in failed.text
        assert "secretpath" not in failed.text


@pytest.mark.parametrize("reach", ["internet", "private"])
async def test_goes_no_farther_than_it_may(workers: Workers, reach: Reach) -> None:
    async with json_server() as server:
        for host in ("127.0.0.1", "localhost", "2130706433"):
            url = f"json://{host}:{server.port}/"
            refused = await ask(workers, Question(url=url, body="It rings", reach=reach))
            assert (refused.outcome, server.bodies) == ("private", [])
            assert "127.0.0.1" in refused.text


async def test_follows_no_redirection(workers: Workers) -> None:
    async with json_server() as server:
        server.status = 307
        url = f"json://127.0.0.1:{server.port}/?redirect=yes&retry=3"
        assert (await ask(workers, Question(url=url, body="It rings", reach="any"))).outcome == "failed"
        assert len(server.bodies) == 1


async def test_one_that_hangs_holds_up_no_other(workers: Workers) -> None:
    async with json_server() as hanging, json_server() as server:
        hanging.status = HANG
        stuck = Question(url=f"json://127.0.0.1:{hanging.port}/", body="It rings", reach="any", seconds=1)
        well = Question(url=f"json://127.0.0.1:{server.port}/", body="It rings", reach="any")
        await ask(workers, well)
        late = [asyncio.create_task(ask(workers, stuck)) for _ in range(3)]
        assert (await ask(workers, well)).outcome == "sent"
        assert [each.outcome for each in await asyncio.gather(*late)] == ["timeout"] * 3
        with pytest.raises(Failure) as failure:
            await workers.ask(PROGRAM, msgspec.json.encode(msgspec.structs.replace(stuck, seconds=9)), seconds=0.2)
        assert (failure.value.code, failure.value.uncertain) == ("timeout", True)


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "frob://x", "syslog://", "dbus://", "windows://", "discord://too-short", "file:///etc/passwd"],
)
async def test_addresses_that_cannot_be(workers: Workers, url: str) -> None:
    refused = await ask(workers, Question(url=url, body="It rings", reach="any"))
    assert refused.outcome == "options"
    assert refused.text


async def test_looks_at_an_address_without_sending(workers: Workers) -> None:
    async with json_server() as server:
        assert (await ask(workers, Question(url=f"json://127.0.0.1:{server.port}/"))).outcome == "sent"
        assert server.bodies == []


def test_ends_with_its_input() -> None:
    line = b'{"id":1,"question":{"url":"nonsense"}}\n{"id":2,"question":{}}\n'
    ended = subprocess.run([sys.executable, "-m", PROGRAM], input=line, check=True, capture_output=True, timeout=15)
    assert ended.stderr == b""


@pytest.mark.parametrize(
    ("address", "reaches"),
    [
        ("8.8.8.8", ["internet", "private", "any"]),
        ("2606:4700::1", ["internet", "private", "any"]),
        ("10.1.2.3", ["private", "any"]),
        ("::ffff:192.168.1.1", ["private", "any"]),
        ("64:ff9b::a00:1", ["private", "any"]),
        ("2002:a00:1::", ["private", "any"]),
        ("fd00::1", ["private", "any"]),
        ("127.0.0.1", ["any"]),
        ("::1", ["any"]),
        ("0.0.0.0", []),
        ("169.254.169.254", []),
        ("fe80::1%eth0", []),
        ("100.100.100.200", []),
        ("224.0.0.1", []),
        ("255.255.255.255", []),
    ],
)
def test_reach(address: str, reaches: list[Reach]) -> None:
    every: list[Reach] = ["internet", "private", "any"]
    assert [each for each in every if admits(each, address)] == reaches


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("subprocess.Popen", ("/bin/sh", [], None, None)),
        ("os.system", (b"true",)),
        ("socket.connect", (None, "/run/docker.sock")),
        ("socket.connect", (None, ("127.0.0.1", 80))),
        ("socket.sendto", (None, ("localhost", 514))),
        ("open", ("/etc/passwd", "r", os.O_RDONLY)),
        ("open", ("/usr/lib/../../etc/passwd", "r", os.O_RDONLY)),
        ("open", (b"/usr/lib/x", "w", os.O_WRONLY | os.O_CREAT)),
    ],
)
def test_what_the_process_must_not_do(event: str, arguments: tuple[object, ...]) -> None:
    with pytest.raises(Refusal):
        watch(("/opt/programs/",), event, arguments)


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("socket.connect", (None, ("8.8.8.8", 80))),
        ("socket.sendmsg", (None, None)),
        ("open", ("/opt/programs/a.py", "r", os.O_RDONLY)),
        ("open", (3, "r", os.O_RDONLY)),
        ("open", ("/dev/null", "w", os.O_WRONLY)),
        ("import", ("json",)),
    ],
)
def test_what_the_process_may_do(event: str, arguments: tuple[object, ...]) -> None:
    watch(("/opt/programs/",), event, arguments)


def test_masks_what_may_be_secret() -> None:
    url = "jsons://user:pass%20word@bells.example:8443/token1234?key=abcdefg"
    text = "bells.example refused token1234 of user with pass word, abcdefg"
    assert masked(text, url) == "bells.example refused ••• of ••• with •••, •••"
