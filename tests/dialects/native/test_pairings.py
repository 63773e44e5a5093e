from __future__ import annotations

from typing import Any

from carillon.core.pairings import LIFE
from carillon.core.rates import ADDRESS_SIGN_INS
from tests.builders import SECOND
from tests.dialects.native.conftest import Api
from tests.dialects.native.test_session import COOKIE, REMOTE, USER, browser

PAIRINGS, DEVICES = "/api/1/pairings", "/api/1/devices"
LOOK, DEVICE, SESSION = f"{PAIRINGS}/look", f"{PAIRINGS}/device", f"{PAIRINGS}/session"


async def made(api: Api, **wish: Any) -> Any:
    answer = await api.call("POST", PAIRINGS, json={"name": "tablet", **wish})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_program_becomes_a_device_by_a_code(api: Api) -> None:
    pairing = await made(api, expires_after=60)
    code, path = pairing.pop("code"), f"{PAIRINGS}/{pairing['id']}"
    assert pairing == {"id": pairing["id"], "seconds_left": LIFE, "device": None} == await api.get(path)
    looked = await api.call("POST", LOOK, token="", json={"code": code})
    assert looked.json() == {"user": "ada", "device": "tablet"}
    device = (await api.call("POST", DEVICE, token="", json={"code": code})).json()
    assert (device["name"], device["kind"], device["expires_after"]) == ("tablet", "device", 60)
    assert (await api.get(USER, token=device["token"]))["device"] == device["id"]
    assert await api.get(path) == {**pairing, "device": device["id"]}
    assert [one["name"] for one in (await api.get(DEVICES))["devices"]] == ["phone", "tablet"]


async def test_a_browser_is_signed_in_by_a_code(api: Api) -> None:
    code = {"code": (await made(api, expires_after=60))["code"]}
    async with browser(api.house) as page:
        assert (await page.post(SESSION, json=code, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
        foreign = {"Sec-Fetch-Site": "", "Origin": "https://evil.example"}
        assert (await page.post(SESSION, json=code, headers=foreign)).status_code == 403
        assert (await page.post(LOOK, json=code)).status_code == 200
        assert not page.cookies, "only signing in gives the cookie"
        answer = await page.post(SESSION, json=code)
        said = answer.headers["set-cookie"].split("; ")
        assert said[0].startswith(f"{COOKIE}=C")
        assert said[1:] == ["Path=/", "Max-Age=60", "HttpOnly", "SameSite=Strict"]
        assert said[0].partition("=")[2] not in answer.text, "no script reads the token"
        assert (await page.get(USER)).json() == answer.json()
        assert answer.json()["elevated_until"] is None
        (_, tablet) = (await api.get(DEVICES))["devices"]
        assert (tablet["name"], tablet["id"]) == ("tablet", answer.json()["device"])
        await api.house.accounts.devices.delete(api.ada.id, tablet["id"])
        assert (await page.get(USER)).status_code == 401


async def test_a_code_that_was_used_is_too_old_or_never_was_answers_the_same(api: Api) -> None:
    used, old, withdrawn = [await made(api) for _ in range(3)]
    await api.call("POST", DEVICE, token="", json={"code": used["code"]})
    assert (await api.call("DELETE", f"{PAIRINGS}/{withdrawn['id']}")).status_code == 204
    await api.refused("GET", f"{PAIRINGS}/{withdrawn['id']}", status=404)
    said = set()
    for code in (used["code"], withdrawn["code"], "never"):
        for door in (LOOK, DEVICE, SESSION):
            said.add(str(await api.refused("POST", door, token="", status=404, json={"code": code})))
    api.house.clock.advance(LIFE * SECOND)
    said.add(str(await api.refused("POST", DEVICE, token="", status=404, json={"code": old["code"]})))
    assert len(said) == 1


async def test_guesses_are_refused_after_a_while(api: Api) -> None:
    code = {"code": (await made(api))["code"]}
    async with browser(api.house, REMOTE) as page:
        for _ in range(ADDRESS_SIGN_INS.burst):
            assert (await page.post(DEVICE, json={"code": "guess"})).status_code == 404
        answer = await page.post(SESSION, json=code)
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many")
        assert int(answer.headers["retry-after"]) > 0
    assert (await api.call("POST", DEVICE, token="", json=code)).status_code == 200


async def test_what_is_no_code(api: Api) -> None:
    for body in ({}, {"code": ""}, {"code": "x" * 101}, {"code": 7}, {"code": None}, {"code": "x", "name": "y"}):
        await api.refused("POST", DEVICE, token="", status=400, json=body)
    await api.refused("POST", DEVICE, token="", status=415, content=b"code=x", headers={"Content-Type": "text/plain"})
    await api.refused("POST", PAIRINGS, status=400, json={"name": ""})
    await api.refused("POST", PAIRINGS, status=401, token="", json={"name": "tablet"})
