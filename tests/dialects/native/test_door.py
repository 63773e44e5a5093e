from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from carillon.core.errors import (
    BadInput,
    CarillonError,
    DiskFull,
    NotFound,
    TooLarge,
    TooMany,
    Unavailable,
    Unreadable,
)
from carillon.dialects import native
from carillon.dialects.native.door import ANSWER, WrongMedia, WrongMethod, refusal, require_json
from carillon.dialects.native.parse import FieldError
from carillon.front import Front
from tests.builders import House, opened
from tests.dialects.native.conftest import Api

USER = "/api/1/user"


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (BadInput("no"), 400, b'{"error":{"status":400,"code":"bad_input","message":"no"}}'),
        (FieldError("a", "no"), 400, b'{"error":{"status":400,"code":"bad_input","message":"no","field":"a"}}'),
        (TooLarge("no"), 413, b'{"error":{"status":413,"code":"too_large","message":"no"}}'),
        (Unreadable("no"), 401, b'{"error":{"status":401,"code":"unauthenticated","message":"no"}}'),
        (NotFound("no"), 404, b'{"error":{"status":404,"code":"not_found","message":"no"}}'),
        (WrongMedia("no"), 415, b'{"error":{"status":415,"code":"wrong_media","message":"no"}}'),
    ],
)
def test_errors_have_one_shape(error: CarillonError, status: int, body: bytes) -> None:
    assert refusal(error) == (status, body, [*ANSWER])


@pytest.mark.parametrize(
    ("error", "header"),
    [
        (Unavailable("no", retry_after=9), (b"retry-after", b"9")),
        (DiskFull("no"), (b"retry-after", b"5")),
        (TooMany("no", retry_after=7), (b"retry-after", b"7")),
        (WrongMethod(["PUT", "GET"]), (b"allow", b"GET, PUT")),
    ],
)
def test_an_error_says_what_to_do(error: CarillonError, header: tuple[bytes, bytes]) -> None:
    assert header in refusal(error)[2]


@pytest.mark.parametrize("kind", [b"application/json", b"Application/JSON ; charset=utf-8", b"application/x.y+json"])
def test_json_is_taken(kind: bytes) -> None:
    require_json([(b"accept", b"text/html"), (b"content-type", kind)])


@pytest.mark.parametrize("kind", [b"text/plain", b"application/jsonp", b"application/x-www-form-urlencoded", b"\xff"])
def test_something_else_is_not(kind: bytes) -> None:
    with pytest.raises(WrongMedia, match="send JSON"):
        require_json([(b"content-type", kind)])


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/1", "/api/2/inbox", "/api/1/inbox/", "/api/1/inbox/1/2", "/api/1/%2e"]
)
async def test_an_unknown_path_of_ours_is_ours_to_refuse(api: Api, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "PATCH", "PUT"):
        assert (await api.refused(method, path, status=404))["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/1/messages", "POST"),
        ("PUT", "/api/1/inbox", "DELETE, GET"),
        ("GET", "/api/1/inbox/mark", "POST"),
        ("POST", "/api/1/inbox/1", "DELETE, GET, PATCH"),
        ("POST", "/api/docs", "GET"),
        ("OPTIONS", "/api/1/user", "GET"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(api: Api, method: str, path: str, allowed: str) -> None:
    response = await api.call(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert response.json()["error"]["code"] == "wrong_method"


async def test_credentials_come_in_three_ways_the_first_counts(api: Api) -> None:
    bearer = {"Authorization": f"bEARER  {api.token} "}
    assert (await api.client.get(f"{USER}?token=wrong", headers=bearer)).status_code == 200
    assert (await api.client.get(f"{USER}?token={api.token}", auth=("ada", "wrong"))).status_code == 200
    assert (await api.client.get(USER, auth=("ada", "ada"))).status_code == 200
    assert (await api.client.get(f"{USER}?token=", auth=("ada", "ada"))).status_code == 200


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("", "send the token of a device"),
        ("Bearer ", "send the token of a device"),
        ("Digest x", "send the token of a device"),
        ("Bearer nobodys", "no such token"),
        ("Bearer caf\xe9", "no such token"),
        ("Basic a", "cannot be read"),
        ("Basic /w==", "cannot be read"),
        ("Basic YWRhOmV2ZQ==", "wrong name or password"),
    ],
)
async def test_a_wrong_credential_is_told_what_is_wrong(api: Api, header: str, words: str) -> None:
    for path in (USER, "/api/1/inbox", "/api/1/stream", "/api/1/devices"):
        response = await api.client.get(path, headers={b"authorization": header.encode("latin-1")})
        assert response.status_code == 401
        assert words in response.json()["error"]["message"]
        assert "www-authenticate" not in response.headers


async def test_the_kind_of_a_token_is_said(api: Api) -> None:
    error = await api.refused("GET", USER, status=401, token=api.application_token)
    assert error["message"] == "an application token where a device token is needed"


async def test_a_zero_byte_in_a_name_is_a_wrong_name(api: Api) -> None:
    await api.refused("GET", USER, status=401, token="", auth=("a\0", "\0"))


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[House]:
    """An installation with the published password."""
    async with opened(tmp_path / "fresh") as house:
        await house.accounts.users.ensure_first(None)
        yield house


async def test_the_published_password_shows_who_one_is_and_nothing_else(fresh: House) -> None:
    front = Front({"native": native.mount(fresh.kit)})
    for client, others in ((("203.0.113.9", 1), 403), (("127.0.0.1", 1), 200)):
        transport = httpx.ASGITransport(front, client=client)
        async with httpx.AsyncClient(transport=transport, base_url="http://x", auth=("admin", "admin")) as browser:
            assert (await browser.get(USER)).json()["initial_password"] is True
            for path in ("/api/1/inbox", "/api/1/changes", "/api/1/devices", "/api/1/applications"):
                assert (await browser.get(path)).status_code == others
            if others == 403:
                refused = await browser.get("/api/1/stream")
                assert refused.json()["error"]["code"] == "forbidden"


async def test_who_hangs_up_while_sending_gets_no_answer(api: Api) -> None:
    sent = []

    async def send(event: object) -> None:
        sent.append(event)

    for path, token in (("/api/1/messages", api.application_token), ("/api/1/devices", api.token)):
        events: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        events.put_nowait({"type": "http.request", "body": b"{", "more_body": True})
        events.put_nowait({"type": "http.disconnect"})
        headers = [(b"authorization", b"Bearer " + token.encode())]
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": headers,
            "client": None,
        }
        await api.front(scope, events.get, send)
    assert not sent


async def test_no_answer_is_kept_by_anybody_nor_taken_for_another_kind(api: Api) -> None:
    for path, status in ((USER, 200), ("/api/1/inbox", 200), ("/api/1/inbox/7", 404), ("/api/1/nothing", 404)):
        answer = await api.call("GET", path)
        assert answer.status_code == status
        assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")


async def test_what_people_meet_has_a_reason(api: Api) -> None:
    """By which the web app says it in its reader's language."""
    error = await api.refused("POST", "/api/1/applications", status=413, json={"name": "x" * 257})
    assert (error["reason"], error["values"]) == ("too_long", {"field": "name", "limit": 256})
    gone = await api.refused("GET", "/api/1/applications/999", status=404)
    assert (gone["reason"], gone["code"], gone.get("values")) == ("no_application", "not_found", None)
    assert "reason" not in await api.refused("PATCH", "/api/1/applications/1", status=400, json={})
    query = await api.refused("GET", "/api/1/search?q=app:Cellar", status=400)
    assert (query["field"], query["reason"]) == ("q", "search_application")
    assert query["values"] == {"name": "Cellar", "near": "Backup"}
