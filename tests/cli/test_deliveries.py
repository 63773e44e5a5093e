from __future__ import annotations

import asyncio

from tests.cli.program import Program
from tests.cli.test_services import add
from tests.walks.server import Server, until


def rows(program: Program, *arguments: str) -> list[list[str]]:
    return [line.split() for line in program.said("deliveries", "list", *arguments).splitlines()[1:]]


def test_while_no_server_runs_they_wait_and_can_be_cancelled(program: Program) -> None:
    service = add(program, "hook")
    program.said("send", "done", "--title", "Night")
    (waiting,) = rows(program, "--service", service, "--text", "night")
    delivery = waiting[0]
    assert waiting[3:] == ["hook", "Night", "due", "0"]
    assert rows(program, "--failed") == rows(program, "--text", "day") == rows(program, "--state", "sent") == []
    assert program("deliveries", "cancel", delivery).stderr == "1 cancelled\n"
    assert program("deliveries", "cancel", delivery).stderr == "0 cancelled\n"
    (cancelled,) = rows(program, "--state", "cancelled")
    assert cancelled[0] == delivery
    assert program("deliveries", "resend", delivery).stderr == "1 to be sent again\n"
    assert rows(program)[0][5] == "due"


def test_what_a_server_gave_up_is_sent_again(beside: Program, server: Server) -> None:
    """The address is that of this machine, which no admin has allowed: the service is paused."""
    service = add(beside, "hook")
    beside.said("send", "done", "--title", "Night")

    def given_up() -> list[list[str]]:
        return rows(beside, "--failed", "--service", service)

    asyncio.run(until(lambda: bool(given_up()), "it is given up"))
    (row,) = given_up()
    assert row[-3:] == ["Services", "may", "reach"]
    assert beside("deliveries", "resend", "--failed", "--service", service).stderr == "1 to be sent again\n"
    assert given_up() == []
    assert "broken: private: " in beside.said("services", "list")
    beside.said("services", "resume", service)
    asyncio.run(until(lambda: bool(given_up()), "it is given up once more"))


def test_what_cannot_be(either: Program) -> None:
    assert "either ids or --failed" in either.refused("deliveries", "resend")
    assert "either ids or --failed" in either.refused("deliveries", "resend", "1", "--failed")
    assert "go with --failed" in either.refused("deliveries", "resend", "1", "--text", "x")
    assert "--state or --failed" in either.refused("deliveries", "list", "--state", "sent", "--failed")
    either.refused("deliveries", "list", "--state", "lost", status=2)
    either.refused("deliveries", "list", "--limit", "0", status=2)
    either.refused("deliveries", "cancel", "99")
