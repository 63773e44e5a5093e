from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from carillon.cli.ask import open_socket
from carillon.settings import Settings
from tests.cli.program import Program
from tests.walks.server import Server, free_port


def inbox(program: Program) -> dict[int, dict[str, object]]:
    """The first admin's messages, by their ids; a server runs."""
    with open_socket(Settings(data=program.data)) as client:
        return {message["id"]: message for message in client.get("/api/1/inbox").json()["messages"]}


@pytest.fixture
def token(beside: Program) -> str:
    return beside.said("tokens", "add", "application", "Backup").strip()


def test_the_id_is_printed(either: Program) -> None:
    first, second = int(either.said("send", "one")), int(either.said("send", "two"))
    assert 0 < first < second


def test_every_option_is_stored(beside: Program) -> None:
    options = ["--title", "Title", "--priority", "8", "--url", "https://example.org", "--url-title", "Look"]
    more = ["--tag", "a", "--tag", "b", "--key", "k", "--ttl", "3600", "--application", "Cron"]
    number = int(beside.said("send", "Grüße", *options, *more))
    message = inbox(beside)[number]
    assert message["message"] == "Grüße"
    assert (message["title"], message["priority"], message["key"]) == ("Title", 8, "k")
    assert (message["url"], message["url_title"], message["tags"]) == ("https://example.org", "Look", ["a", "b"])
    assert "expires" in message


def test_the_same_with_a_token(beside: Program, token: str) -> None:
    options = ["--title", "Title", "--priority", "8", "--tag", "a", "--key", "k", "--ttl", "3600"]
    number = int(beside.said("send", "x", *options, CARILLON_TOKEN=token))
    message = inbox(beside)[number]
    assert (message["title"], message["priority"], message["key"], message["tags"]) == ("Title", 8, "k", ["a"])
    assert "expires" in message
    number = int(beside.said("send", "x", "--token", token))
    plain = inbox(beside)[number]
    assert (plain["title"], "tags" in plain) == ("Backup", False)


def test_an_application_is_made_once(either: Program) -> None:
    for _ in range(2):
        either.said("send", "x", "--application", "Nightly")
    assert either.said("tokens", "list").count("Nightly") == 1


def test_sent_as_another_user(either: Program) -> None:
    either.said("users", "add", "ella", "--password-stdin", stdin="secret")
    either.said("send", "x", "--user", "ella", "--application", "Hers")
    line = next(line for line in either.said("tokens", "list").splitlines() if "Hers" in line)
    assert "ella" in line
    assert "no user 'nobody'" in either.refused("send", "x", "--user", "nobody")


def test_from_standard_input(beside: Program) -> None:
    number = int(beside.said("send", "-", stdin="line one\nline two\xff\n".encode("latin-1")))
    assert inbox(beside)[number]["message"] == "line one\nline two\ufffd"


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_to_say(program: Program, text: str) -> None:
    assert program.refused("send", "-", stdin=text) == "carillon: the message is empty\n"
    assert program.refused("send", text) == "carillon: the message is empty\n"


def test_repeated_with_a_key_it_is_stored_once(beside: Program, token: str) -> None:
    for way in (["--token", token], ["--application", "Other"]):
        numbers = {beside.said("send", "x", *way, "--idempotency-key", "once") for _ in range(2)}
        assert len(numbers) == 1
        assert beside.refused("send", "y", *way, "--idempotency-key", "once").startswith("carillon: ")


def test_what_the_server_has_against_it(beside: Program, token: str) -> None:
    assert "no such token" in beside.refused("send", "x", "--token", "Anonsense")
    long = "x" * 70_000
    assert "65536" in beside.refused("send", "-", "--token", token, stdin=long)
    assert "65536" in beside.refused("send", "-", stdin=long)


def test_too_long_without_a_server(program: Program) -> None:
    assert "65536" in program.refused("send", "-", stdin="x" * 70_000)


def test_a_server_that_is_not_there(program: Program) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert f"{url} cannot be reached" in program.refused("send", "x", "--token", "A", "--server", url)
    assert not program.data.exists()


def test_a_server_that_is_another_kind(beside: Program, server: Server) -> None:
    said = beside.refused("send", "x", "--token", "A", "--server", f"{server.url}/elsewhere")
    assert said.startswith("carillon: ")


def test_a_server_is_named_by_the_settings(program: Program, server: Server, token: str) -> None:
    assert int(program.said("send", "x", CARILLON_URL=server.url, CARILLON_TOKEN=token))


def test_options_that_need_a_token_or_forbid_one(program: Program) -> None:
    assert "--server needs a token" in program.refused("send", "x", "--server", "http://localhost")
    assert "leave out the token" in program.refused("send", "x", "--token", "A", "--user", "anna")
    assert "leave out the token" in program.refused("send", "x", "--application", "Cron", CARILLON_TOKEN="A")


async def test_what_is_sent_without_a_server_is_there_when_one_runs(program: Program, tmp_path: Path) -> None:
    number = int(await asyncio.to_thread(program.said, "send", "early"))
    later = Server(program.data, tmp_path / "log")
    try:
        await later.start()
        assert [message["message"] for message in inbox(program).values()] == ["early"]
        assert list(inbox(program)) == [number]
    finally:
        later.end()
