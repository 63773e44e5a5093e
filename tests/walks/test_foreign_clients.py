"""Programs of others that speak Gotify's API, each told to do what it can."""

from __future__ import annotations

import json
from typing import Any

from tests.walks.programs import CLIENTS, client, run
from tests.walks.server import Person, Server, heard, listening


async def test_the_gotify_library(server: Server, admin: Person) -> None:
    bin_folder = client("gotify")
    device = await admin.device()
    said = await run(str(bin_folder / "python"), "-W", "ignore", str(CLIENTS / "gotify/client.py"), server.url, device)
    got: dict[str, Any] = json.loads(said)
    assert got["health"] == {"health": "green", "database": "green"}
    assert got["user"]["name"] == "admin"
    message = got["heard"]
    assert (message["message"], message["title"], message["priority"]) == ("hello", "t", 7)
    assert message["extras"] == {"a::b": {"c": 1}}
    assert message["appid"] == got["application"]["id"]
    assert got["last"]["priority"] == 3
    assert got["refusal"] is not None
    assert [each["name"] for each in got["applications"]] == ["from PyPI"]
    assert {each["name"] for each in got["clients"]} == {"phone", "second"}
    assert got["page"]["paging"]["size"] == 1
    ids = [each["id"] for each in got["of application"]["messages"]]
    assert message["id"] in ids
    assert got["last"]["id"] not in ids


async def test_apprise(server: Server, admin: Person) -> None:
    bin_folder = client("apprise")
    token, device = await admin.tokens()
    async with listening(server, device) as stream:
        address = f"gotify://127.0.0.1:{server.port}/{token}?priority=high"
        await run(str(bin_folder / "apprise"), "-t", "Title", "-b", "Grüße ✓", "-n", "warning", address)
        message = await heard(stream)
    assert (message["title"], message["message"], message["priority"]) == ("Title", "Grüße ✓", 8)
    assert await admin.messages() == [message]


async def test_the_gotify_handler_for_pythons_logs(server: Server, admin: Person) -> None:
    """It sends `"extras": {}` with all that is logged, and the priority by the level."""
    token, device = await admin.tokens()
    program = (
        "import logging, sys, gotify_handler; log = logging.getLogger('bells'); log.setLevel('DEBUG'); "
        "log.addHandler(gotify_handler.GotifyHandler(*sys.argv[1:])); "
        "log.info('all %s', 'well'); log.error('Grüße ✓')"
    )
    async with listening(server, device) as stream:
        await run(str(client("senders") / "python"), "-c", program, server.url, token)
        messages = [await heard(stream), await heard(stream)]
    assert [(message["title"], message["message"], message["priority"]) for message in messages] == [
        ("INFO:bells", "all well", 0),
        ("ERROR:bells", "Grüße ✓", 5),
    ]
    assert await admin.messages() == messages[::-1]
