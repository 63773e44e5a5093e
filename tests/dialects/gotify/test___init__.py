"""What programs that speak Gotify ask for, in their order."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from carillon.dialects import API, gotify
from tests.dialects.gotify.conftest import UNAUTHENTICATED, Served, basic, key, problem
from tests.hub.serving import serving

PAGE = Path(__file__).parents[3] / "docs/gotify.md"


def strictly(message: Any) -> Any:
    """As Android's typed reader wants it: nothing null, the date with its offset."""
    assert all(message[name] is not None for name in ("id", "appid", "message", "title", "priority"))
    assert isinstance(message["priority"], int)
    assert datetime.fromisoformat(message["date"]).tzinfo is not None
    return message


async def test_the_dialect_holds_the_prefixes_of_all_of_gotify(served: Served) -> None:
    mount = gotify.mount(served.house.kit)
    assert gotify.API == API
    paths = {path for _, path, _ in gotify.ROUTES} | {path for _, path in mount.front}
    assert {"/" + path.split("/")[1] for path in paths} <= set(mount.prefixes)
    assert {"/auth", "/docs", "/image", "/plugin", "/swagger", "/user"} <= set(mount.prefixes)
    assert mount.public <= set(mount.prefixes)


async def test_android(served: Served) -> None:
    here = served.here
    # Signing in
    assert (await here.get("/gotifyinfo")).json()["version"]
    assert (await here.get("/version")).json()["version"] == "3.0.0"
    assert (await here.get("/current/user", headers=basic("ada", "ada"))).json()["name"] == "ada"
    created = await here.post("/client", headers=basic("ada", "ada"), json={"name": "Pixel 9"})
    own = key(created.json()["token"])
    # Starting
    assert (await here.get("/current/user", headers=own)).status_code == 200
    newest = (await here.get("/message?limit=1&since=0", headers=own)).json()
    assert (newest["messages"], newest["paging"]) == ([], {"size": 0, "since": 0, "limit": 1})
    applications = (await here.get("/application", headers=own)).json()
    assert (await here.get("/" + applications[0]["image"])).headers["content-type"] == "image/png"
    async with serving(served.front) as server:
        async with connect(f"{server.url}/stream", additional_headers=own) as stream:
            await served.post(json={"message": "live"})
            live = strictly(json.loads(await stream.recv()))
        # Cut off, it misses some and fetches them in tens until it meets the last one it has seen
        for number in range(25):
            await served.post(json={"message": str(number)})
        async with connect(f"{server.url}/stream", additional_headers=own):
            missed, since = [], 0
            while True:
                page = (await here.get(f"/message?limit=10&since={since}", headers=own)).json()
                new = [strictly(message) for message in page["messages"] if message["id"] > live["id"]]
                missed += new
                since = page["paging"]["since"]
                if len(new) < len(page["messages"]) or page["paging"].get("next") is None:
                    break
    assert [message["message"] for message in missed] == [str(number) for number in range(24, -1, -1)]
    # What its user does
    pushed = await here.post("/message", headers=own, json={"appid": 1, "title": "t", "message": "m", "priority": 1})
    assert strictly(pushed.json())["appid"] == 1
    assert (await here.delete(f"/message/{pushed.json()['id']}", headers=own)).status_code == 200
    assert (await here.delete("/application/1/message", headers=own)).status_code == 200
    assert (await here.delete("/message", headers=own)).status_code == 200
    # Signing out before Gotify 3: it looks for its own token, and deletes the client that has it
    clients = (await here.get("/client", headers=own)).json()
    (number,) = [client["id"] for client in clients if client.get("token") == own["X-Gotify-Key"]]
    assert (await here.delete(f"/client/{number}", headers=own)).status_code == 200
    assert problem(await here.get("/message", headers=own)) == (401, UNAUTHENTICATED)
    # and since
    newer = await here.post("/client", headers=basic("ada", "ada"), json={"name": "Pixel 9"})
    own = key(newer.json()["token"])
    assert (await here.post("/auth/logout", headers=own)).status_code == 200
    assert problem(await here.get("/message", headers=own)) == (401, UNAUTHENTICATED)


async def test_the_command_line_program(served: Served) -> None:
    """It asks for an application, then proves the token by a message of its own type."""
    here = served.here
    assert (await here.get("/version")).json().keys() >= {"version", "commit", "buildDate"}
    assert (await here.get("/current/user", headers=basic("ada", "ada"))).status_code == 200
    application = {"id": 0, "token": "", "name": "CLI", "description": "", "internal": False, "image": ""}
    token = (await here.post("/application", headers=basic("ada", "ada"), json=application)).json()["token"]
    assert len(token) == 15, "it refuses any other length"
    message = {
        "id": 0,
        "appid": 0,
        "message": "Test message",
        "title": "Test",
        "priority": 0,
        "date": "0001-01-01T00:00:00Z",
    }
    for extras in ({}, {"extras": None}, {"extras": {"a::b": 1}}):
        response = await here.post("/message", headers=key(token), json={**message, **extras})
        assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
        answer = response.json()
        assert (answer["id"] > 0, answer["appid"], answer["date"]) == (True, 2, "2026-09-01T12:00:00Z")


async def test_the_python_library_reads_every_error_as_json(served: Served) -> None:
    own = key(served.client)
    for method, path, status in (
        ("GET", "/nothing/at/all", 404),
        ("GET", "/plugin/1/config", 404),
        ("PUT", "/client/9", 404),
        ("GET", "/message?limit=0", 400),
        ("DELETE", "/message/99", 404),
        ("POST", "/application", 400),
    ):
        assert problem(await served.here.request(method, path, headers=own))[0] == status
    assert problem(await served.here.get("/message"))[0] == 401


async def test_a_tray_finds_every_application_that_a_message_names(served: Served) -> None:
    """gotify-tray ends itself when a message names one that is not listed."""
    _, door = await served.house.sender(served.ada, "Door")
    await served.post(json={"message": "a", "extras": None})
    await served.post(json={"message": "b"}, headers=key(door))
    listed = {application["id"] for application in (await served.get("/application")).json()}
    assert {message["appid"] for message in (await served.get("/message?limit=100")).json()["messages"]} == listed


async def test_senders_as_they_come(served: Served) -> None:
    token = served.application
    requests: list[dict[str, Any]] = [
        # curl -F, as the manual has it
        {"files": {"title": (None, "t"), "message": (None, "m"), "priority": (None, "5")}},
        # Home Assistant's REST notification
        {"data": {"message": "m", "title": "t", "priority": "5"}},
        # n8n's HTTP node
        {"json": {"message": "m", "title": "t", "priority": "5"}},
        # Node-RED with a string for a payload and no header
        {"content": b'{"message":"m","title":"t","priority":5}'},
        # netdata
        {
            "content": b'\n    {\n  "title" : "t",\n  "message" : "m",\n  "priority" : 5\n}\n',
            "headers": {"Content-Type": "application/json"},
        },
        # Apprise
        {
            "json": {
                "message": "m",
                "title": "t",
                "priority": 5,
                "extras": {"client::display": {"contentType": "text/plain"}},
            }
        },
    ]
    for request in requests:
        response = await served.here.post(f"/message?token={token}", **request)
        assert response.status_code == 200, request
        message = response.json()
        assert (message["message"], message["title"], message["priority"]) == ("m", "t", 5)
    bearer = await served.here.post("/message", headers={"Authorization": f"Bearer {token}"}, data={"message": "m"})
    assert bearer.json()["priority"] == 4, "without a priority the application's counts"


def test_the_manual_names_every_route_and_every_prefix_that_has_none() -> None:
    same, missing = PAGE.read_text().split("## Missing")
    assert [path for _, path, _ in gotify.ROUTES if path not in same] == []
    answered = {"/" + path.split("/")[1] for _, path, _ in gotify.ROUTES} | {"/docs", "/swagger"}
    assert [prefix for prefix in gotify.PREFIXES if prefix not in answered and prefix not in missing] == []
