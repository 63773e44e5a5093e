"""The example of a channel from another package: its own tests, and a server that it is installed beside."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.walks.conftest import Serve
from tests.walks.programs import PIP, ROOT, run
from tests.walks.receivers import Asked, Said, receiver
from tests.walks.server import Person, until

EXAMPLE = ROOT / "examples/carillon-channel-mattermost"
LINES = 100
REFUSAL = {"id": "web.incoming_webhook.invalid.app_error", "message": "Invalid webhook."}


@pytest.fixture
async def installed(tmp_path: Path) -> Path:
    """A folder that has the package as pip installs it, entry point and all, and nothing else."""
    target = tmp_path / "beside"
    alone = ("--no-deps", "--no-build-isolation", "--no-index", "--no-compile", "--target", str(target))
    await run(sys.executable, *PIP, "install", *alone, str(EXAMPLE))
    return target


async def test_its_own_tests_pass() -> None:
    await run(sys.executable, "-W", "ignore", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE))


def test_it_is_short() -> None:
    (module,) = EXAMPLE.glob("carillon_*.py")
    assert module.read_text().count("\n") <= LINES


async def test_a_message_goes_through_it(serve: Serve, installed: Path) -> None:
    got: list[Asked] = []

    async def mattermost(asked: Asked) -> Said:
        got.append(asked)
        if asked.path not in ("/hooks/right", "/api/v4/system/ping"):
            return Said(400, json.dumps(REFUSAL).encode())
        return Said(200, b"ok")

    server = serve(env={"PYTHONPATH": str(installed)})
    await server.start()
    async with receiver(mattermost) as url, Person(server) as admin:
        assert (await admin.patch("/api/1/settings", json={"service_addresses": "any"})).is_success
        found = {each["kind"]: each for each in (await admin.get("/api/1/channels")).json()["channels"]}
        kind = found["mattermost"]
        assert (kind["title"], kind["available"]) == ({"en": "Mattermost", "de": "Mattermost"}, True)
        assert [each["name"] for each in kind["fields"]] == ["hook", "channel", "labels"]

        right, wrong = ({"kind": "mattermost", "options": {"hook": f"{url}/hooks/{key}"}} for key in ("right", "wrong"))
        assert (await admin.post("/api/1/services/check", json=right)).json()["text"] == "The server is there"
        refused = (await admin.post("/api/1/services/test", json=wrong)).json()
        assert (refused["outcome"], refused["field"], refused["text"]) == ("broken", "hook", REFUSAL["message"])

        assert (await admin.post("/api/1/services", json={**right, "name": "Team"})).is_success
        token = await admin.application()
        message = {"title": "Backup failed", "message": "no space left", "priority": 8}
        assert (await admin.post("/message", json=message, headers={"X-Gotify-Key": token})).is_success

        async def sent() -> bool:
            (delivery,) = (await admin.get("/api/1/deliveries")).json()["deliveries"]
            return bool(delivery["state"] == "sent")

        await until(sent, "the delivery is sent")
    assert [each.path for each in got] == ["/api/v4/system/ping", "/hooks/wrong", "/hooks/right"]
    assert got[-1].json() == {
        "text": "**Backup failed**\n```\nno space left\n```",
        "username": "backup",
        "priority": {"priority": "important"},
    }
    assert "x-carillon-via" in got[-1].headers
