from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from tests.cli.program import Program
from tests.walks.receivers import Hooks, receiver

OPTIONS = {"url": "https://127.0.0.1:9/hook", "secret": "hush-hush"}


@pytest.fixture
def hook() -> Iterator[tuple[str, Hooks]]:
    """The address of a receiver of webhooks, which has a loop of its own."""
    hooks, loop, ready, stop = Hooks(), asyncio.new_event_loop(), asyncio.Event(), asyncio.Event()
    found: list[str] = []

    async def serve() -> None:
        async with receiver(hooks) as url:
            found.append(url)
            ready.set()
            await stop.wait()

    thread = Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    asyncio.run_coroutine_threadsafe(ready.wait(), loop).result(10)
    yield found[0], hooks
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


def add(program: Program, name: str, *more: str, **options: object) -> str:
    """The id of a new webhook."""
    given = json.dumps({**OPTIONS, **options})
    return program.said("services", "add", "webhook", name, "--options", "-", *more, stdin=given).strip()


def rows(program: Program) -> dict[str, list[str]]:
    """By the name of the service, which is one word here."""
    return {line.split()[1]: line.split() for line in program.said("services", "list").splitlines()[1:]}


def test_add_list_switch_and_remove(either: Program) -> None:
    service = add(either, "hook", "--min-level", "4")
    assert rows(either)["hook"] == [service, "hook", "webhook", "user", "0", "0", "0", "never", "on"]
    assert either("services", "disable", service).stderr == f"service {service} is off\n"
    assert rows(either)["hook"][-1] == "off"
    assert either("services", "enable", service).stderr == f"service {service} is on\n"
    assert either("services", "resume", service).stderr == f"service {service} is tried again\n"
    assert rows(either)["hook"][-1] == "on"
    assert "--yes" in either.refused("services", "remove", service)
    assert either("services", "remove", service, "--yes").stderr == f"removed service {service}\n"
    assert "hook" not in rows(either)


def test_options_from_a_file_and_of_the_whole_server(either: Program, tmp_path: Path) -> None:
    file = tmp_path / "options.json"
    file.write_text(json.dumps(OPTIONS))
    service = either.said("services", "add", "webhook", "all", "--options", str(file), "--server").strip()
    assert rows(either)["all"][3] == "server"
    either.said("services", "remove", service, "--yes")


def test_what_cannot_be(either: Program) -> None:
    assert either.refused("services", "test", "999").startswith("carillon: ")
    assert "no JSON object" in either.refused("services", "add", "webhook", "x", "--options", "-", stdin="[1]")
    assert "address" in either.refused("services", "add", "webhook", "x", "--options", "-", stdin="{}").lower()
    assert "horn" in either.refused("services", "add", "horn", "x", "--options", "-", stdin="{}")
    assert "nobody" in either.refused("services", "list", "--user", "nobody")


def test_a_test_notification(tmp_path: Path, hook: tuple[str, Hooks]) -> None:
    url, hooks = hook
    allowed = Program(tmp_path / "data", CARILLON_SERVICE_ADDRESSES="any")
    service = add(allowed, "tried", url=url)
    assert f"service {service} took it in " in allowed("services", "test", service).stderr
    assert hooks.got[0].json()["test"] is True


def test_a_refusal_is_told_and_fails(either: Program) -> None:
    service = add(either, "nowhere")
    assert f"service {service} did not take it: private: " in either.refused("services", "test", service)
    either.said("services", "remove", service, "--yes")
