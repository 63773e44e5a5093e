from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest

from carillon.dialects.native.asks import NewMessage
from tests.dialects.native.conftest import Api

MESSAGES = "/api/1/messages"

FULL: dict[str, Any] = {
    "message": "**done**",
    "title": "Nightly",
    "priority": 7,
    "content_type": "text/markdown",
    "url": "https://nas.example/log",
    "url_title": "Log",
    "sound": "bell",
    "icon": "https://nas.example/icon.png",
    "tags": ["nas", "ok"],
    "actions": [{"label": "Open", "url": "https://nas.example/", "method": "GET"}],
    "extras": {"nas": {"volume": 2}},
    "key": "nightly",
    "ttl": 3600,
    "encrypted": True,
}


async def post(api: Api, content: str | bytes, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await api.call("POST", MESSAGES, token=api.application_token, content=content, headers=named)
    return response.json()


async def test_every_field_comes_back_and_stands_in_the_inbox(api: Api) -> None:
    assert FULL.keys() == set(NewMessage.__struct_fields__)
    response = await api.call("POST", MESSAGES, token=api.application_token, json=FULL)
    sent = response.json()
    assert response.status_code == 200
    kept = {name: value for name, value in FULL.items() if name != "ttl"}
    assert sent == kept | {
        "id": sent["id"],
        "public_id": sent["public_id"],
        "application": api.backup.application.id,
        "created": "2026-09-01T12:00:00.000000Z",
        "expires": "2026-09-01T13:00:00.000000Z",
    }
    shown = await api.get(f"/api/1/inbox/{sent['id']}")
    assert {name: value for name, value in shown.items() if name != "state"} == sent


async def test_what_is_not_sent_is_the_applications_or_is_not_there(api: Api) -> None:
    sent = await api.send("done", title=None, priority=None, tags=None, actions=None, extras=None, ttl=None)
    assert sent == {
        "id": sent["id"],
        "public_id": sent["public_id"],
        "application": api.backup.application.id,
        "title": "Backup",
        "message": "done",
        "content_type": "text/plain",
        "priority": 4,
        "created": "2026-09-01T12:00:00.000000Z",
    }


async def test_json_fields_are_kept_byte_for_byte(api: Api) -> None:
    extras = '{"b": 1.50, "a":\t1e999, "b": "\\u00e9"}'
    response = await api.call(
        "POST", MESSAGES, token=api.application_token, content=f'{{"message":"x","extras": {extras} }}'
    )
    assert f'"extras":{extras}' in response.text


async def test_a_key_replaces_the_message_before(api: Api) -> None:
    first = await api.send("10 %", key="progress")
    second = await api.send("20 %", key="progress")
    inbox = await api.get("/api/1/inbox")
    assert [message["id"] for message in inbox["messages"]] == [second["id"]]
    await api.refused("GET", f"/api/1/inbox/{first['id']}", status=404)


async def test_an_idempotency_key_stores_once(api: Api) -> None:
    first = await post(api, '{"message":"x"}', idempotency_key="k1")
    again = await post(api, '{"message": "x"}', idempotency_key="k1")
    other = await post(api, '{"message":"y"}', idempotency_key="k1")
    without = await post(api, '{"message":"x"}', idempotency_key="")
    assert again["id"] == first["id"]
    assert (other["error"]["status"], other["error"]["code"]) == (409, "conflict")
    assert without["id"] != first["id"]
    assert len((await api.get("/api/1/inbox"))["messages"]) == 2


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"mesage": "x", "message": "y"}, "mesage", "did you mean 'message'"),
        ({"message": "x", "zzz": 1}, "zzz", "there is no field 'zzz' here; there are message, title"),
        ({}, "message", "message is missing"),
        ({"message": ""}, "message", "message must be a string that is not empty"),
        ({"message": 5}, "message", "message must be a string"),
        ({"message": "x", "priority": 11}, "priority", "priority must be a whole number from 0 to 10"),
        ({"message": "x", "priority": -1}, "priority", "from 0 to 10"),
        ({"message": "x", "priority": "5"}, "priority", "from 0 to 10"),
        ({"message": "x", "priority": 5.5}, "priority", "from 0 to 10"),
        ({"message": "x", "content_type": "text/html"}, "content_type", "one of text/markdown, text/plain"),
        ({"message": "x", "ttl": 0}, "ttl", "ttl must be a whole number from 1 to 315360000"),
        ({"message": "x", "encrypted": None}, "encrypted", "true or false"),
        ({"message": "x", "tags": "a"}, "tags", "tags must be a list of at most 64 strings"),
        ({"message": "x", "tags": [1]}, "tags", "a list of at most 64 strings"),
        ({"message": "x", "tags": ["a"] * 65}, "tags", "at most 64"),
        ({"message": "x", "actions": [{"url": "x"}]}, "actions", "at most 16 objects that have a label"),
        ({"message": "x", "actions": [{"label": "a"}] * 17}, "actions", "at most 16"),
        ({"message": "x", "extras": [1]}, "extras", "extras must be an object"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_stored(api: Api, fields: Any, field: str, words: str) -> None:
    error = await api.refused("POST", MESSAGES, status=400, token=api.application_token, json=fields)
    assert error["code"] == "bad_input"
    assert error["field"] == field
    assert words in error["message"]
    assert (await api.get("/api/1/inbox"))["messages"] == []


@pytest.mark.parametrize("fields", [{"message": "x" * 70_000}, {"message": "x", "extras": {"a": "x" * 70_000}}])
async def test_what_is_too_long_is_refused(api: Api, fields: Any) -> None:
    error = await api.refused("POST", MESSAGES, status=413, token=api.application_token, json=fields)
    assert error["code"] == "too_large"
    assert error["message"].endswith("is longer than 65536 bytes")


async def test_a_body_beyond_the_limit_is_refused(api: Api) -> None:
    await api.refused("POST", MESSAGES, status=413, token=api.application_token, content=b" " * (1024 * 1024 + 1))


@pytest.mark.parametrize(
    "body", [b"", b"x", b"[]", b"null", b'{"message":"\xff"}', b'{"message":"\\ud800"}', b"[" * 9999]
)
async def test_what_is_no_json_object_is_refused(api: Api, body: bytes) -> None:
    error = await api.refused("POST", MESSAGES, status=400, token=api.application_token, content=body)
    assert error["code"] == "bad_input"


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
async def test_only_json_is_taken(api: Api, kind: str) -> None:
    response = await post(api, "message=x", content_type=kind)
    assert (response["error"]["status"], response["error"]["code"]) == (415, "wrong_media")
    assert "id" in await post(api, '{"message":"x"}', content_type="application/json; charset=utf-8")


async def test_a_zero_byte_arrives_as_a_sign_that_something_was_there(api: Api) -> None:
    assert (await api.send("a\0b"))["message"] == "a\ufffdb"


async def test_only_an_applications_token_sends(api: Api) -> None:
    error = await api.refused("POST", MESSAGES, status=401, json={"message": "x"})
    assert error["message"] == "a device token where an application token is needed"
    error = await api.refused("POST", MESSAGES, status=401, token="", json={"message": "x"}, auth=("ada", "ada"))
    assert "the token of an application" in error["message"]
    by_query = await api.call("POST", f"{MESSAGES}?token={api.application_token}", token="", json={"message": "x"})
    assert by_query.status_code == 200


async def test_a_message_whose_token_dies_before_it_is_whole_is_not_sent(api: Api) -> None:
    async def slowly(end: Awaitable[object]) -> AsyncIterator[bytes]:
        yield b'{"message":'
        await end
        yield b'"a"}'

    applications, options = api.house.accounts.applications, {"token": api.application_token}
    harmless = slowly(applications.add(api.ada.id, "Other"))
    assert (await api.call("POST", MESSAGES, content=harmless, **options)).status_code == 200
    deadly = slowly(applications.regenerate(api.ada.id, api.backup.application.id))
    await api.refused("POST", MESSAGES, status=401, content=deadly, **options)
    assert len(await api.house.inbox.page(api.ada.id, limit=9)) == 1


async def test_a_parameter_nobody_knows_is_refused(api: Api) -> None:
    error = await api.refused(
        "POST", f"{MESSAGES}?priority=5", status=400, token=api.application_token, json={"message": "x"}
    )
    assert error["field"] == "priority"


async def test_a_server_that_stops_says_when_to_come_again(api: Api) -> None:
    api.house.publisher.stop()
    response = await api.call("POST", MESSAGES, token=api.application_token, json={"message": "x"})
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert response.json()["error"]["code"] == "unavailable"
