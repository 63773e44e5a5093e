from __future__ import annotations

from typing import Any

import pytest

from carillon.core.models import User
from tests.builders import SECOND
from tests.dialects.native.conftest import Api

INBOX = "/api/1/inbox"
NEVER = {"read": None, "dismissed": None, "pinned": None}


async def ids(api: Api, query: str = "", **options: Any) -> list[int]:
    return [message["id"] for message in (await api.get(f"{INBOX}{query}", **options))["messages"]]


async def stranger(api: Api) -> tuple[User, str]:
    eve = await api.house.user("eve")
    return eve, (await api.house.accounts.devices.add(eve.id, "tablet"))[1]


async def test_pages_lead_through_the_inbox(api: Api) -> None:
    sent = [(await api.send(str(number)))["id"] for number in range(5)]
    page = await api.get(f"{INBOX}?limit=2")
    found = [message["id"] for message in page["messages"]]
    while page["next"] is not None:
        page = await api.get(f"{INBOX}?limit=2&before={page['next']}")
        found += [message["id"] for message in page["messages"]]
    assert found == sent[::-1]
    assert (await api.get(f"{INBOX}?limit=5"))["next"] is None


async def test_a_page_of_one_application(api: Api) -> None:
    door, secret = await api.house.sender(api.ada, "Door")
    await api.send("1")
    await api.call("POST", "/api/1/messages", token=secret, json={"message": "2"})
    assert await ids(api, f"?application={door.application.id}") == [2]
    error = await api.refused("GET", f"{INBOX}?application=99", status=404)
    assert error["message"] == "application does not exist"


async def test_a_message_carries_its_state(api: Api) -> None:
    sent = await api.send()
    shown = await api.get(f"{INBOX}/{sent['id']}")
    assert shown["state"] == NEVER | {"changed": shown["state"]["changed"]}
    api.house.clock.advance(SECOND)
    marked = (await api.call("PATCH", f"{INBOX}/{sent['id']}", json={"read": True})).json()
    assert marked["state"]["read"] == "2026-09-01T12:00:01.000000Z"
    assert marked["state"]["dismissed"] is None
    assert marked["state"]["changed"] > shown["state"]["changed"]
    both = (await api.call("PATCH", f"{INBOX}/{sent['id']}", json={"read": False, "dismissed": True})).json()
    assert (both["state"]["read"], both["state"]["dismissed"]) == (None, "2026-09-01T12:00:01.000000Z")
    assert both == await api.get(f"{INBOX}/{sent['id']}")


async def test_several_are_marked_and_deleted_at_once(api: Api) -> None:
    one, two, three = [(await api.send(text))["id"] for text in "abc"]
    marked = await api.call("POST", f"{INBOX}/mark", json={"ids": [one, two, 999], "dismissed": True})
    assert marked.json() == {"ids": [one, two]}
    states = {message["id"]: message["state"] for message in (await api.get(INBOX))["messages"]}
    assert states[one]["dismissed"]
    assert states[three]["dismissed"] is None
    deleted = await api.call("POST", f"{INBOX}/delete", json={"ids": [two, three, 999]})
    assert deleted.json() == {"ids": [two, three]}
    assert await ids(api) == [one]


async def test_a_deleted_message_is_gone(api: Api) -> None:
    sent = await api.send()
    response = await api.call("DELETE", f"{INBOX}/{sent['id']}")
    assert (response.status_code, response.content) == (204, b"")
    await api.refused("DELETE", f"{INBOX}/{sent['id']}", status=404)
    await api.refused("PATCH", f"{INBOX}/{sent['id']}", status=404, json={"read": True})
    await api.refused("GET", f"{INBOX}/{sent['id']}", status=404)


async def test_clearing_says_what_it_clears(api: Api) -> None:
    door, secret = await api.house.sender(api.ada, "Door")
    await api.send("1")
    await api.call("POST", "/api/1/messages", token=secret, json={"message": "2"})
    for query in ("", "?all=false", f"?all=true&application={door.application.id}"):
        error = await api.refused("DELETE", f"{INBOX}{query}", status=400)
        assert "say what to delete" in error["message"]
    assert len(await ids(api)) == 2
    response = await api.call("DELETE", f"{INBOX}?application={door.application.id}")
    assert (response.status_code, await ids(api)) == (204, [1])
    assert (await api.call("DELETE", f"{INBOX}?all=true")).status_code == 204
    assert await ids(api) == []
    await api.refused("DELETE", f"{INBOX}?application=99", status=404)


async def test_what_is_anothers_is_as_what_does_not_exist(api: Api) -> None:
    _, token = await stranger(api)
    sent = await api.send()
    path, application = f"{INBOX}/{sent['id']}", f"?application={api.backup.application.id}"
    mine: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", path, {}),
        ("PATCH", path, {"json": {"read": True}}),
        ("DELETE", path, {}),
        ("GET", f"{INBOX}{application}", {}),
        ("DELETE", f"{INBOX}{application}", {}),
    ]
    for method, place, options in mine:
        error = await api.refused(method, place, status=404, token=token, **options)
        assert error["code"] == "not_found"
    for act in ("mark", "delete"):
        body = {"ids": [sent["id"]], **({"read": True} if act == "mark" else {})}
        assert (await api.call("POST", f"{INBOX}/{act}", token=token, json=body)).json() == {"ids": []}
    assert (await api.get(path))["state"]["read"] is None


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("GET", "?limit=0", None, "limit"),
        ("GET", "?limit=201", None, "limit"),
        ("GET", "?limit=many", None, "limit"),
        ("GET", "?before=-1", None, "before"),
        ("GET", "?before=9223372036854775808", None, "before"),
        ("GET", "?befor=1", None, "befor"),
        ("GET", "/x", None, "id"),
        ("GET", "/1234567890123456789", None, "id"),
        ("GET", "/%D9%A3", None, "id"),
        ("PATCH", "/1", {"read": 1}, "read"),
        ("PATCH", "/1", {"raed": True}, "raed"),
        ("POST", "/mark", {"read": True}, "ids"),
        ("POST", "/mark", {"ids": ["1"], "read": True}, "ids"),
        ("POST", "/delete", {"ids": [-1]}, "ids"),
        ("POST", "/delete", {"ids": 1}, "ids"),
        ("DELETE", "?all=perhaps", None, "all"),
        ("DELETE", "?al=true", None, "al"),
    ],
)
async def test_a_wrong_parameter_or_field_is_named(api: Api, method: str, path: str, body: Any, field: str) -> None:
    await api.send()
    error = await api.refused(method, f"{INBOX}{path}", status=400, json=body)
    assert error["field"] == field
    assert field in error["message"]
    assert len(await ids(api)) == 1


@pytest.mark.parametrize("path", ["/1", "/mark"])
async def test_a_change_that_changes_nothing_is_refused(api: Api, path: str) -> None:
    await api.send()
    body: dict[str, Any] = {"ids": [1]} if path == "/mark" else {}
    error = await api.refused("POST" if path == "/mark" else "PATCH", f"{INBOX}{path}", status=400, json=body)
    assert "say what to change" in error["message"]


async def test_ids_are_bounded(api: Api) -> None:
    error = await api.refused("POST", f"{INBOX}/delete", status=400, json={"ids": list(range(501))})
    assert "at most 500 ids" in error["message"]


async def test_a_message_is_found_by_its_public_id(api: Api) -> None:
    sent = await api.send()
    path = f"/api/1/messages/{sent['public_id']}"
    assert await api.get(path) == await api.get(f"{INBOX}/{sent['id']}")
    _, token = await stranger(api)
    await api.refused("GET", path, status=404, token=token)
    for wrong in ("x", "%00", "%F0%9F%94%94"):
        await api.refused("GET", f"/api/1/messages/{wrong}", status=404)


async def test_a_pin_is_told_to_all_devices(api: Api) -> None:
    sent = await api.send()
    pinned = (await api.call("PATCH", f"{INBOX}/{sent['id']}", json={"pinned": True})).json()
    assert pinned["state"]["pinned"] == "2026-09-01T12:00:00.000000Z"
    (change,) = (await api.get(f"/api/1/changes?after={pinned['state']['changed'] - 1}"))["changes"]
    assert change["pinned"] == pinned["state"]["pinned"]
    await api.call("POST", f"{INBOX}/mark", json={"ids": [sent["id"]], "pinned": False})
    assert (await api.get(f"{INBOX}/{sent['id']}"))["state"]["pinned"] is None


async def test_clearing_spares_what_came_later(api: Api) -> None:
    await api.send("1")
    api.house.clock.advance(SECOND)
    two = await api.send("2")
    three = await api.send("3")
    noon = "2026-09-01T14:00:01%2B02:00"  # when the second came
    assert (await api.call("DELETE", f"{INBOX}?all=true&older_than={noon}")).status_code == 204
    assert await ids(api) == [three["id"], two["id"]]
    application = f"application={api.backup.application.id}"
    assert (await api.call("DELETE", f"{INBOX}?{application}&up_to={two['id']}")).status_code == 204
    assert await ids(api) == [three["id"]]
    for query in ("up_to=3", "older_than=2026-09-01T12:00:00Z", "all=true&older_than=2026-09-01"):
        await api.refused("DELETE", f"{INBOX}?{query}", status=400)
    error = await api.refused("DELETE", f"{INBOX}?all=true&older_than=2026-09-01T12:00:00", status=400)
    assert (error["field"], error["message"]) == (
        "older_than",
        "older_than must be a time such as 2026-09-01T12:00:00Z",
    )
    assert await ids(api) == [three["id"]]


async def test_everything_up_to_a_message_is_read(api: Api) -> None:
    one, two, three = [await api.send(text) for text in "abc"]
    body = {"up_to": two["id"], "read": True}
    assert (await api.call("POST", f"{INBOX}/mark_all", json=body)).json() == {"marked": 2, "more": False}
    states = {message["id"]: message["state"] for message in (await api.get(INBOX))["messages"]}
    assert [bool(states[sent["id"]]["read"]) for sent in (one, two, three)] == [True, True, False]
    application = {"up_to": 99, "application": api.backup.application.id}
    assert (await api.call("POST", f"{INBOX}/mark_all", json=application)).json() == {"marked": 1, "more": False}
    await api.refused("POST", f"{INBOX}/mark_all", status=404, json={"up_to": 99, "application": 99})
    error = await api.refused("POST", f"{INBOX}/mark_all", status=400, json={**body, "read": False})
    assert error["field"] == "read"
