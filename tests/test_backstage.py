"""What admins decide acts while the server serves, in every dialect."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from carillon.app import App, running
from carillon.backstage import DAY
from carillon.core.backstage import LogBook
from carillon.core.errors import TooMany
from carillon.ops.backups import Order
from carillon.ops.keys import KeyFileError
from carillon.settings import Settings
from tests.builders import Stream

PASSWORD = "long and secret"
NOBODY = httpx.Auth()


@dataclass(frozen=True)
class Server:
    """A whole application, its admin and an application's token."""

    app: App
    client: httpx.AsyncClient
    token: str

    async def settings(self) -> dict[str, Any]:
        answer = await self.client.get("/api/1/settings")
        assert answer.status_code == 200, answer.text
        return {each["name"]: each for each in answer.json()["settings"]}

    async def decide(self, *, status: int = 200, **wishes: Any) -> Any:
        answer = await self.client.patch("/api/1/settings", json=wishes)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def send(self, text: str = "done", *, by: str = "/message", token: str | None = None) -> int:
        answer = await self.client.post(by, params={"token": token or self.token}, json={"message": text}, auth=NOBODY)
        return answer.status_code


@asynccontextmanager
async def serving(data: Path, log: LogBook | None = None, **given: str) -> AsyncIterator[Server]:
    environ = {"CARILLON_DATA": str(data), "CARILLON_ADMIN_PASSWORD": PASSWORD}
    settings = Settings.load(environ | {f"CARILLON_{name}": value for name, value in given.items()})
    async with running(settings, log) as app:
        (admin, *_) = await app.kit.accounts.users.all()
        _, token = await app.kit.accounts.applications.add(admin.id, "Backup")
        transport = httpx.ASGITransport(app.front)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://bell", auth=("admin", PASSWORD), headers={"Accept": "*/*"}
        ) as client:
            yield Server(app, client, token)


async def test_registration_opens_and_closes(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        for name, open_, status in (("eve", False, 403), ("eve", True, 200), ("bob", None, 403)):
            await server.decide(registration=open_)
            asked = await server.client.post(
                "/api/1/registrations", json={"name": name, "password": "secret of " + name}, auth=NOBODY
            )
            assert asked.status_code == status, asked.text
            assert (await server.client.get("/gotifyinfo", auth=NOBODY)).json()["register"] is bool(open_)


async def test_how_much_one_token_may_send(tmp_path: Path) -> None:
    async with serving(tmp_path, PUBLISH_BURST="2") as server:
        await server.decide(publish_rate=1)
        assert [await server.send() for _ in range(4)] == [200, 200, 429, 429]
        await server.decide(registration=True)
        assert await server.send() == 429
        await server.decide(publish_rate=0)
        assert [await server.send() for _ in range(4)] == [200] * 4
        await server.decide(publish_rate=2)
        assert [await server.send() for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("door", ["/message", "/api/1/messages"])
async def test_the_next_message_may_be_as_long_as_was_decided(tmp_path: Path, door: str) -> None:
    async with serving(tmp_path) as server:
        assert await server.send("x" * 2000, by=door) == 200
        await server.decide(message_limit=1024)
        assert await server.send("x" * 2000, by=door) in {400, 413}
        assert await server.send("x" * 1024, by=door) == 200
        await server.decide(request_limit=1024)
        assert await server.send("x" * 1024, by=door) in {400, 413}
        await server.decide(request_limit=None, message_limit=None)
        assert await server.send("x" * 2000, by=door) == 200


async def test_streams_of_a_user(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        await server.decide(streams_per_user=1)
        hub = server.app.kit.hub
        hub.join(1, Stream(None))
        with pytest.raises(TooMany):
            hub.join(1, Stream(None))
        await server.decide(streams_per_user=2)
        hub.join(1, Stream(None))
        assert (await server.client.get("/api/1/server")).json()["streams"] == 2


@pytest.mark.parametrize("door", ["/application", "/api/1/applications"])
async def test_new_applications(tmp_path: Path, door: str) -> None:
    async with serving(tmp_path) as server:
        await server.decide(default_priority=7, default_content_type="text/markdown")
        made = (await server.client.post(door, json={"name": "Door"})).json()
        tie = await server.app.kit.accounts.applications.get(1, made["id"])
        assert (tie.application.default_priority, tie.application.content_type) == (7, "text/markdown")
        said = (
            {"name": "Said", "defaultPriority": 0} if door == "/application" else {"name": "a", "default_priority": 0}
        )
        made = (await server.client.post(door, json=said)).json()
        assert (await server.app.kit.accounts.applications.get(1, made["id"])).application.default_priority == 0


async def test_tokens_that_are_made(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        await server.decide(token_length=49, show_tokens=True)
        made = (await server.client.post("/application", json={"name": "Door"})).json()
        assert len(made["token"]) == 49
        listed = (await server.client.get("/application")).json()
        assert [one.get("token") for one in listed] == [None, made["token"]]
        await server.decide(show_tokens=False)
        assert made["token"] not in (await server.client.get("/application")).text
        await server.decide(show_tokens=True)
        assert made["token"] in (await server.client.get("/application")).text


async def test_a_damaged_key_refuses_to_show_tokens_and_nothing_else(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        (tmp_path / "carillon.key").write_text("none")
        error = (await server.decide(status=409, show_tokens=True, registration=True))["error"]
        assert "carillon.key does not hold a key" in error["message"]
        assert not server.app.kit.site.registration
        await server.decide(registration=True)
        await server.app.store.decide({"show_tokens": "true"})
    with pytest.raises(KeyFileError):
        async with serving(tmp_path):
            pass


async def test_as_which_gotify_it_answers(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        for face, version in ((2, "2."), (3, "3."), (None, "3.")):
            await server.decide(gotify_face=face)
            assert (await server.client.get("/version")).json()["version"].startswith(version)


async def test_how_long_a_session_lasts(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        await server.decide(session_days=3)
        begun = await server.client.post("/api/1/session", json={"name": "admin", "password": PASSWORD}, auth=NOBODY)
        assert begun.status_code == 200, begun.text
        (session,) = await server.app.kit.accounts.devices.of(1)
        assert session.expires_after == 3 * DAY
        assert f"Max-Age={3 * DAY}".lower() in begun.headers["set-cookie"].lower()


async def test_a_restart_keeps_and_the_environment_wins(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        await server.decide(registration=True, publish_rate=9)
    async with serving(tmp_path, PUBLISH_RATE="3") as server:
        found = await server.settings()
        assert (found["registration"]["value"], found["registration"]["fixed_by"]) == (True, None)
        assert (found["publish_rate"]["value"], found["publish_rate"]["fixed_by"]) == (3, "CARILLON_PUBLISH_RATE")
        error = (await server.decide(status=400, publish_rate=5))["error"]
        assert error["field"] == "publish_rate"
        assert "CARILLON_PUBLISH_RATE" in error["message"]
    (tmp_path / "carillon.env").write_text("CARILLON_REGISTRATION=no")
    async with serving(tmp_path) as server:
        found = await server.settings()
        assert (found["registration"]["value"], found["registration"]["fixed_by"]) == (False, "CARILLON_REGISTRATION")
        assert found["publish_rate"]["value"] == 9


async def test_what_is_stored_by_another_version_does_not_stop_the_start(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        await server.app.store.decide({"of_tomorrow": "[1]", "publish_rate": '"fast"', "registration": "true"})
    async with serving(tmp_path) as server:
        assert server.app.kit.site.registration
        report = (await server.client.get("/api/1/server")).json()
        told = [check["text"] for check in report["checks"] if check["name"] == "settings"]
        assert len(told) == 2
        assert "of_tomorrow" in await server.app.store.settings()


async def test_the_settings_in_force_are_in_a_backup(tmp_path: Path) -> None:
    async with serving(tmp_path, PUBLISH_BURST="77") as server:
        await server.decide(publish_rate=11)
        async with server.app.behind.backups(Order()) as made:
            content = b"".join(made.pieces)
    assert b"CARILLON_PUBLISH_RATE = 11    (database)\n" in content
    assert b"CARILLON_PUBLISH_BURST = 77    (environment)\n" in content
    assert b"CARILLON_TOKEN_LENGTH = 15    (default)\n" in content


async def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / "carillon.backup.part"
    left.write_text("half")
    async with serving(tmp_path):
        assert not left.exists()
    assert not any(name.endswith(".part") for name in os.listdir(tmp_path))


async def test_what_services_may_reach(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        shown = (await server.settings())["service_addresses"]
        assert (shown["section"], shown["value"]) == ("sending", "internet")
        assert shown["choices"] == ["internet", "private", "any"]
        await server.decide(service_addresses="any")
        await server.decide(status=400, service_addresses="all")
