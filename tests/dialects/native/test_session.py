from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from carillon.core.devices import SESSION_ELEVATED
from carillon.core.limits import Limits
from carillon.core.users import REGISTRATIONS
from carillon.dialects import native
from carillon.front import Front
from tests.builders import SECOND, House, opened
from tests.dialects.native.conftest import Api

SESSION, ELEVATE, USER, PASSWORD = "/api/1/session", "/api/1/session/elevate", "/api/1/user", "/api/1/user/password"
ABOUT, REGISTER = "/api/1/server/about", "/api/1/registrations"
ADA = {"name": "ada", "password": "ada"}
COOKIE = "carillon-session"
REMOTE = ("203.0.113.9", 1)


@asynccontextmanager
async def browser(house: House, client: tuple[str, int] = REMOTE) -> AsyncIterator[httpx.AsyncClient]:
    """It keeps cookies, and says as a browser whose page asks."""
    transport = httpx.ASGITransport(Front({"native": native.mount(house.kit)}), client=client)
    headers = {"Sec-Fetch-Site": "same-origin"}
    async with httpx.AsyncClient(transport=transport, base_url="http://carillon.test", headers=headers) as page:
        yield page


async def test_signing_in_and_out(api: Api) -> None:
    async with browser(api.house) as page:
        assert (await page.get(USER)).status_code == 401
        answer = await page.post(SESSION, json={**ADA, "device": "Firefox on desk"})
        assert answer.json() == {
            "id": api.ada.id,
            "name": "ada",
            "admin": False,
            "initial_password": False,
            "created": "2026-09-01T12:00:00.000000Z",
            "device": 2,
            "elevated_until": "2026-09-01T13:00:00.000000Z",
        }
        said = answer.headers["set-cookie"].split("; ")
        assert said[0].startswith(f"{COOKIE}=C")
        assert said[1:] == ["Path=/", f"Max-Age={Limits().session}", "HttpOnly", "SameSite=Strict"]
        assert (await page.get(USER)).json() == answer.json()
        (session,) = (await page.get("/api/1/sessions")).json()["sessions"]
        assert (session["name"], session["current"]) == ("Firefox on desk", True)
        kept = {"Cookie": f"{COOKIE}={page.cookies[COOKIE]}"}

        gone = await page.delete(SESSION)
        assert (gone.status_code, gone.content) == (204, b"")
        assert gone.headers["set-cookie"] == f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
        assert not page.cookies
        assert (await page.get(USER)).status_code == (await page.get(USER, headers=kept)).status_code == 401


async def test_the_secret_of_a_session_stands_in_its_cookie_only(api: Api) -> None:
    async with browser(api.house) as page:
        answer = await page.post(SESSION, json=ADA)
        for shown in (
            answer,
            await page.get(USER),
            await page.get("/api/1/sessions"),
            await page.get("/api/1/devices"),
        ):
            assert page.cookies[COOKIE] not in shown.text


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"name": "ada", "password": "eve"}, 401, None),
        ({"name": "nobody", "password": "ada"}, 401, None),
        ({"name": "a\0", "password": "\0"}, 401, None),
        ({"name": "", "password": "ada"}, 400, "name"),
        ({"name": "ada"}, 400, "password"),
        ({"name": "ada", "password": None}, 400, "password"),
        ({**ADA, "device": ""}, 400, "device"),
        ({**ADA, "device": "x" * 257}, 413, None),
        ({**ADA, "admin": True}, 400, "admin"),
        ([], 400, None),
    ],
)
async def test_who_cannot_sign_in(api: Api, body: Any, status: int, field: str | None) -> None:
    answer = await api.client.post(SESSION, json=body)
    assert (answer.status_code, answer.json()["error"].get("field")) == (status, field)
    assert "set-cookie" not in answer.headers
    assert len(await api.house.accounts.devices.of(api.ada.id)) == 1


async def test_neither_a_token_nor_another_form_signs_in(api: Api) -> None:
    await api.refused("POST", SESSION, status=400, json={})
    await api.refused("POST", SESSION, status=415, data=ADA)
    await api.refused("POST", SESSION, status=413, json={**ADA, "device": "x" * 2**17}, token="")


async def test_who_guesses_is_not_heard_any_more(api: Api) -> None:
    async with browser(api.house) as page:
        wrong = [await page.post(SESSION, json={**ADA, "password": str(number)}) for number in range(11)]
        assert [answer.status_code for answer in wrong] == [401] * 10 + [429]
        assert int(wrong[-1].headers["retry-after"]) > 0
        assert (await page.post(SESSION, json=ADA)).status_code == 429


async def test_the_cookie_counts_for_our_own_pages_only(api: Api) -> None:
    async with browser(api.house) as page:
        await page.post(SESSION, json=ADA)
        for site in ("cross-site", "same-site"):
            foreign = {"Sec-Fetch-Site": site}
            for method, path in (("POST", "/api/1/devices"), ("DELETE", SESSION), ("POST", SESSION)):
                answer = await page.request(method, path, headers=foreign, json={"name": "x"})
                assert (answer.status_code, answer.json()["error"]["code"]) in ((403, "forbidden"), (400, "bad_input"))
            assert (await page.post(SESSION, headers=foreign, json=ADA)).status_code == 403
            assert (await page.get(USER, headers=foreign)).status_code == 200
        assert (await page.get(USER, headers={"Origin": "http://evil.example"})).status_code == 403
        assert (await page.get(USER)).status_code == 200
        answer = await page.post("/api/1/devices", json={"name": "phone"}, headers={"Sec-Fetch-Site": "none"})
        assert answer.status_code == 200


async def test_another_credential_goes_before_the_cookie(api: Api) -> None:
    async with browser(api.house) as page:
        await page.post(SESSION, json=ADA)
        eve = await api.house.user("eve")
        _, token = await api.house.accounts.devices.add(eve.id, "phone")
        for options in ({"headers": {"Authorization": f"Bearer {token}"}}, {"params": {"token": token}}):
            assert (await page.get(USER, **options)).json()["name"] == "eve"  # type: ignore[arg-type]  # by case
        assert (await page.get(USER, auth=("eve", "eve"))).json()["name"] == "eve"
        assert (await page.get(USER, auth=("eve", "ada"))).status_code == 401
        foreign = {"Authorization": f"Bearer {token}", "Sec-Fetch-Site": "cross-site"}
        assert (await page.post("/api/1/devices", json={"name": "x"}, headers=foreign)).status_code == 200


async def test_a_session_goes_on_while_it_is_used_and_its_cookie_with_it(api: Api) -> None:
    length = Limits().session
    async with browser(api.house) as page:
        await page.post(SESSION, json=ADA)
        secret = page.cookies[COOKIE]
        for _ in range(3):
            api.house.clock.advance((length - 1) * SECOND)
            answer = await page.get(USER)
            assert answer.status_code == 200
            assert answer.headers["set-cookie"].startswith(f"{COOKIE}={secret}; Path=/; Max-Age={length};")
            assert "set-cookie" not in (await page.get(USER)).headers, "at most every five minutes"
        api.house.clock.advance(length * SECOND)
        assert (await page.get(USER)).status_code == 401


async def test_no_cookie_renews_another_credential(api: Api) -> None:
    async with browser(api.house) as page:
        await page.post(SESSION, json=ADA)
        api.house.clock.advance(600 * SECOND)
        answer = await page.get(USER, headers={"Authorization": f"Bearer {api.token}"})
        assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)


async def test_the_cookie_belongs_to_the_path_we_are_at(api: Api) -> None:
    api.house.kit.site.base_url = "https://home.example/bell"
    async with browser(api.house) as page:
        answer = await page.post(SESSION, json=ADA)
        assert "; Path=/bell; " in answer.headers["set-cookie"]
        assert answer.headers["set-cookie"].endswith("; Secure")


async def test_elevation_ends_and_comes_back_by_the_password(api: Api) -> None:
    async with browser(api.house) as page:
        path = f"/api/1/applications/{api.backup.application.id}"
        user = (await page.post(SESSION, json=ADA)).json()
        api.house.clock.advance(SESSION_ELEVATED * SECOND)
        assert (await page.get(USER)).json() == {**user, "elevated_until": None}
        refused = await page.delete(path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "elevation_needed")
        wrong = await page.post(ELEVATE, json={"password": "eve"})
        assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "password")
        for minutes in (0, 1441, "5"):
            answer = await page.post(ELEVATE, json={"password": "ada", "minutes": minutes})
            assert (answer.status_code, answer.json()["error"]["field"]) == (400, "minutes")
        raised = await page.post(ELEVATE, json={"password": "ada", "minutes": 1})
        assert raised.json()["elevated_until"] == "2026-09-01T13:01:00.000000Z"
        api.house.clock.advance(60 * SECOND - 1)
        assert (await page.get(USER)).json() == raised.json()
        assert (await page.delete(path)).status_code == 204
        api.house.clock.advance(1)
        assert (await page.delete(path)).status_code == 403


async def test_a_device_is_elevated_too_and_a_password_need_not_be(api: Api) -> None:
    raised = (await api.call("POST", ELEVATE, json={"password": "ada"})).json()
    assert raised["elevated_until"] == "2026-09-01T12:15:00.000000Z"
    assert (await api.get(USER)) == raised
    for method, path, body in (("POST", ELEVATE, {"password": "ada"}), ("DELETE", SESSION, None)):
        error = await api.refused(method, path, status=400, token="", auth=("ada", "ada"), json=body)
        assert "no session or device" in error["message"]


async def test_guessing_by_elevation_is_bounded_as_signing_in_is(api: Api) -> None:
    async with browser(api.house) as page:
        await page.post(SESSION, json=ADA)
        wrong = [await page.post(ELEVATE, json={"password": str(number)}) for number in range(11)]
        assert [answer.status_code for answer in wrong] == [400] * 10 + [429]
        assert (await page.get(USER)).status_code == 200


async def test_any_device_signs_itself_out(api: Api) -> None:
    assert (await api.call("DELETE", SESSION)).status_code == 204
    await api.refused("GET", USER, status=401)


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[House]:
    """An installation with the published password."""
    async with opened(tmp_path / "fresh") as house:
        await house.accounts.users.ensure_first(None)
        yield house


async def test_the_published_password_signs_in_and_is_changed_before_anything_else(fresh: House) -> None:
    admin = {"name": "admin", "password": "admin"}
    async with browser(fresh) as page:
        assert (await page.get(ABOUT)).json()["first_run"] is True
        assert (await page.post(SESSION, json=admin)).json()["initial_password"] is True
        for path in ("/api/1/applications", "/api/1/sessions", "/api/1/users", "/api/1/people", "/api/1/inbox"):
            assert (await page.get(path)).status_code == 403
        assert (await page.get(USER)).json()["initial_password"] is True
        same = await page.put(PASSWORD, json={"current": "admin", "new": "admin"})
        assert (same.status_code, same.json()["error"]["field"]) == (400, "new")
        assert (await page.put(PASSWORD, json={"current": "admin", "new": "better"})).status_code == 204
        assert (await page.get(USER)).json()["initial_password"] is False
        assert (await page.get("/api/1/applications")).status_code == 200
        assert (await page.get(ABOUT)).json()["first_run"] is False
    async with browser(fresh) as page:
        assert (await page.post(SESSION, json=admin)).status_code == 401


async def test_at_this_machine_the_published_password_does_all(fresh: House) -> None:
    async with browser(fresh, ("127.0.0.1", 1)) as page:
        await page.post(SESSION, json={"name": "admin", "password": "admin"})
        assert (await page.get("/api/1/users")).status_code == 200
        assert (await page.delete(SESSION)).status_code == 204


async def test_what_anybody_may_know(api: Api) -> None:
    for options in ({}, {"token": ""}, {"token": "wrong"}):
        assert await api.get(ABOUT, **options) == {
            "name": "Carillon",
            "version": "0.0.test",
            "registration": False,
            "base_url": "",
            "first_run": False,
        }


async def test_registering_where_it_is_allowed(api: Api) -> None:
    error = await api.refused("POST", REGISTER, status=403, token="", json={"name": "eve", "password": "pass"})
    assert error["code"] == "forbidden"
    api.house.kit.site.registration = True
    async with browser(api.house) as page:
        assert (await page.get(ABOUT)).json()["registration"] is True
        made = await page.post(REGISTER, json={"name": "eve", "password": "pass"})
        assert (made.status_code, made.json()["name"], made.json()["admin"]) == (200, "eve", False)
        assert "set-cookie" not in made.headers
        taken = await page.post(REGISTER, json={"name": "ada", "password": "pass"})
        assert (taken.status_code, taken.json()["error"]["code"]) == (409, "conflict")
        bad = await page.post(REGISTER, json={"name": "bob", "password": "pass", "admin": True})
        assert (bad.status_code, bad.json()["error"]["field"]) == (400, "admin")
        assert (await page.post(SESSION, json={"name": "eve", "password": "pass"})).status_code == 200
        for number in range(REGISTRATIONS.burst - 2):
            await page.post(REGISTER, json={"name": f"user{number}", "password": "pass"})
        assert (await page.post(REGISTER, json={"name": "late", "password": "pass"})).status_code == 429
