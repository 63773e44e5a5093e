from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from carillon.backstage import Behind
from carillon.core.backstage import Address, Level
from carillon.core.decisions import Decisions
from carillon.dialects.native import asks
from carillon.dialects.native.server import MOST_LINES, LogsQuery
from carillon.ops.ring import LINES, Ring
from carillon.settings import Settings
from carillon.storage.backup.make import Place
from tests.builders import House, publication
from tests.dialects.native.conftest import Api

ADMIN = ("root", "root")
DOORS = ("/api/1/server", "/api/1/server/logs")


@pytest.fixture
def ring() -> Ring:
    ring = Ring()
    ring.add(1_788_264_000.25, "INFO", component="carillon", text="listens")
    ring.add(1_788_264_001, "WARNING", component="carillon.storage", text="slow")
    ring.add(1_788_264_002, "ERROR", component="uvicorn.error", text="Broken")
    return ring


@pytest.fixture
async def behind(house: House, ring: Ring, tmp_path: Path) -> Behind:
    settings = Settings()
    decisions = Decisions(house.store, settings.decidable())
    await decisions.load(lambda policy: None)
    behind = Behind(
        Place(None, tmp_path),
        (),
        store=house.store,
        hub=house.hub,
        clock=house.clock,
        decisions=decisions,
        shown=settings.text,
        log=ring,
    )
    house.kit.site.backstage = behind.stage
    await house.user("root", admin=True)
    return behind


async def get(api: Api, path: str) -> Any:
    answer = await api.client.get(path, auth=ADMIN)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_how_the_server_is(api: Api, behind: Behind, tmp_path: Path) -> None:
    behind.reporter.listeners = [Address("*:8080", "http"), Address("/data/carillon.sock", "commands")]
    await api.house.store.publish(publication(api.backup.application.id, api.ada.id))  # no token, no note of its use
    found = await get(api, "/api/1/server")
    assert found["started"] == "2026-09-01T12:00:00.000000Z"
    assert found["database"].items() >= {"engine": "SQLite", "path": str(tmp_path / "carillon.db")}.items()
    assert found["listeners"] == [
        {"address": "*:8080", "kind": "http"},
        {"address": "/data/carillon.sock", "kind": "commands"},
    ]
    assert (found["users"], found["applications"], found["messages"], found["streams"]) == (2, 1, 1, 0)
    assert found["queue"] == {"writes": 0, "bytes": 0}
    assert {check["name"] for check in found["checks"]} >= {"data folder", "space"}
    for check in found["checks"]:
        assert check["ok"] is (check["verdict"] == "ok")


@pytest.mark.usefixtures("behind")
async def test_the_log_newest_first(api: Api) -> None:
    found = await get(api, "/api/1/server/logs")
    assert found["components"] == ["carillon", "carillon.storage", "uvicorn.error"]
    assert [line["seq"] for line in found["lines"]] == [3, 2, 1]
    assert found["lines"][-1] == {
        "seq": 1,
        "time": "2026-09-01T12:00:00.250000Z",
        "level": "info",
        "component": "carillon",
        "text": "listens",
    }


@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("component=carillon", [2, 1]),
        ("text=BROKEN", [3]),
        ("level=warning", [3, 2]),
        ("limit=2", [3, 2]),
        ("before=3&limit=1", [2]),
        ("component=nobody", []),
    ],
)
async def test_the_log_filtered(api: Api, query: str, found: list[int]) -> None:
    assert [line["seq"] for line in (await get(api, f"/api/1/server/logs?{query}"))["lines"]] == found


@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize(
    ("query", "field"), [("level=loud", "level"), ("limit=0", "limit"), ("limit=2001", "limit"), ("before=x", "before")]
)
async def test_a_question_about_the_log_that_cannot_be(api: Api, query: str, field: str) -> None:
    error = await api.refused("GET", f"/api/1/server/logs?{query}", status=400, token="", auth=ADMIN)
    assert error["field"] == field


def test_all_that_is_kept_can_be_asked_for() -> None:
    assert MOST_LINES == LINES
    assert LogsQuery().limit <= MOST_LINES <= asks.LARGEST
    assert LogsQuery().level == get_args(Level)[0]


@pytest.mark.usefixtures("behind")
@pytest.mark.parametrize("path", DOORS)
async def test_nobody_but_admins(api: Api, path: str) -> None:
    await api.refused("GET", path, status=401, token="")
    await api.refused("GET", path, status=401, token=api.application_token)
    await api.refused("GET", path, status=403)
    await api.refused("GET", path, status=403, token="", auth=("ada", "ada"))
    root = (await api.house.accounts.users.named("root")).id
    _, token = await api.house.accounts.devices.add(root, "phone")
    assert (await api.call("GET", path, token=token)).status_code == 200
