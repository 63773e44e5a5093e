from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from carillon.core.devices import SESSION_ELEVATED
from carillon.core.limits import Limits
from tests.builders import SECOND
from tests.dialects.gotify.conftest import UNAUTHENTICATED, Served, basic, key, problem
from tests.hub.serving import serving

COOKIE = "gotify-client-token"
SESSION_SECONDS = Limits().session
ADA = basic("ada", "ada")
OUT = (401, UNAUTHENTICATED)
NOT_ELEVATED = (403, "session not elevated, use basic auth or call /client:elevate")
STRANGE_PAGE = (403, "a page of another origin may not use this session")


@asynccontextmanager
async def browser(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client that keeps cookies as a browser does, at this machine."""
    transport = httpx.ASGITransport(served.front, client=("127.0.0.1", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://bell") as client:
        yield client


async def sign_in(client: httpx.AsyncClient, *, password: str = "ada", name: str = "firefox 152") -> httpx.Response:
    return await client.post("/auth/local/login", headers=basic("ada", password), json={"name": name})


async def test_a_session_from_its_beginning_to_its_end(served: Served) -> None:
    async with browser(served) as page:
        assert problem(await page.get("/current/user")) == OUT
        answer = await sign_in(page)
        about = {
            "id": 1,
            "name": "ada",
            "admin": False,
            "createdAt": "2026-09-01T12:00:00Z",
            "clientId": 2,
            "elevatedUntil": "2026-09-01T13:00:00Z",
        }
        assert (answer.status_code, answer.json()) == (200, about)
        assert re.fullmatch(
            f"{COOKIE}=C[0-9A-Za-z]{{14}}; Path=/; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Strict",
            answer.headers["set-cookie"],
        )
        assert (await page.get("/current/user")).json() == about
        listed = (await page.get("/client")).json()
        assert [client["name"] for client in listed] == ["phone", "firefox 152"]
        assert listed[1]["expiresAfterInactivitySeconds"] == SESSION_SECONDS
        assert listed[1]["elevatedUntil"] == about["elevatedUntil"]
        assert not [client for client in listed if "token" in client]
        # What it does all day
        created = await page.post("/application", json={"name": "Door"})
        posted = await page.post("/message", json={"appid": created.json()["id"], "message": "from the page"})
        assert posted.status_code == 200
        assert (await page.delete(f"/message/{posted.json()['id']}")).status_code == 200
        # Elevated for an hour, and again by the password
        served.house.clock.advance(SESSION_ELEVATED * SECOND)
        assert problem(await page.post("/current/user/password", json={"pass": "new"})) == NOT_ELEVATED
        assert "elevatedUntil" not in (await page.get("/current/user")).json()
        elevated = await page.post("/client/2/elevate", headers=ADA, json={"durationSeconds": 3600})
        assert elevated.status_code == 204
        assert (await page.post("/current/user/password", json={"pass": "new"})).status_code == 200
        assert (await page.get("/current/user")).status_code == 200, "the session that asks goes on"
        # The end
        answer = await page.post("/auth/logout")
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["set-cookie"] == f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
        assert not page.cookies
        assert problem(await page.get("/current/user")) == OUT
        assert [client["name"] for client in (await served.get("/client")).json()] == ["phone"]


async def test_a_kept_cookie_is_worth_nothing_after_the_end(served: Served) -> None:
    async with browser(served) as page:
        await sign_in(page)
        kept = {"Cookie": f"{COOKIE}={page.cookies[COOKIE]}"}
        await page.post("/auth/logout")
        assert problem(await page.get("/current/user", headers=kept)) == OUT
        assert problem(await page.post("/auth/logout", headers=kept)) == OUT


@pytest.mark.parametrize(
    ("headers", "body", "problems"),
    [
        ({}, {"name": "firefox"}, (401, "basic auth required")),
        ({"Authorization": "Bearer C"}, {"name": "firefox"}, (401, "basic auth required")),
        ({"Authorization": "Basic /w=="}, {"name": "firefox"}, (401, "basic auth required")),
        (basic("ada", "wrong"), {"name": "firefox"}, (401, "invalid credentials")),
        (basic("bob", "ada"), {"name": "firefox"}, (401, "invalid credentials")),
        (basic("", ""), {"name": "firefox"}, (401, "invalid credentials")),
        (ADA, {}, (400, "Field 'name' is required")),
        (ADA, {"name": ""}, (400, "Field 'name' is required")),
        (ADA, {"name": "x" * 257}, (413, "name is longer than 256 bytes")),
    ],
)
async def test_who_cannot_sign_in(
    served: Served, headers: dict[str, str], body: Any, problems: tuple[int, str]
) -> None:
    answer = await served.here.post("/auth/local/login", headers=headers, json=body)
    assert problem(answer) == problems
    assert "set-cookie" not in answer.headers
    assert "www-authenticate" not in answer.headers
    assert len(await served.house.accounts.devices.of(served.ada.id)) == 1


async def test_a_token_beside_no_password_does_not_sign_in(served: Served) -> None:
    for headers in (key(served.client), {"Cookie": f"{COOKIE}={served.client}"}):
        answer = await served.here.post("/auth/local/login", headers=headers, json={"name": "firefox"})
        assert problem(answer) == (401, "basic auth required")


async def test_a_form_signs_in_too(served: Served) -> None:
    answer = await served.here.post("/auth/local/login", headers=ADA, data={"name": "firefox"})
    assert answer.json()["clientId"] == 2


async def test_who_guesses_passwords_is_not_heard_any_more(served: Served) -> None:
    answers = [await served.remote.post("/auth/local/login", headers=basic("ada", str(n))) for n in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await served.remote.post("/auth/local/login", headers=ADA, json={"name": "a"})).status_code == 429


async def test_a_password_does_not_sign_out(served: Served) -> None:
    for headers in (ADA, {**ADA, **key(served.client)}):
        assert problem(await served.here.post("/auth/logout", headers=headers)) == (403, "no client auth provided")
    assert problem(await served.here.post("/auth/logout", headers=key(served.application))) == OUT
    assert (await served.get("/current/user")).status_code == 200


async def test_any_client_signs_itself_out(served: Served) -> None:
    answer = await served.here.post("/auth/logout", headers=key(served.client))
    assert (answer.status_code, answer.content) == (200, b"")
    assert problem(await served.get("/current/user")) == OUT
    assert await served.house.accounts.devices.of(served.ada.id) == []


async def test_signing_out_twice_at_once(served: Served) -> None:
    answers = await asyncio.gather(*(served.here.post("/auth/logout", headers=key(served.client)) for _ in range(5)))
    assert {answer.status_code for answer in answers} <= {200, 401}
    assert 200 in {answer.status_code for answer in answers}


async def test_a_session_goes_on_while_it_is_used_and_its_cookie_with_it(served: Served) -> None:
    async with browser(served) as page:
        await sign_in(page)
        sent = page.cookies[COOKIE]
        for _ in range(3):
            served.house.clock.advance((SESSION_SECONDS - 1) * SECOND)
            answer = await page.get("/message")
            assert answer.status_code == 200
            assert answer.headers["set-cookie"].startswith(f"{COOKIE}={sent}; Path=/; Max-Age={SESSION_SECONDS};")
            assert "set-cookie" not in (await page.get("/message")).headers, "at most every five minutes"
        served.house.clock.advance(SESSION_SECONDS * SECOND)
        assert problem(await page.get("/message")) == OUT


async def test_a_new_password_signs_out_everywhere_else(served: Served) -> None:
    async with browser(served) as page, browser(served) as other:
        await sign_in(page)
        await sign_in(other, name="chrome 150")
        assert (await page.post("/current/user/password", json={"pass": "new"})).status_code == 200
        assert problem(await other.get("/current/user")) == OUT
        assert (await page.get("/current/user")).status_code == 200
        assert (await served.get("/current/user")).status_code == 200, "devices stay"
        assert problem(await sign_in(other)) == (401, "invalid credentials")
        assert (await sign_in(other, password="new")).status_code == 200
        answer = await served.here.post("/current/user/password", headers=basic("ada", "new"), json={"pass": "newer"})
        assert answer.status_code == 200
        for browsing in (page, other):
            assert problem(await browsing.get("/current/user")) == OUT


# Pages of other origins


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "http://bell"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://bell"}, False),
    ],
)
async def test_another_page_changes_nothing_by_the_cookie(
    served: Served, headers: dict[str, str], allowed: bool
) -> None:
    async with browser(served) as page:
        await sign_in(page)
        calls: list[Callable[[], Awaitable[httpx.Response]]] = [
            lambda: page.post("/application", json={"name": "Door"}, headers=headers),
            lambda: page.post("/message", json={"appid": 1, "message": "a"}, headers=headers),
            lambda: page.delete("/client/1", headers=headers),
            lambda: page.post("/auth/logout", headers=headers),
        ]
        for call in calls:
            answer = await call()
            if allowed:
                assert answer.status_code == 200
            else:
                assert problem(answer) == STRANGE_PAGE
        assert (await page.get("/current/user", headers=headers)).status_code == (401 if allowed else 200)
        assert len(await served.house.accounts.applications.of(served.ada.id)) == 1 + allowed
        assert await served.listed() == [] if not allowed else True


async def test_another_origin_is_refused_before_it_is_known_who_asks(served: Served) -> None:
    async with browser(served) as page:
        await sign_in(page)
        for path in ("/auth/logout", "/auth/local/login", "/message"):
            answer = await page.post(path, headers={"Origin": "https://elsewhere.example"})
            assert (answer.status_code, answer.content) == (403, b"")
        assert (await page.get("/current/user")).status_code == 200


async def test_a_token_in_a_header_is_no_cookie(served: Served) -> None:
    """A page of another origin cannot know it, so nothing is asked of it."""
    headers = {**key(served.client), "Sec-Fetch-Site": "cross-site", "Cookie": f"{COOKIE}=Cwrong"}
    assert (await served.here.post("/application", headers=headers, json={"name": "Door"})).status_code == 200


# The stream


async def test_the_cookie_opens_the_stream_and_its_end_closes_it_abruptly(served: Served) -> None:
    async with browser(served) as page, serving(served.front) as server:
        await sign_in(page)
        cookie = {"Cookie": f"{COOKIE}={page.cookies[COOKIE]}"}
        url = f"{server.url}/stream"
        async with (
            connect(url, additional_headers=cookie, origin=f"http://127.0.0.1:{server.port}") as stream,  # type: ignore[arg-type]  # its NewType is str
            connect(url, additional_headers=key(served.client)) as phone,
        ):
            answer = await served.post(json={"message": "a"})
            assert await asyncio.wait_for(stream.recv(), 5) == answer.text + "\n"
            await page.post("/auth/logout")
            with pytest.raises(ConnectionClosed) as caught:
                await asyncio.wait_for(stream.recv(), 5)
            assert caught.value.rcvd is None
            assert await asyncio.wait_for(phone.recv(), 5) == answer.text + "\n"
            answer = await served.post(json={"message": "b"})
            assert await asyncio.wait_for(phone.recv(), 5) == answer.text + "\n"
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, additional_headers=cookie)
        assert json.loads(refused.value.response.body or b"")["errorDescription"] == UNAUTHENTICATED


async def test_a_page_of_another_origin_opens_no_stream_by_the_cookie(served: Served) -> None:
    async with browser(served) as page, serving(served.front) as server:
        await sign_in(page)
        cookie = {"Cookie": f"{COOKIE}={page.cookies[COOKIE]}"}
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"{server.url}/stream", additional_headers=cookie, origin="https://elsewhere.example")  # type: ignore[arg-type]  # its NewType is str
        assert caught.value.response.status_code == 403


# The published password


async def test_with_the_published_password_one_signs_in_from_elsewhere_and_changes_it(served: Served) -> None:
    house = served.house
    await house.store.delete_user(served.ada.id, now=house.clock.now())
    await house.accounts.users.ensure_first(None)
    page = served.remote
    answer = await page.post("/auth/local/login", headers=basic("admin", "admin"), json={"name": "firefox"})
    assert answer.json()["admin"] is True
    assert (await page.get("/current/user")).status_code == 200
    for method, path in (("GET", "/user"), ("GET", "/client"), ("POST", "/client"), ("DELETE", "/client/9")):
        assert (await page.request(method, path)).status_code == 403
    assert (await page.post("/user", json={"name": "eve", "pass": "eve"})).status_code == 403
    assert (await page.post("/current/user/password", json={"pass": "better"})).status_code == 200
    assert (await page.get("/user")).status_code == 200
    assert (await page.post("/auth/logout")).status_code == 200
