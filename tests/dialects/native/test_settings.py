from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import fields, replace

from carillon.core.backstage import Backstage
from carillon.core.decisions import Decisions, Policy
from carillon.dialects.native.settings import PatchSettings, Setting, setting
from carillon.settings import Settings
from tests.builders import House
from tests.dialects.native.conftest import Api

ADMIN = ("root", "root")


@pytest.fixture
async def decisions(house: House) -> Decisions:
    """Of a server that was started with the length of its tokens; root is its admin."""
    declared = [
        replace(each, fixed_by="CARILLON_TOKEN_LENGTH", value=49) if each.name == "token_length" else each
        for each in Settings().decidable()
    ]
    decisions = Decisions(house.store, declared)
    await decisions.load(lambda policy: None)
    stage = house.kit.site.backstage
    house.kit.site.backstage = Backstage(decisions=decisions, report=stage.report, log=stage.log, backup=stage.backup)
    await house.user("root", admin=True)
    return decisions


async def listed(api: Api) -> dict[str, Any]:
    answer = await api.client.get("/api/1/settings", auth=ADMIN)
    assert answer.status_code == 200, answer.text
    return {each["name"]: each for each in answer.json()["settings"]}


def test_what_may_be_asked_for_is_what_there_is() -> None:
    assert [field.name for field in fields(PatchSettings)] == [field.name for field in fields(Policy)]
    for each in Settings().decidable():
        (field,) = (field for field in fields(PatchSettings) if field.name == each.name)
        assert field.default is UNSET
        assert type(each.default).__name__ in str(field.type)


def test_how_each_kind_is_shown() -> None:
    shown = {each.name: setting(each) for each in Settings().decidable()}
    assert shown["registration"] == Setting(
        name="registration",
        section="accounts",
        type="boolean",
        value=False,
        default=False,
        fixed_by=None,
        help=shown["registration"].help,
    )
    assert (shown["publish_rate"].minimum, shown["publish_rate"].maximum) == (0, 1_000_000)
    assert (shown["publish_rate"].type, shown["publish_rate"].unit) == ("integer", "messages a second")
    assert (shown["token_length"].type, shown["token_length"].choices) == ("choice", [15, 49])
    assert shown["log_level"].choices == ["debug", "info", "warning", "error"]


@pytest.mark.usefixtures("decisions")
async def test_they_are_listed_with_what_is_in_force(api: Api) -> None:
    found = await listed(api)
    assert list(found) == [each.name for each in Settings().decidable()]
    assert found["publish_rate"] == {
        "name": "publish_rate",
        "section": "sending",
        "type": "integer",
        "value": 50,
        "default": 50,
        "fixed_by": None,
        "help": found["publish_rate"]["help"],
        "minimum": 0,
        "maximum": 1_000_000,
        "unit": "messages a second",
    }
    assert found["token_length"]["fixed_by"] == "CARILLON_TOKEN_LENGTH"
    assert (found["token_length"]["value"], found["token_length"]["default"]) == (49, 15)


async def test_they_are_changed_together(api: Api, decisions: Decisions) -> None:
    asked = {"registration": True, "default_content_type": "text/plain", "session_days": 3}
    answer = await api.client.patch("/api/1/settings", auth=ADMIN, json=asked)
    assert answer.status_code == 200
    assert {each["name"]: each["value"] for each in answer.json()["settings"]}.items() >= asked.items()
    assert decisions.policy == Policy(
        registration=True, default_content_type="text/plain", session_days=3, token_length=49
    )
    back = await api.client.patch("/api/1/settings", auth=ADMIN, json={"session_days": None})
    assert {each["name"]: each["value"] for each in back.json()["settings"]}["session_days"] == 30
    assert (await listed(api))["session_days"]["value"] == 30


@pytest.mark.parametrize(
    ("wish", "field", "text"),
    [
        ({"publish_rate": -1}, "publish_rate", "publish_rate must be a whole number from 0 to 1000000"),
        ({"publish_rate": "5"}, "publish_rate", "publish_rate must be a whole number"),
        ({"registration": 1}, "registration", "registration must be true or false"),
        ({"log_level": "loud"}, "log_level", "log_level must be one of debug, info, warning, error"),
        ({"token_length": 15}, "token_length", "token_length is fixed by CARILLON_TOKEN_LENGTH"),
        ({"token_length": None}, "token_length", "token_length is fixed by CARILLON_TOKEN_LENGTH"),
        ({"registratoin": True}, "registratoin", "did you mean 'registration'?"),
        ({"port": 80}, "port", "there is no field 'port' here"),
        ({"message_limit": 1024**3}, "message_limit", "message_limit must not be above request_limit"),
    ],
)
async def test_what_may_not_be_is_named(
    api: Api, decisions: Decisions, wish: dict[str, object], field: str, text: str
) -> None:
    before = decisions.policy
    error = await api.refused(
        "PATCH", "/api/1/settings", status=400, token="", auth=ADMIN, json={"snapshot": True} | wish
    )
    assert error["field"] == field
    assert text in error["message"]
    assert decisions.policy == before


@pytest.mark.usefixtures("decisions")
async def test_nobody_but_admins(api: Api) -> None:
    """And to change them takes the password, or a device that has been shown it."""
    root = (await api.house.accounts.users.named("root")).id
    device, token = await api.house.accounts.devices.add(root, "phone")
    for method, body in (("GET", {}), ("PATCH", {"json": {"registration": True}})):
        await api.refused(method, "/api/1/settings", status=401, token="", **body)
        await api.refused(method, "/api/1/settings", status=401, token=api.application_token, **body)
        await api.refused(method, "/api/1/settings", status=403, **body)
        await api.refused(method, "/api/1/settings", status=403, token="", auth=("ada", "ada"), **body)
    assert (await api.call("GET", "/api/1/settings", token=token)).status_code == 200
    error = await api.refused("PATCH", "/api/1/settings", status=403, token=token, json={"registration": True})
    assert error["code"] == "elevation_needed"
    assert not (await listed(api))["registration"]["value"]
    await api.house.accounts.devices.elevate(root, device.id, 60)
    changed = await api.call("PATCH", "/api/1/settings", token=token, json={"registration": True})
    assert changed.status_code == 200
