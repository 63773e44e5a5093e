from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest

from carillon.backstage import Behind
from carillon.dialects.native.download import Backup
from carillon.storage.backup import archive
from tests.dialects.native.conftest import Api
from tests.dialects.native.test_server import ADMIN, behind, ring  # noqa: F401  # fixtures

DOOR = "/api/1/server/backup"

pytestmark = pytest.mark.usefixtures("behind")


def left_over(data: Path) -> list[Path]:
    return list(data.glob("*.part"))


async def test_it_is_a_backup_under_a_name_of_its_time(api: Api, tmp_path: Path) -> None:
    await api.send("in the backup")
    answer = await api.client.get(DOOR, auth=ADMIN)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-tar"
    assert answer.headers["content-disposition"] == 'attachment; filename="carillon-20260901-1200.tar"'
    assert int(answer.headers["content-length"]) == len(answer.content)
    database = bytearray()
    made = archive.unpacked(io.BytesIO(answer.content), database.extend).manifest
    assert (made.counts["messages"], made.key) == (1, "none")
    assert b"in the backup" in database
    assert left_over(tmp_path) == []


async def test_one_at_a_time(api: Api, behind: Behind, tmp_path: Path) -> None:  # noqa: F811  # the fixture
    async with behind.stage.backup():
        assert left_over(tmp_path)
        error = await api.refused("GET", DOOR, status=409, token="", auth=ADMIN)
        assert "is being written by another process" in error["message"]
    assert (await api.client.get(DOOR, auth=ADMIN)).status_code == 200


async def test_it_is_for_admins_who_show_their_password(api: Api) -> None:
    await api.refused("GET", DOOR, status=401, token="")
    await api.refused("GET", DOOR, status=401, token=api.application_token)
    await api.refused("GET", DOOR, status=403)
    root = (await api.house.accounts.users.named("root")).id
    device, token = await api.house.accounts.devices.add(root, "phone")
    assert (await api.refused("GET", DOOR, status=403, token=token))["code"] == "elevation_needed"
    await api.house.accounts.devices.elevate(root, device.id, 60)
    assert (await api.call("GET", DOOR, token=token)).status_code == 200


@pytest.mark.parametrize("goes", ["at once", "after the first piece", "never, and takes nothing"])
async def test_who_goes_away_or_takes_nothing_leaves_nothing_behind(api: Api, tmp_path: Path, goes: str) -> None:
    gone = asyncio.Event()
    if goes == "at once":
        gone.set()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(event: dict[str, Any]) -> None:
        if event["type"] == "http.response.body":
            if goes == "after the first piece":
                gone.set()
            await asyncio.Event().wait()  # the peer takes no more

    root = (await api.house.accounts.users.named("root")).id
    device, token = await api.house.accounts.devices.add(root, "phone")
    await api.house.accounts.devices.elevate(root, device.id, 60)
    scope = {
        "type": "http",
        "method": "GET",
        "path": DOOR,
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer " + token.encode()), (b"host", b"carillon.test")],
        "client": ("127.0.0.1", 1),
        "scheme": "http",
    }
    async with asyncio.timeout(10):
        await Backup(api.house.kit, patience=0.1)(scope, receive, send)  # type: ignore[arg-type]  # as ASGI has them
    assert left_over(tmp_path) == []
