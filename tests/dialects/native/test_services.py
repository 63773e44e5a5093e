from __future__ import annotations

from typing import Any

import pytest

from carillon.core.channels import Broken, Retry
from carillon.core.models import User
from tests.builders import SECOND
from tests.dialects.native.conftest import Api

SERVICES = "/api/1/services"
SECRET = "hush-hush-hush-hush"  # of no service in the world


async def add(api: Api, **given: Any) -> Any:
    """The service as it is answered."""
    body = {"kind": "bell", "name": "Bell", "options": {"secret": SECRET}} | given
    response = await api.call("POST", SERVICES, json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def other(api: Api, name: str = "root", *, admin: bool = True) -> tuple[User, str]:
    """Somebody else, with the token of his device."""
    user = await api.house.user(name, admin=admin)
    return user, (await api.house.accounts.devices.add(user.id, "phone"))[1]


async def test_the_kinds_are_declared_with_their_forms(api: Api) -> None:
    (bell,) = (await api.get("/api/1/channels"))["channels"]
    assert (bell["kind"], bell["title"], bell["available"]) == ("bell", {"en": "Bell", "de": "Glocke"}, True)
    secret = bell["fields"][0]
    assert (secret["name"], secret["type"], secret["required"], secret["min_length"]) == ("secret", "secret", True, 3)


async def test_a_service_is_added_shown_changed_and_deleted(api: Api) -> None:
    made = await add(api, rules={"min_level": 4})
    assert (made["name"], made["scope"], made["user"], made["manageable"]) == ("Bell", "user", "ada", True)
    assert made["options"] == {"secret": {"set": True, "hint": "hush…hush"}, "place": "tower", "to": []}
    assert (made["rules"]["min_level"], made["rules"]["retry"], made["health"]["cause"]) == (4, "normal", "")
    path = f"{SERVICES}/{made['id']}"
    assert await api.get(path) == made
    assert await api.get(SERVICES) == {"services": [made]}
    asked = {"name": "Gong", "enabled": False, "options": {"secret": made["options"]["secret"], "place": "yard"}}
    changed = (await api.call("PATCH", path, json=asked)).json()
    assert (changed["name"], changed["enabled"], changed["options"]["place"]) == ("Gong", False, "yard")
    assert changed["options"]["secret"] == made["options"]["secret"]
    assert SECRET not in str(changed)
    assert (await api.call("DELETE", path)).status_code == 204
    await api.refused("GET", path, status=404)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "horn"}, "kind"),
        ({"name": ""}, "name"),
        ({"options": {}}, "options.secret"),
        ({"options": {"secret": "x"}}, "options.secret"),
        ({"options": {"secret": SECRET, "colour": "red"}}, "options.colour"),
        ({"scope": "village"}, "scope"),
        ({"rules": {"fallback": 99}}, "rules.fallback"),
        ({"rules": {"title_template": "{{"}}, "rules.title_template"),
        ({"rules": {"quiet": {"zone": "Nowhere/City", "windows": []}}}, "rules.quiet"),
        (
            {"rules": {"quiet": {"zone": "UTC", "windows": [{"days": [0], "start": "25:00", "end": "07:00"}]}}},
            "rules.quiet",
        ),
    ],
)
async def test_what_cannot_be_is_named(api: Api, body: Any, field: str) -> None:
    asked = {"kind": "bell", "name": "Bell", "options": {"secret": SECRET}} | body
    error = await api.refused("POST", SERVICES, status=400, json=asked)
    assert error["field"] == field
    assert await api.get(SERVICES) == {"services": []}


async def test_a_change_has_to_change_something(api: Api) -> None:
    made = await add(api)
    await api.refused("PATCH", f"{SERVICES}/{made['id']}", status=400, json={})
    error = await api.refused("PATCH", f"{SERVICES}/{made['id']}", status=400, json={"options": {"secret": "x"}})
    assert error["field"] == "options.secret"


async def test_services_of_the_server_and_of_groups_are_for_admins(api: Api) -> None:
    _, root = await other(api)
    await api.refused("POST", SERVICES, status=403, json=_server())
    at_server = (await api.call("POST", SERVICES, token=root, json=_server())).json()
    assert (at_server["scope"], at_server["manageable"]) == ("server", True)
    await api.refused("GET", f"{SERVICES}/{at_server['id']}", status=404)
    family = await api.house.accounts.groups.add("family")
    await api.house.accounts.groups.join(family.id, api.ada.id)
    in_family = _server() | {"scope": "group", "group": "family"}
    of_family = (await api.call("POST", SERVICES, token=root, json=in_family)).json()
    shown = await api.get(f"{SERVICES}/{of_family['id']}")
    assert (shown["group"], shown["manageable"]) == ("family", False)
    await api.refused("PATCH", f"{SERVICES}/{of_family['id']}", status=403, json={"enabled": False})
    lost = _server() | {"scope": "group", "group": "nobody"}
    assert (await api.refused("POST", SERVICES, status=400, token=root, json=lost))["field"] == "group"


def _server() -> dict[str, Any]:
    return {"kind": "bell", "name": "All", "options": {"secret": SECRET}, "scope": "server"}


async def test_nobody_sees_the_service_of_another(api: Api) -> None:
    made = await add(api)
    for name, admin in (("root", True), ("bob", False)):
        _, token = await other(api, name, admin=admin)
        assert await api.get(SERVICES, token=token) == {"services": []}
        await api.refused("GET", f"{SERVICES}/{made['id']}", status=404, token=token)
        trial = {"kind": "bell", "options": {}, "service": made["id"]}
        await api.refused("POST", f"{SERVICES}/test", status=404, token=token, json=trial)
    assert api.house.bell.parcels == []


async def test_values_are_tried_before_they_are_saved(api: Api) -> None:
    asked = {"kind": "bell", "options": {"secret": SECRET, "place": "yard"}}
    checked = (await api.call("POST", f"{SERVICES}/check", json=asked)).json()
    assert (checked["ok"], checked["outcome"], checked["text"]) == (True, "sent", "the yard is there")
    assert api.house.bell.parcels == []
    api.house.bell.outcomes = [Broken(code="auth", text="who are you?", status=401, field="secret")]
    sample = {"title": "Hello", "message": "there", "priority": 9, "rules": {"title_template": "{{ title }}!"}}
    tried = (await api.call("POST", f"{SERVICES}/test", json=asked | sample)).json()
    assert tried == {
        "ok": False,
        "outcome": "broken",
        "code": "auth",
        "status": 401,
        "text": "who are you?",
        "field": "secret",
        "took_ms": 0.0,
        "quota_left": None,
    }
    (parcel,) = api.house.bell.parcels
    assert (parcel.title, parcel.body, parcel.level) == ("Hello!", "there", 9)
    for door in ("check", "test"):
        error = await api.refused("POST", f"{SERVICES}/{door}", status=400, json={"kind": "bell", "options": {}})
        assert error["field"] == "options.secret"


async def test_a_saved_secret_is_used_where_none_is_sent(api: Api) -> None:
    made = await add(api)
    asked = {"kind": "bell", "options": {"secret": made["options"]["secret"]}, "service": made["id"]}
    assert (await api.call("POST", f"{SERVICES}/test", json=asked)).json()["ok"]


async def test_a_paused_service_is_tried_now(api: Api) -> None:
    made = await add(api)
    path = f"{SERVICES}/{made['id']}"
    assert (await api.call("POST", f"{path}/resume")).json()["health"]["cause"] == ""
    await api.refused("POST", f"{SERVICES}/99/resume", status=404)


async def test_templates_are_shown_at_work(api: Api) -> None:
    asked = {"title_template": "{{ application }}: {{ title }}", "body_template": ""}
    made_up = (await api.call("POST", f"{SERVICES}/preview", json=asked)).json()
    assert (made_up["title"], made_up["message"]) == ("Carillon: Test notification", None)
    sent = await api.send("done", title="Night")
    shown = (await api.call("POST", f"{SERVICES}/preview", json=asked)).json()
    assert (shown["title"], shown["body"], shown["error"]) == ("Backup: Night", "done", None)
    assert shown["message"] == {"public_id": sent["public_id"], "title": "Night"}
    wrong = (await api.call("POST", f"{SERVICES}/preview", json={"body_template": "{% if %}"})).json()
    assert wrong["error"]
    await api.refused("POST", f"{SERVICES}/preview", status=404, json=asked | {"message": "nobodysid000"})


async def test_a_recipient_agrees_by_the_code_he_was_sent(api: Api) -> None:
    made = await add(api, options={"secret": SECRET, "to": ["eve@example.org"]})
    assert [(one["address"], one["confirmed"]) for one in made["recipients"]] == [("eve@example.org", False)]
    path = f"{SERVICES}/{made['id']}"
    again = {"address": "eve@example.org"}
    await api.refused("POST", f"{path}/confirmations", status=429, json=again)
    api.house.clock.advance(61 * SECOND)
    api.house.bell.outcomes = [Retry(code="timeout", text="nobody is home")]
    assert "nobody is home" in (await api.refused("POST", f"{path}/confirmations", status=502, json=again))["message"]
    assert (await api.call("POST", f"{path}/confirmations", json=again)).status_code == 204
    code = api.house.bell.parcels[-1].body.partition("/#/confirm/")[2].split()[0]
    await api.refused("POST", "/api/1/confirm", status=404, token="", json={"code": "guessed"})
    agreed = (await api.call("POST", "/api/1/confirm", token="", json={"code": code})).json()
    assert agreed == {"address": "eve@example.org", "service": "Bell"}
    assert (await api.get(path))["recipients"][0]["confirmed"]
    await api.refused("POST", f"{path}/confirmations", status=409, json=again)
    await api.refused("POST", f"{path}/confirmations", status=404, json={"address": "bob@example.org"})
